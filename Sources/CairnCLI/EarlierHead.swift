import ArgumentParser
import Audit
import Determinism
import EventLog

/// An earlier head on the command line: a file with a checkpoint, SIZE:ROOT, or a size alone.
struct EarlierHead: ExpressibleByArgument {
    let size: UInt64
    let root: Digest?
    let checkpoint: SignedCheckpoint?

    init?(argument: String) {
        if let size = UInt64(argument) {
            (self.size, root, checkpoint) = (size, nil, nil)
        } else if let head = ExpectedHead(argument), let size = head.size {
            (self.size, root, checkpoint) = (size, head.root, nil)
        } else if let bytes = try? InputFile.read(argument), let newest = try? CheckpointFile.newest(bytes) {
            (size, root, checkpoint) = (newest.head.size, newest.head.root, newest)
        } else {
            return nil
        }
    }
}

/// A file with one checkpoint or several.
struct CheckpointFile: ExpressibleByArgument {
    let checkpoints: [SignedCheckpoint]

    init?(argument: String) {
        guard let bytes = try? InputFile.read(argument), let found = try? SignedCheckpoint.all(in: bytes),
            !found.isEmpty
        else { return nil }
        checkpoints = found
    }

    static func newest(_ bytes: [UInt8]) throws -> SignedCheckpoint? {
        try SignedCheckpoint.all(in: bytes).max { $0.head.size < $1.head.size }
    }
}

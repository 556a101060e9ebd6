import ArgumentParser
import Audit
import Determinism
import EventLog

/// An earlier head on the command line: a file with a checkpoint, SIZE:ROOT, or a size alone.
struct EarlierHead: Sendable {
    let size: UInt64
    let root: Digest?
    let checkpoint: SignedCheckpoint?

    init(argument: String) throws {
        if let size = UInt64(argument) {
            (self.size, root, checkpoint) = (size, nil, nil)
        } else if let head = ExpectedHead(argument), let size = head.size {
            (self.size, root, checkpoint) = (size, head.root, nil)
        } else {
            let newest = try CheckpointFile(
                argument: argument, instead: "it is neither a size, nor SIZE:ROOT, nor the file of a checkpoint"
            ).newest
            (size, root, checkpoint) = (newest.head.size, newest.head.root, newest)
        }
    }
}

/// A file with one checkpoint or several.
struct CheckpointFile: Sendable {
    let checkpoints: [SignedCheckpoint]
    let newest: SignedCheckpoint

    init(argument: String) throws { try self.init(argument: argument, instead: "it isn't the file of a checkpoint") }

    /// `expected` says what the argument isn't where it is no such file.
    init(argument: String, instead expected: String) throws {
        let bytes: [UInt8]
        do {
            bytes = try InputFile.read(argument)
        } catch let failure as Failure {
            throw ValidationError("\(expected); \(failure.message)")
        }
        guard let found = try? SignedCheckpoint.all(in: bytes),
            let newest = found.max(by: { $0.head.size < $1.head.size })
        else { throw ValidationError("\(expected): no checkpoint can be read in it") }
        checkpoints = found
        self.newest = newest
    }
}

import Determinism
package import EventLog

/// The heads that a store has signed, one file for each size in `checkpoints/`: what it may never contradict again.
package struct KeptCheckpoints: Sendable {
    private static let suffix = ".checkpoint"
    private let directory: String

    package init(of log: LMDBLog) { directory = log.directory + "/checkpoints" }

    /// The sizes that there is a signed head of, ascending.
    package func sizes() throws -> [UInt64] {
        try StoreFiles.names(in: directory)
            .compactMap { name in name.hasSuffix(Self.suffix) ? UInt64(name.dropLast(Self.suffix.count)) : nil }
            .sorted()
    }

    /// The signed head of a size; nil when there is none.
    package func checkpoint(ofSize size: UInt64) throws -> SignedCheckpoint? {
        let path = path(size)
        guard let bytes = try StoreFiles.read(path) else { return nil }
        do throws(NoteError) {
            return try SignedCheckpoint(bytes)
        } catch {
            throw LogError(.damaged(nil), during: "reading \(path)", "\(error)")
        }
    }

    /// All of them, ascending.
    package func all() throws -> [SignedCheckpoint] {
        try sizes().compactMap { try checkpoint(ofSize: $0) }
    }

    /// The one of the greatest size.
    package func newest() throws -> SignedCheckpoint? {
        try sizes().last.flatMap { try checkpoint(ofSize: $0) }
    }

    /// Keeps a checkpoint, or adds its signatures to those kept of the same head; answers what is kept now.
    package func keep(_ checkpoint: SignedCheckpoint) throws -> SignedCheckpoint {
        try StoreFiles.makeDirectory(directory, mode: 0o777)
        return try StoreFiles.alone(in: directory) {
            var kept = try self.checkpoint(ofSize: checkpoint.head.size) ?? checkpoint
            guard kept.body.utf8.elementsEqual(checkpoint.body.utf8) else {
                throw LogError(
                    .damaged(nil), during: "keeping the head of \(checkpoint.head.size) events",
                    "another one of the same size was signed before: \(kept.head.root.hex)")
            }
            for signature in checkpoint.signatures { kept.add(signature) }
            try StoreFiles.replace(path(checkpoint.head.size), with: Array(kept.text.utf8), mode: 0o644)
            return kept
        }
    }

    /// Names sort as sizes do.
    private func path(_ size: UInt64) -> String {
        let digits = "\(size)"
        return "\(directory)/\(String(repeating: "0", count: 20 - digits.count))\(digits)\(Self.suffix)"
    }
}

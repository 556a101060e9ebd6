package import Deciders
import Determinism
package import EventLog
import Glibc

/// Streams selected events as JSON Lines; memory stays bounded however large the log.
package struct Exporter {
    private static let bufferSize = 1 << 16

    private let log: any Log
    private let catalogue: EventCatalogue
    private let selection: ExportSelection
    private let placement: BlobPlacement

    package init(
        log: any Log, catalogue: EventCatalogue, selection: ExportSelection = ExportSelection(),
        blobs placement: BlobPlacement = .omitted
    ) {
        self.log = log
        self.catalogue = catalogue
        self.selection = selection
        self.placement = placement
    }

    /// Hands the lines to `sink` in chunks, and answers how many events there were.
    @discardableResult
    package func export(to sink: (borrowing [UInt8]) throws -> Void) throws -> Int {
        if case .beside(let directory) = placement { try makeDirectory(directory) }
        var buffer: [UInt8] = []
        buffer.reserveCapacity(Self.bufferSize * 2)
        var count = 0
        try log.scan(from: .first, to: nil, matching: selection.filter) { event in
            guard try selection.includes(event) else { return }
            buffer += JSONLines.line(event, blobs: try inlineBlobs(of: event))
            count += 1
            if buffer.count >= Self.bufferSize {
                try sink(buffer)
                buffer.removeAll(keepingCapacity: true)
            }
        }
        if !buffer.isEmpty { try sink(buffer) }
        return count
    }

    private func inlineBlobs(of event: Event) throws -> [JSONLines.InlineBlob]? {
        switch placement {
        case .omitted: return nil
        case .inline:
            return try catalogue.blobs(namedBy: event).map { .init(digest: $0, bytes: try log.blob($0)) }
        case .beside(let directory):
            for digest in try catalogue.blobs(namedBy: event) {
                try write(digest, into: directory)
            }
            return nil
        }
    }

    private func makeDirectory(_ directory: String) throws {
        guard mkdir(directory, 0o755) == 0 || errno == EEXIST else {
            throw ExportError(path: directory, reason: String(cString: strerror(errno)))
        }
    }

    private func write(_ digest: Digest, into directory: String) throws {
        let path = "\(directory)/\(digest.hex)"
        guard access(path, F_OK) != 0, let bytes = try log.blob(digest) else { return }
        let file = try OutputFile(replacing: path)
        try file.write(bytes)
        try file.finish()
    }
}

/// A file of the export couldn't be written.
package struct ExportError: Error, Equatable, CustomStringConvertible {
    package let path: String
    package let reason: String

    package var description: String { "can't write \(path): \(reason)" }
}

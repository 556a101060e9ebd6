package import Deciders
package import Determinism
package import EventLog
import Glibc

/// The native export, with or without the blobs that the events name.
package struct Exporter {
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
        guard placement != .omitted else {
            var export = EventExport(NativeLines(), of: log, selection)
            try export.write(into: sink)
            return export.tally.events
        }
        var export = EventExport(
            try LinesWithBlobs(log: log, catalogue: catalogue, placement: placement), of: log, selection)
        try export.write(into: sink)
        return export.tally.events
    }
}

/// The native form with the blobs that the events name, in the lines or in files beside them.
package struct LinesWithBlobs: LineForm {
    private let log: any Log
    private let catalogue: EventCatalogue
    private let placement: BlobPlacement
    private let absence: @Sendable (Digest, Position) throws -> BlobState

    /// Makes the directory that blobs are put into, where they are.
    ///
    /// `absence` says what became of a blob that can't be read and that an event at a position names.
    package init(
        log: any Log, catalogue: EventCatalogue, placement: BlobPlacement,
        absence: @escaping @Sendable (Digest, Position) throws -> BlobState = { _, _ in .missing }
    ) throws {
        self.log = log
        self.catalogue = catalogue
        self.placement = placement
        self.absence = absence
        guard case .beside(let directory) = placement else { return }
        try StoreSurroundings.refuse(directory, during: "writing \(directory)")
        guard mkdir(directory, 0o755) == 0 || errno == EEXIST else {
            throw ExportError(path: directory, reason: String(cString: strerror(errno)))
        }
        Leftovers.removeFiles(in: directory) { Digest(hex: String($0)) != nil }
    }

    package mutating func append(_ event: Event, to lines: inout [UInt8]) throws {
        lines += JSONLines.line(event, blobs: try inlineBlobs(of: event))
    }

    private func inlineBlobs(of event: Event) throws -> [JSONLines.InlineBlob]? {
        switch placement {
        case .omitted: return nil
        case .inline:
            return try catalogue.blobs(namedBy: event).map { digest in
                let bytes = try log.blob(digest)
                return JSONLines.InlineBlob(
                    digest: digest, bytes: bytes,
                    absence: bytes == nil ? try absence(digest, event.position) : .present)
            }
        case .beside(let directory):
            for digest in try catalogue.blobs(namedBy: event) {
                try write(digest, into: directory)
            }
            return nil
        }
    }

    private func write(_ digest: Digest, into directory: String) throws {
        let path = "\(directory)/\(digest.hex)"
        guard access(path, F_OK) != 0, let bytes = try log.blob(digest) else { return }
        let file = try OutputFile(replacing: path, clearing: false)
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

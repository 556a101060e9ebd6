package import CanonicalJSON
package import Deciders
import Determinism
package import EventLog

/// Makes a log again from its native export: the same records at the same positions, and so the same head.
package struct Importer {
    private let log: any Log
    private let catalogue: EventCatalogue?

    /// `log` must be empty; `catalogue` tells which blobs the events name, and without it none are looked for.
    package init(log: any Log, catalogue: EventCatalogue? = nil) {
        self.log = log
        self.catalogue = catalogue
    }

    /// Appends commit by commit; the export must be of the whole log, from position 0 on.
    ///
    /// Every line is checked against what is recorded for it. At the first that doesn't fit an error names it; the
    /// commits before it stay in the log.
    @discardableResult
    package func run(_ export: String) async throws -> ImportReport {
        guard try log.head().size == 0 else {
            throw ImportError(line: nil, reason: "the store has events already; import into a new one")
        }
        var lines = try LineReader(export)
        var gathered = GatheredCommit()
        var report = ImportReport()
        var blobs = BlobCheck()
        var number = 0
        while let bytes = try lines.next() {
            number += 1
            let line: JSONLines.Line
            do throws(JSONError) {
                line = try JSONLines.read(bytes)
            } catch {
                throw ImportError(line: number, reason: "\(error)")
            }
            try gathered.take(line, number: number, at: Position(UInt64(report.events + gathered.lines.count)))
            guard gathered.isComplete else { continue }
            try await append(gathered, endingAt: number, &blobs)
            report.count(gathered)
            gathered = GatheredCommit()
        }
        if let last = gathered.lines.last {
            throw ImportError(
                line: number,
                reason: "the export ends inside the commit \(last.commitID): \(gathered.lines.count) of "
                    + "\(last.commitCount) events are there")
        }
        report.head = try log.head()
        report.missingBlobs = blobs.lost
        return report
    }

    private func append(_ gathered: GatheredCommit, endingAt number: Int, _ blobs: inout BlobCheck) async throws {
        let first = number - gathered.lines.count + 1
        guard let commit = try gathered.commit() else {
            throw ImportError(line: first, reason: "the content of the commit isn't what its id names; it was changed")
        }
        let appended: Appended
        do throws(LogError) {
            appended = try await log.append(commit)
        } catch {
            throw ImportError(line: first, reason: "\(error)")
        }
        for (index, line) in gathered.lines.enumerated() {
            let position = Position(appended.first.rawValue + UInt64(index))
            guard position == line.position, let event = try log.event(at: position),
                event.revision == line.revision, Digest.leaf(event.record) == line.leaf
            else {
                throw ImportError(
                    line: first + index, reason: "the record made of it isn't the one whose leaf hash it names")
            }
            try look(for: event, line, &blobs)
        }
    }

    /// Looks whether the blobs that an event names came along; what the catalogue can't read names none.
    private func look(for event: Event, _ line: JSONLines.Line, _ blobs: inout BlobCheck) throws {
        guard let catalogue else { return }
        for digest in (try? catalogue.blobs(namedBy: event)) ?? [] where blobs.mustLook(at: digest) {
            let isInLine = (line.blobs ?? []).contains { $0.digest == digest && $0.bytes != nil }
            if try isInLine || log.blob(digest) != nil {
                blobs.isThere(digest)
            } else {
                blobs.isMissing(digest, at: event.position)
            }
        }
        if let erasure = (try? catalogue.decode(event))?.erasure { blobs.take(erasure) }
    }
}

/// The lines of a commit that has not come to its end yet.
private struct GatheredCommit {
    private(set) var lines: [JSONLines.Line] = []

    var isComplete: Bool { lines.last.map { $0.indexInCommit + 1 == $0.commitCount } ?? false }

    mutating func take(_ line: JSONLines.Line, number: Int, at position: Position) throws(ImportError) {
        guard line.position == position else {
            throw ImportError(
                line: number,
                reason: "it has position \(line.position), and \(position) is next: only the export of a whole log, "
                    + "in order, can be imported")
        }
        if let first = lines.first {
            let isNext =
                line.commitID == first.commitID && line.commitCount == first.commitCount
                && line.indexInCommit == lines.count && line.stream == first.stream
                && line.revision.rawValue == first.revision.rawValue + UInt64(lines.count)
            guard isNext else {
                throw ImportError(line: number, reason: "it isn't event \(lines.count) of the commit \(first.commitID)")
            }
        } else if line.indexInCommit != 0 {
            throw ImportError(line: number, reason: "it is in the middle of the commit \(line.commitID)")
        }
        lines.append(line)
    }

    /// Nil when the content has another id.
    func commit() throws(LogError) -> Commit? {
        guard let first = lines.first else { return nil }
        let blobs = lines.flatMap { $0.blobs ?? [] }.compactMap { $0.bytes.map(Blob.init) }
        return try Commit(
            recordedIn: first.stream, from: first.revision, events: lines.map(\.event), blobs: blobs,
            as: first.commitID)
    }
}

/// What an import brought in.
package struct ImportReport: Equatable, Sendable {
    package fileprivate(set) var commits = 0
    package fileprivate(set) var events = 0
    /// The head that the log has now.
    package fileprivate(set) var head = TreeHead(size: 0, root: Digest(of: []))
    /// How many blobs that events name aren't in the export; those that an event says are erased aren't counted.
    package fileprivate(set) var missingBlobs = 0

    fileprivate mutating func count(_ commit: GatheredCommit) {
        commits += 1
        events += commit.lines.count
    }
}

extension ImportReport: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("commits", commits)
        writer.field("events", events)
        writer.field("head", head.root.hex)
        writer.field("missingBlobs", missingBlobs)
        writer.endObject()
    }
}

/// Why an export can't be imported.
package struct ImportError: Error, Equatable, CustomStringConvertible {
    /// From 1; nil when it isn't about a line.
    package let line: Int?
    package let reason: String
    /// Whether the file can't be read at all.
    package let isUnreadable: Bool

    init(line: Int?, reason: String, isUnreadable: Bool = false) {
        self.line = line
        self.reason = reason
        self.isUnreadable = isUnreadable
    }

    package var description: String { (line.map { "line \($0): " } ?? "") + reason }
}

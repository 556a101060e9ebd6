import CanonicalJSON
import Determinism

/// Judges the records of a log one after the other, by themselves: structure, names, canonical JSON, commits, revisions.
struct RecordAudit {
    /// A commit of which some records are still to come.
    private struct OpenCommit {
        let id: CommitID
        let count: Int
        let stream: StreamName
        let first: Revision
        /// What the id is a hash of, so far.
        var preimage: [UInt8]
        var seen: Int
    }

    /// For each stream the revision of its last event.
    private(set) var streams: [StreamName: Revision] = [:]
    private var commit: OpenCommit?

    /// What is wrong with the next record; nil when nothing is.
    mutating func problem(_ event: Event) -> String? {
        if let found = header(event) { return found }
        if let found = names(event) { return found }
        if let found = json(event) { return found }
        if let found = revision(event) { return found }
        return partOfCommit(event)
    }

    /// What is wrong at the end of the log.
    func problemAtEnd() -> String? {
        commit == nil ? nil : "the last commit is not whole"
    }

    private func header(_ event: Event) -> String? {
        if !Timestamp.writable.contains(event.time) { return "its time is outside of the years 0000 to 9999" }
        return event.withRecord { record in
            if record.u8(at: RecordLayout.flagsOffset) != 0 { return "its flags are not 0" }
            return record.u16(at: RecordLayout.versionOffset) == 0 ? "its schema version is 0" : nil
        }
    }

    private func names(_ event: Event) -> String? {
        if !StreamName.isValid(event.stream.text) { return "its stream's name breaks the grammar" }
        if !EventType.isValid(event.type.text) { return "its type breaks the grammar" }
        return nil
    }

    private func json(_ event: Event) -> String? {
        event.withRecord { record in
            let parts = [("data", RecordLayout.dataRange(record)), ("metadata", RecordLayout.metadataRange(record))]
            for (name, range) in parts {
                do {
                    try CanonicalObject.check(record.extracting(range))
                } catch {
                    return "its \(name) is not a canonical JSON object: \(error)"
                }
            }
            return nil
        }
    }

    private mutating func revision(_ event: Event) -> String? {
        let stream = event.stream
        let expected = streams[stream]?.next ?? .first
        guard event.revision == expected else {
            return "its revision is \(event.revision) where the stream's next is \(expected)"
        }
        streams[stream] = expected
        return nil
    }

    private mutating func partOfCommit(_ event: Event) -> String? {
        if commit == nil {
            commit = OpenCommit(
                id: event.commitID, count: event.commitCount, stream: event.stream, first: event.revision,
                preimage: [RecordCodec.commitPrefix, RecordCodec.oneRevision], seen: 0)
        }
        guard var open = commit else { return nil }
        // Given up here and put back below, so that its bytes are not copied for each event.
        commit = nil
        guard event.commitID == open.id, event.commitCount == open.count, event.stream == open.stream,
            event.indexInCommit == open.seen, open.seen < open.count
        else { return "it is not the next event of its commit" }
        open.preimage.append(0)
        event.withRecord { record in unsafe record.withUnsafeBytes { unsafe open.preimage.append(contentsOf: $0) } }
        open.seen += 1
        commit = open.seen == open.count ? nil : open
        return open.seen == open.count ? idProblem(&open) : nil
    }

    /// The id is that of a commit that expected this place, or of one that expected any.
    private func idProblem(_ open: inout OpenCommit) -> String? {
        zero(RecordLayout.commitIDOffset, CommitID.byteCount, &open.preimage)
        if RecordCodec.commitID(of: open.preimage) == open.id { return nil }
        open.preimage[1] = RecordCodec.anyRevision
        zero(RecordLayout.revisionOffset, 8, &open.preimage)
        return RecordCodec.commitID(of: open.preimage) == open.id ? nil : "its commit id is not that of its commit"
    }

    /// Sets a field of every record of a commit to zero.
    private func zero(_ field: Int, _ count: Int, _ preimage: inout [UInt8]) {
        var start = RecordBatch.prefixLength + 1
        while start + RecordLayout.headerLength <= preimage.count {
            for offset in 0..<count { preimage[start + field + offset] = 0 }
            let lengths = stride(from: RecordLayout.streamLengthOffset, to: RecordLayout.headerLength, by: 2)
            start += lengths.reduce(RecordLayout.headerLength + 1) { total, at in
                total + Int(preimage[start + at]) + Int(preimage[start + at + 1]) << 8
            }
        }
    }
}

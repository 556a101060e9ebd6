import CanonicalJSON
import Determinism
import EventLog
import Foundation
import TestSupport
import Testing

/// An append that a process was told is on disk.
struct Acknowledgement: Equatable {
    let first: UInt64
    let count: Int
    let commit: String

    /// What a probe printed.
    static func all(in result: ChildProcess.Result) -> [Acknowledgement] {
        result.lines(after: "ack").compactMap { words in
            guard words.count == 3, let first = UInt64(words[0]), let count = Int(words[1]) else { return nil }
            return Acknowledgement(first: first, count: count, commit: String(words[2]))
        }
    }
}

/// Judges a whole log by reading it: dense positions and revisions, whole commits, blobs, and the tree of RFC 6962 as
/// its text defines it.
struct StoreCheck {
    private struct Commit {
        let first: UInt64
        let count: Int
    }

    let head: TreeHead
    private var leaves: [Digest] = []
    private var commits: [String: Commit] = [:]
    private var revisions: [StreamName: UInt64] = [:]
    private var open: (commit: CommitID, stream: StreamName, next: Int, count: Int)?

    /// Opens the store, as somebody who comes later, and reads it to the end; what is wrong becomes an issue.
    @discardableResult
    static func expectSound(_ directory: String, keeps acknowledged: [Acknowledgement]) throws -> StoreCheck {
        let log = try LMDBLog.open(at: directory, LMDBLog.Options(access: .mustExist))
        defer { log.close() }
        let check = try StoreCheck(log)
        check.expect(acknowledged)
        return check
    }

    init(_ log: LMDBLog) throws {
        head = try log.head()
        try log.scan(from: .first, to: Position(head.size), matching: .all) { event in
            try add(event, log)
        }
        #expect(leaves.count == head.size, "the head counts \(head.size) events, and \(leaves.count) can be read")
        #expect(open == nil, "the last commit is not whole")
        #expect(StoreCheck.root(leaves[...]) == head.root, "the root is not that of the records")
        for (stream, next) in revisions.sorted(by: { $0.key < $1.key }) {
            #expect(try log.lastRevision(of: stream) == Revision(next - 1))
            #expect(try log.readStream(stream).map(\.revision.rawValue) == Array(0..<next))
        }
        let verified = try log.verify()
        #expect(verified.isIntact && verified.claimed == head, "\(verified)")
    }

    /// Each commit that was acknowledged is there, where it was said to be and as large.
    func expect(_ acknowledged: [Acknowledgement]) {
        for acknowledgement in acknowledged {
            let found = commits[acknowledgement.commit]
            #expect(
                found?.first == acknowledgement.first && found?.count == acknowledgement.count,
                "\(acknowledgement) became \(found.map { "\($0)" } ?? "nothing")")
        }
        #expect(Set(acknowledged.map(\.first)).count == acknowledged.count, "a position was acknowledged twice")
    }

    private mutating func add(_ event: Event, _ log: LMDBLog) throws {
        try #require(event.position.rawValue == UInt64(leaves.count), "positions are dense")
        leaves.append(Digest(of: [0x00] + event.record))
        #expect(event.revision.rawValue == revisions[event.stream, default: 0], "revisions are dense")
        revisions[event.stream, default: 0] += 1
        expectNextOfCommit(event)
        for digest in try event.metadata().cause?.blobs ?? [] {
            #expect(try log.blob(digest).map { Digest(of: $0) } == digest, "a blob is there before its event")
        }
    }

    private mutating func expectNextOfCommit(_ event: Event) {
        let expected = open ?? (event.commitID, event.stream, 0, event.commitCount)
        let found = (event.commitID, event.stream, event.indexInCommit, event.commitCount)
        #expect(found == expected, "position \(event.position) is not the next event of its commit")
        if event.indexInCommit == 0 {
            let commit = Commit(first: event.position.rawValue, count: event.commitCount)
            #expect(commits.updateValue(commit, forKey: event.commitID.hex) == nil, "a commit landed twice")
        }
        let next = event.indexInCommit + 1
        open = next == event.commitCount ? nil : (event.commitID, event.stream, next, event.commitCount)
    }

    /// RFC 6962, section 2.1, word for word: the hash of a list of leaf hashes.
    static func root(_ leaves: ArraySlice<Digest>) -> Digest {
        guard let first = leaves.first else { return Digest(of: []) }
        if leaves.count == 1 { return first }
        var split = 1
        while split * 2 < leaves.count { split *= 2 }
        let middle = leaves.startIndex + split
        return Digest(of: [0x01] + root(leaves[..<middle]).bytes + root(leaves[middle...]).bytes)
    }
}

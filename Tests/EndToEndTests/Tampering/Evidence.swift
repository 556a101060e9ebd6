import CanonicalJSON
import Determinism
import EventLog
import Foundation
import LMDB
import TestSupport
import Testing

/// A store with two runs, what others keep of it, and what a forger does to copies of it.
///
/// Beside the store, in the directory where commands run: `old.checkpoint` (after the first run), `seen.checkpoint` (after
/// the second), `lab.vkey`, `witness.vkey`, `event.tlog-proof`, `growth.txt` (from old to seen), and the directory `old`,
/// a copy of the store after the first run.
struct Evidence {
    let place: Workplace
    /// How many events the store had after the first run and after the second.
    let old: UInt64
    let size: UInt64
    /// The event that `event.tlog-proof` is of.
    static let proven: UInt64 = 9

    init() async throws {
        place = try Workplace(Experiment(scenarios: 2))
        try place.write(Experiment(models: ["sim-other"], scenarios: 2).text, "second.yaml")
        try await Self.done(place, "run", "experiment.yaml")
        old = UInt64(
            try #require(try await place.json("audit", "head", "--sign", "-o", "old.checkpoint")["events"]?.int))
        try FileManager.default.copyItem(atPath: place.store, toPath: place.directory.path("old"))
        try await Self.done(place, "run", "second.yaml")
        let head = try await place.json("audit", "head", "--sign", "-o", "seen.checkpoint")
        size = UInt64(try #require(head["events"]?.int))
        try place.write(try #require(head["key"]?.string) + "\n", "lab.vkey")
        try await Self.done(place, "audit", "prove", "\(Self.proven)", "-o", "event.tlog-proof")
        try await Self.done(place, "audit", "consistency", "--from", "old.checkpoint", "-o", "growth.txt")
        try await cosign()
    }

    /// A witness signs the newest head, and the store takes that in.
    private func cosign() async throws {
        let witness = try NoteSigner(name: "witness.example", seed: Array(repeating: 9, count: 32))
        try place.write(witness.key.of(kind: .cosignature).text + "\n", "witness.vkey")
        var checkpoint = try SignedCheckpoint(bytes("seen.checkpoint"))
        checkpoint.cosign(by: witness, at: Timestamp(microseconds: 1_790_000_000_000_000))
        try place.write(try #require(checkpoint.signatures.last).line, "answer.txt")
        try await Self.done(place, "audit", "witness", "add", "answer.txt", "--witness", "witness.vkey")
    }

    private static func done(_ place: Workplace, _ arguments: String...) async throws {
        let result = try await place.start(arguments).result
        try #require(result.status == 0, "\(arguments): \(result.errorText)")
    }

    func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: place.directory.path(name))))
    }

    func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

    /// A copy of the store that a forger may do with as they like.
    func copy(_ name: String) throws -> String {
        let path = place.directory.path(name)
        try FileManager.default.copyItem(atPath: place.store, toPath: path)
        return path
    }

    func remove(_ path: String) throws {
        if FileManager.default.fileExists(atPath: path) { try FileManager.default.removeItem(atPath: path) }
    }

    /// Removes what the store has signed, as one would who has no interest in it.
    func forget(_ store: String) throws {
        for name in ["checkpoints", "keys"] { try remove("\(store)/\(name)") }
    }
}

// MARK: - Forging

extension Evidence {
    /// Changes the table of events, and nothing else.
    func events(
        _ store: String, _ change: (borrowing WriteTransaction, Table) throws -> Void
    ) throws {
        let environment = try Environment.open(at: store + "/log")
        defer { environment.close() }
        let events = try environment.openTable("events", flags: .integerKey, create: false)
        try environment.write { try change($0, events) }
    }

    /// The bytes of an event.
    func record(_ position: UInt64, of store: String? = nil) throws -> [UInt8] {
        let log = try LMDBLog.open(at: store ?? place.store, .init(access: .readOnly))
        defer { log.close() }
        return try #require(try log.event(at: Position(position))).record
    }

    /// Makes a log again under the same id, so that everything fits together: commit by commit, the first events alone
    /// or some data changed.
    func remake(_ store: String, upTo end: UInt64, changing: @Sendable (Event) -> [UInt8]? = { _ in nil }) async throws
    {
        let old = store + ".old"
        try FileManager.default.moveItem(atPath: store + "/log", toPath: old)
        let source = try LMDBLog.open(at: place.store, .init(access: .readOnly))
        defer { source.close() }
        let fresh = store + ".new"
        let target = try LMDBLog.open(at: fresh, .init(access: .create, durability: .noSync))
        var events: [NewEvent] = []
        var commits: [Commit] = []
        try source.scan(from: .first, to: Position(end), matching: .all) { event in
            events.append(
                NewEvent(
                    type: event.type, version: event.version, time: event.time,
                    data: changing(event) ?? event.dataBytes, metadata: event.metadataBytes))
            guard event.indexInCommit == event.commitCount - 1 else { return }
            let first = Revision(event.revision.rawValue - UInt64(event.indexInCommit))
            // What wasn't changed keeps its commit's id, and so its bytes.
            let same = try Commit(recordedIn: event.stream, from: first, events: events, as: event.commitID)
            commits.append(same ?? Commit(stream: event.stream, expected: .any, events: events))
            events = []
        }
        for result in await target.append(commits) { _ = try result.get() }
        target.close()
        try FileManager.default.moveItem(atPath: fresh + "/log", toPath: store + "/log")
        // Read models are derived from the log that was there; a forger would remove them.
        for path in [old, fresh, store + "/views"] { try remove(path) }
    }

    /// Changes a value of a table that has bytes for keys.
    func value(
        _ path: String, _ table: String, where isWanted: ([UInt8], String) -> Bool, to changed: ([UInt8]) -> [UInt8]
    ) throws {
        let environment = try Environment.open(at: path)
        defer { environment.close() }
        let table = try environment.openTable(table, create: false)
        try environment.write { transaction in
            var found: (key: [UInt8], value: [UInt8])?
            try transaction.forEach(in: table) { key, value in
                let value = value.withUnsafeBytes { Array($0) }
                let key = key.withUnsafeBytes { Array($0) }
                if isWanted(key, String(decoding: value, as: UTF8.self)) { found = (key, value) }
                return found == nil
            }
            let entry = try #require(found, "there is nothing to change")
            try transaction.put(changed(entry.value), at: entry.key, in: table)
        }
    }
}

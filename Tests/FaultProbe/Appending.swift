import CanonicalJSON
import Determinism
import EventLog

/// Appends commits of random sizes to random streams, several at a time, and says which were acknowledged.
struct Appending {
    static let type = EventType("fault.recorded")
    static let otherType = EventType("fault.noted")
    private static let tasks = 4
    private static let streams: UInt64 = 24

    let seed: UInt64

    /// Appends until the process is killed.
    func run(_ directory: String) async throws {
        let log = try LMDBLog.open(at: directory)
        try await withThrowingTaskGroup { group in
            for task in 0..<Appending.tasks {
                group.addTask {
                    var random = SeededGenerator(seed: seed &* 64 &+ UInt64(task))
                    for number in 0... {
                        let name = "\(seed)-\(task)-\(number)"
                        let commit = try Appending.commit(name, random: &random, log)
                        await Appending.append(commit, to: log)
                        // A pace, so that how much there is to check doesn't depend on the speed of the disk.
                        try await Task.sleep(for: .milliseconds(20))
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Appends single events to a stream, in turn with whoever else does: one of the other's before the next of ours.
    static func takeTurns(_ directory: String, stream: String, count: Int) async throws {
        let log = try LMDBLog.open(at: directory)
        let stream = try StreamName(stream)
        for number in 0..<count {
            let commit = Commit(stream: stream, expected: .any, events: [event("turn \(number)", padding: 0)])
            let appended = try await log.append(commit)
            Line.write("ack \(appended.first) \(appended.count) \(appended.commitID)")
            if number == count - 1 { break }
            for try await page in log.subscribe(from: appended.first.next) where !page.isEmpty { break }
        }
        Line.write("done")
    }

    /// Appends large events to a map that begins small.
    static func grow(_ directory: String, name: String, count: Int) async throws {
        var options = LMDBLog.Options(durability: .noSync)
        options.initialMapSize = 1 << 20
        let log = try LMDBLog.open(at: directory, options)
        let stream = try StreamName(category: "grow", id: name)
        for number in 0..<count {
            let events = [event("\(name)-\(number)", padding: 30_000)]
            let expected = number == 0 ? .noStream : ExpectedRevision.exact(Revision(UInt64(number - 1)))
            await append(Commit(stream: stream, expected: expected, events: events), to: log)
        }
        Line.write("done")
        log.close()
    }

    /// Appends and prints `ack POSITION COUNT COMMIT`, or `refused CODE` unless another was faster.
    private static func append(_ commit: Commit, to log: LMDBLog) async {
        do throws(LogError) {
            let appended = try await log.append(commit)
            Line.write("ack \(appended.first) \(appended.count) \(appended.commitID)")
        } catch {
            if case .conflict = error.code { return }
            Line.write("refused \(Line.name(of: error)) \(error)")
        }
    }

    private static func commit(
        _ name: String, random: inout SeededGenerator, _ log: LMDBLog
    ) throws -> Commit {
        let stream = try StreamName(category: "fault", id: "\(random.uniform(below: streams))")
        let events = (0..<size(&random)).map { event("\(name)-\($0)", padding: Int(random.uniform(below: 600))) }
        let expected: ExpectedRevision =
            random.uniform(below: 4) == 0 ? .any : try log.lastRevision(of: stream).map { .exact($0) } ?? .noStream
        guard random.uniform(below: 6) == 0 else { return Commit(stream: stream, expected: expected, events: events) }
        let blob = Blob(Array("blob of \(name)".utf8) + (0..<random.uniform(below: 6_000)).map { UInt8($0 & 0x3F) })
        let metadata = EventMetadata(cause: Cause(blobs: [blob.digest])).canonicalBytes()
        let last = event("\(name) with a blob", padding: 0, type: otherType, metadata: metadata)
        return Commit(stream: stream, expected: expected, events: events + [last], blobs: [blob])
    }

    /// Mostly one, now and then many.
    private static func size(_ random: inout SeededGenerator) -> Int {
        switch random.uniform(below: 40) {
        case 0: 100 + Int(random.uniform(below: 200))
        case 1..<12: 2 + Int(random.uniform(below: 6))
        default: 1
        }
    }

    static func event(
        _ name: String, padding: Int, type: EventType = type, metadata: [UInt8] = Array("{}".utf8)
    ) -> NewEvent {
        let text = String(repeating: "x", count: padding)
        return NewEvent(
            type: type, version: 1, time: TimeSource.system.time(),
            data: Array(#"{"name":"\#(name)","text":"\#(text)"}"#.utf8), metadata: metadata)
    }
}

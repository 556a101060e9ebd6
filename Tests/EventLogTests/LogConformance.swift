import Determinism
import EventLog
import Testing

/// What every implementation of `Log` must do, each check on an empty log.
struct LogConformance: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let run: @Sendable (any Log) async throws -> Void

    static let all: [LogConformance] = [
        LogConformance(testDescription: "an empty log has no events and the empty root") { (log) async throws in
            #expect(try log.head() == TreeHead(size: 0, root: Digest(of: [])))
            #expect(try log.event(at: .first) == nil)
            #expect(try log.read(.forward, from: nil, matching: .all, limit: 9) == Page(events: [], next: nil))
            #expect(try log.read(.backward, from: nil, matching: .all, limit: 9) == Page(events: [], next: nil))
            #expect(try log.lastRevision(of: StreamName("a-1")) == nil)
            #expect(try log.readStream(StreamName("a-1")) == [])
        },
        LogConformance(testDescription: "an append is read back as it was written") { (log) async throws in
            let commit = try Sample.commit("a-1", .noStream, 0..<3)
            let appended = try await log.append(commit)
            #expect(appended.positions == Position(0)..<Position(3))
            #expect(appended.lastRevision == Revision(2))
            let events = try log.read(.forward, from: nil, matching: .all, limit: 9).events
            #expect(events.map(\.position.rawValue) == [0, 1, 2])
            #expect(events.map(\.revision.rawValue) == [0, 1, 2])
            #expect(events.map(\.indexInCommit) == [0, 1, 2])
            #expect(events.allSatisfy { $0.commitCount == 3 && $0.commitID == appended.commitID })
            #expect(events.allSatisfy { $0.stream == commit.stream && $0.type == Sample.type && $0.version == 1 })
            #expect(events.map(\.dataBytes) == commit.events.map(\.data))
            #expect(events.map(\.metadataBytes) == commit.events.map(\.metadata))
            #expect(events.map(\.time) == commit.events.map(\.time))
            #expect(try log.event(at: Position(1)) == events[1])
            #expect(try log.readStream(commit.stream) == events)
        },
        LogConformance(testDescription: "the expected revision decides") { (log) async throws in
            let a = try StreamName("a-1")
            try await expectConflict(nil) { try await log.append(Sample.commit("a-1", .exact(.first), 0..<1)) }
            _ = try await log.append(Sample.commit("a-1", .noStream, 0..<2))
            try await expectConflict(Revision(1)) { try await log.append(Sample.commit("a-1", .noStream, 7..<8)) }
            try await expectConflict(Revision(1)) {
                try await log.append(Sample.commit("a-1", .exact(.first), 7..<8))
            }
            try await expectConflict(Revision(1)) {
                try await log.append(Sample.commit("a-1", .exact(Revision(2)), 7..<8))
            }
            _ = try await log.append(Sample.commit("a-1", .exact(Revision(1)), 2..<3))
            _ = try await log.append(Sample.commit("a-1", .any, 3..<4))
            #expect(try log.lastRevision(of: a) == Revision(3))
            #expect(try log.head().size == 4)
        },
        LogConformance(testDescription: "the same commit proposed again gives the first result") { (log) async throws in
            let first = try await log.append(Sample.commit("a-1", .noStream, 0..<2))
            let second = try await log.append(Sample.commit("a-1", .exact(Revision(1)), 2..<5))
            _ = try await log.append(Sample.commit("b-1", .noStream, 0..<2))
            #expect(try await log.append(Sample.commit("a-1", .noStream, 0..<2)) == first)
            #expect(try await log.append(Sample.commit("a-1", .exact(Revision(1)), 2..<5)) == second)
            #expect(try log.head().size == 7)
            try await expectConflict(Revision(4)) { try await log.append(Sample.commit("a-1", .noStream, 0..<1)) }
        },
        LogConformance(testDescription: "a commit for any revision is appended each time") { (log) async throws in
            let first = try await log.append(Sample.commit("a-1", .any, 0..<1))
            let second = try await log.append(Sample.commit("a-1", .any, 0..<1))
            #expect(first.commitID == second.commitID)
            #expect(second.lastRevision == Revision(1))
        },
        LogConformance(testDescription: "of racing appends with one expectation one succeeds") { (log) async throws in
            let outcomes = await withTaskGroup(of: Result<Appended, LogError>.self) { group in
                for number in 0..<1_000 {
                    group.addTask {
                        await Result { () async throws(LogError) in
                            try await log.append(racing(number))
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            let codes = outcomes.compactMap { outcome -> LogError.Code? in
                if case .failure(let error) = outcome { error.code } else { nil }
            }
            #expect(codes == Array(repeating: .conflict(actual: .first), count: 999))
            #expect(try log.head().size == 1)
        },
        LogConformance(testDescription: "pages follow each other in both directions") { (log) async throws in
            for number in 0..<25 {
                _ = try await log.append(Sample.commit("s-\(number % 3)", .any, number..<number + 1))
            }
            for limit in [1, 7, 25, 100] {
                #expect(try pages(log, .forward, .all, limit) == Array(0..<25))
                #expect(try pages(log, .backward, .all, limit) == Array((0..<25).reversed()))
            }
            let middle = EventFilter(positions: Position(5)..<Position(9))
            #expect(try pages(log, .forward, middle, 3) == [5, 6, 7, 8])
            #expect(try pages(log, .backward, middle, 3) == [8, 7, 6, 5])
        },
        LogConformance(testDescription: "filters by stream, category, type and time") { (log) async throws in
            for number in 0..<20 {
                let type = number % 2 == 0 ? Sample.type : Sample.other
                let name = number % 3 == 0 ? "odd-\(number % 5)" : "even-1"
                _ = try await log.append(Sample.commit(name, .any, number..<number + 1, type: type))
            }
            let numbers = Array(0..<20)
            let ofType = EventFilter(types: [Sample.other])
            #expect(try pages(log, .forward, ofType, 4) == numbers.filter { $0 % 2 == 1 })
            let ofCategory = EventFilter(categories: ["odd"])
            #expect(try pages(log, .backward, ofCategory, 4) == numbers.filter { $0 % 3 == 0 }.reversed())
            let ofStream = EventFilter(types: [Sample.type], stream: try StreamName("even-1"))
            #expect(try pages(log, .forward, ofStream, 2) == numbers.filter { $0 % 3 != 0 && $0 % 2 == 0 })
            #expect(try pages(log, .backward, ofStream, 2) == numbers.filter { $0 % 3 != 0 && $0 % 2 == 0 }.reversed())
            let times = Sample.event(4).time..<Sample.event(8).time
            #expect(try pages(log, .forward, EventFilter(times: times), 2) == [4, 5, 6, 7])
            #expect(try pages(log, .forward, EventFilter(categories: ["od"]), 2) == [])
        },
        LogConformance(testDescription: "every revision of a long stream has its position") { (log) async throws in
            for number in 0..<40 {
                _ = try await log.append(Sample.commit("long-1", .any, number * 30..<number * 30 + 30))
                _ = try await log.append(Sample.commit("other-\(number)", .any, 0..<(number * 7) % 50 + 1))
            }
            let stream = try StreamName("long-1")
            let events = try log.readStream(stream)
            #expect(events.count == 1_200)
            for event in events {
                #expect(try log.position(of: stream, revision: event.revision) == event.position)
            }
            #expect(try log.position(of: stream, revision: Revision(1_200)) == nil)
            let part = try log.readStream(stream, .backward, from: Revision(600), limit: 3)
            #expect(part.map(\.revision.rawValue) == [600, 599, 598])
            #expect(try log.readStream(stream, .forward, from: Revision(1_199), limit: 3).count == 1)
            #expect(try log.readStream(stream, .forward, from: Revision(1_200), limit: 3).isEmpty)
        },
        LogConformance(testDescription: "a scan sees every event of its range once") { (log) async throws in
            for number in 0..<50 { _ = try await log.append(Sample.commit("s-1", .any, number..<number + 1)) }
            var seen: [UInt64] = []
            try log.scan { seen.append($0.position.rawValue) }
            #expect(seen == Array(0..<50))
            seen = []
            try log.scan(from: Position(10), to: Position(20), matching: .all) { seen.append($0.position.rawValue) }
            #expect(seen == Array(10..<20))
        },
        LogConformance(testDescription: "a subscription catches up and goes on, each position once") {
            (log) async throws in
            for number in 0..<30 { _ = try await log.append(Sample.commit("s-1", .any, number..<number + 1)) }
            async let live: Void = {
                for number in 30..<100 { _ = try await log.append(Sample.commit("s-1", .any, number..<number + 1)) }
            }()
            var seen: [UInt64] = []
            for try await events in log.subscribe(from: Position(5), matching: .all) {
                seen += events.map(\.position.rawValue)
                if seen.last == 99 { break }
            }
            try await live
            #expect(seen == Array(5..<100))
        },
        LogConformance(testDescription: "a subscription ends with its task") { (log) async throws in
            let task = Task {
                var count = 0
                for try await events in log.subscribe(from: .first, matching: .all) { count += events.count }
                return count
            }
            _ = try await log.append(Sample.commit("s-1", .noStream, 0..<1))
            task.cancel()
            let count = try await task.value
            #expect(count <= 1)
        },
        LogConformance(testDescription: "blobs are there with the events that name them") { (log) async throws in
            let small = Blob(Array("small".utf8))
            let large = Blob(Array(repeating: 65, count: 100_000))
            _ = try await log.append(Sample.commit("s-1", .noStream, 0..<1, blobs: [small, large, small]))
            #expect(try log.blob(small.digest) == small.bytes)
            #expect(try log.blob(large.digest) == large.bytes)
            #expect(try log.blob(Digest(of: [1])) == nil)
        },
        LogConformance(testDescription: "commits that break a rule are refused") { (log) async throws in
            await expectError(.invalid) { try await log.append(Sample.commit("s-1", .any, 0..<0)) }
            let stream = try StreamName("s-1")
            let huge = Sample.event(1, padding: 65_500)
            await expectError(.tooLarge) {
                try await log.append(Commit(stream: stream, expected: .any, events: [huge]))
            }
            for data in ["[1]", #"{"b":1,"a":2}"#, #"{"a": 1}"#, #"{"a":1.0}"#, "{}x", "", #"{"a":"\u0041"}"#] {
                let event = NewEvent(type: Sample.type, version: 1, time: huge.time, data: Array(data.utf8))
                await expectError(.invalid) {
                    try await log.append(Commit(stream: stream, expected: .any, events: [event]))
                }
            }
            #expect(try log.head().size == 0)
        },
    ]
}

private func racing(_ number: Int) throws(LogError) -> Commit {
    Commit(stream: try StreamName("race-1"), expected: .noStream, events: [Sample.event(number)])
}

private func pages(_ log: any Log, _ direction: ReadDirection, _ filter: EventFilter, _ limit: Int) throws -> [Int] {
    var seen: [Int] = []
    var from: Position?
    repeat {
        let page = try log.read(direction, from: from, matching: filter, limit: limit)
        #expect(page.events.count <= limit)
        seen += page.events.map { Int($0.position.rawValue) }
        from = page.next
    } while from != nil
    return seen
}

func expectConflict(_ actual: Revision?, _ body: () async throws -> Appended) async throws {
    await expectError(.conflict(actual: actual)) { try await body() }
}

func expectError(_ code: LogError.Code, _ body: () async throws -> Appended) async {
    do {
        let appended = try await body()
        Issue.record("appended \(appended) where \(code) was expected")
    } catch {
        #expect((error as? LogError)?.code == code)
    }
}

extension Result {
    init(_ body: () async throws(Failure) -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}

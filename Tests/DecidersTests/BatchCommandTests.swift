import DeciderTestSupport
import Deciders
import Determinism
import EventLog
import Synchronization
import Testing

@Suite struct BatchCommandTests {
    private let log = CountingLog()
    private let clock = VirtualClock(Timestamp(microseconds: 1_000))

    private var live: Effects { effects(at: clock) }

    /// The same world, in which each place has a time of its own.
    private var placed: Effects {
        let effects = effects(at: clock)
        return Effects(time: effects.time, pause: effects.pause)
    }

    private func handler(_ effects: Effects? = nil) -> CommandHandler<Door> {
        CommandHandler(log: log, effects: effects ?? live, worker: "w")
    }

    private static func open(_ id: String, by who: String = "me", from loaded: Loaded<Door>? = nil) -> BatchCommand<
        Door
    > {
        BatchCommand(id, run: "r", job: "j-\(id)", cause: { _ in Cause(positions: [Position(7)]) }, from: loaded) {
            .open(by: who, at: $0)
        }
    }

    private static func close(_ id: String) -> BatchCommand<Door> { BatchCommand(id) { _ in .close } }

    @Test func `a batch is one append, with a result for each command in order`() async throws {
        let ids = (0..<100).map { "d\($0)" }
        let results = try await handler().handle(ids.map { Self.open($0, from: .empty) }).map { try $0.get() }
        #expect(results.map(\.positions) == (0..<100).map { [Position($0)] })
        #expect(results.allSatisfy { $0.recordedTime == Timestamp(microseconds: 1_000) && $0.revision == .first })
        #expect(results[7].state == .open(by: "me", closes: Timestamp(microseconds: 1_001_000)))
        #expect(log.base.events.map(\.stream.id) == ids)
        #expect(
            try log.base.events[7].metadata()
                == EventMetadata(cause: Cause(positions: [Position(7)]), job: "j-d7", run: "r", worker: "w"))
        #expect(log.calls == [100])
    }

    @Test func `an empty batch and one whose effects are true already append nothing`() async throws {
        #expect(await handler().handle([]).isEmpty)
        _ = await handler().handle([Self.open("a")])
        let results = try await handler().handle([Self.open("a"), Self.close("b")]).map { try $0.get() }
        #expect(results.allSatisfy { $0.events.isEmpty && $0.recordedTime == nil })
        #expect(results.map(\.revision) == [.first, nil])
        #expect(log.calls == [1])
    }

    @Test func `a refusal or a wrong name fails its command alone`() async throws {
        _ = await handler().handle([Self.open("b", by: "you")])
        let results = await handler().handle(["a", "b", "no spaces", "c"].map { Self.open($0) })
        #expect(results.map(Self.outcome) == ["1 events", "refused", "log", "1 events"])
        #expect(log.base.events.map(\.stream.text) == ["door-b", "door-a", "door-c"])
    }

    @Test func `those with a stale state are decided again, in one append`() async throws {
        let handler = handler()
        let stale = try (0..<10).map { try handler.load("d\($0)") }
        for number in 0..<3 { try await handler.handle("d\(number)", Door.Command.open(by: "you", at: .epoch)) }
        clock.advance(by: .seconds(2))
        let results = await handler.handle((0..<10).map { Self.open("d\($0)", from: stale[$0]) })
        #expect(
            results.map(Self.outcome) == (0..<10).map { $0 < 3 ? "2 events" : "1 events" })
        #expect(log.calls == [10, 3])
        for number in 0..<10 {
            #expect(try results[number].get().state == handler.load("d\(number)").state)
        }
    }

    @Test func `commands for one stream follow each other`() async throws {
        let batch = [
            Self.open("a"), Self.open("a", by: "you"), Self.open("b"), Self.close("a"), Self.open("a", by: "you"),
        ]
        let results = await handler().handle(batch)
        #expect(results.map(Self.outcome) == ["1 events", "refused", "1 events", "1 events", "1 events"])
        #expect(try results[4].get().revision == Revision(2))
        #expect(try handler().load("a").state == results[4].get().state)
    }

    @Test func `whoever never wins gives up alone`() async throws {
        log.refuses("door-b")
        let results = await handler().handle(["a", "b", "c"].map { Self.open($0) })
        #expect(results.map(Self.outcome) == ["1 events", "contended", "1 events"])
    }

    @Test func `where every place has its own time, one that has none holds nobody up`() async throws {
        let asked = Mutex<Set<String>>([])
        let silent = Effects(
            time: { place in
                asked.withLock { _ = $0.insert(place.stream.id) }
                if place.stream.id == "b" { throw CancellationError() }
                return Timestamp(microseconds: 5)
            }, pause: { _ in })
        let results = await handler(silent).handle(["a", "b", "c"].map { Self.open($0) })
        #expect(results.map(Self.outcome) == ["1 events", "effect", "1 events"])
        #expect(asked.withLock { $0 } == ["a", "b", "c"])
        #expect(log.calls.isEmpty)
    }

    @Test func `a replaced time is asked for each place of a batch`() async throws {
        var effects = live
        effects.time = { place in Timestamp(microseconds: place.stream.id == "b" ? 9 : 8) }
        let results = try await handler(effects).handle(["a", "b"].map { Self.open($0) }).map { try $0.get() }
        #expect(results.map(\.recordedTime) == [8, 9].map { Timestamp(microseconds: $0) })
    }

    @Test(arguments: [UInt64](1...6))
    func `a batch does what its commands do one by one, live and place by place`(seed: UInt64) async throws {
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let batches = (0..<10).map { _ in
            (0..<Int.random(in: 1..<20, using: &random)).map { _ in
                (
                    id: "d\(Int.random(in: 0..<8, using: &random))", who: Int.random(in: 0..<3, using: &random),
                    closes: Int.random(in: 0..<3, using: &random) == 0
                )
            }
        }
        let commands = batches.map { batch in
            batch.map { $0.closes ? Self.close($0.id) : Self.open($0.id, by: "p\($0.who)") }
        }
        let singly = CommandHandler<Door>(log: MemoryLog(), effects: live, worker: "w")
        let apart = CommandHandler<Door>(log: MemoryLog(), effects: placed, worker: "w")
        let together = CommandHandler<Door>(log: MemoryLog(), effects: live, worker: "w")
        for batch in commands {
            var expected: [String] = []
            for command in batch {
                let result = await Self.alone(command, by: singly)
                expected.append(Self.outcome(result))
            }
            #expect(await together.handle(batch).map(Self.outcome) == expected)
            #expect(await apart.handle(batch).map(Self.outcome) == expected)
            for id in Set(batch.map(\.id)) {
                let loaded = try singly.load(id)
                #expect(try together.load(id).state == loaded.state && apart.load(id).state == loaded.state)
                #expect(try together.load(id).revision == loaded.revision)
            }
            clock.advance(by: .microseconds(400_000))
        }
    }

    private static func alone(
        _ command: BatchCommand<Door>, by handler: CommandHandler<Door>
    ) async -> Result<Handled<Door>, CommandError<Door.Refusal>> {
        do throws(CommandError<Door.Refusal>) {
            return .success(try await handler.handle(command.id, cause: command.cause, command.command))
        } catch {
            return .failure(error)
        }
    }

    private static func outcome(_ result: Result<Handled<Door>, CommandError<Door.Refusal>>) -> String {
        switch result {
        case .success(let handled): "\(handled.events.count) events"
        case .failure(.refused): "refused"
        case .failure(.contended): "contended"
        case .failure(.unreadable): "unreadable"
        case .failure(.log): "log"
        case .failure(.effect): "effect"
        }
    }
}

/// A log in memory that notes the size of each batch, and in which somebody else may always be faster.
private final class CountingLog: ForwardingLog {
    let base = MemoryLog()
    var wrapped: any Log { base }
    private let sizes = Mutex<[Int]>([])
    private let refused = Mutex<String?>(nil)

    var calls: [Int] { sizes.withLock { $0 } }

    func refuses(_ stream: String) { refused.withLock { $0 = stream } }

    func append(_ commits: [Commit]) async -> [Result<Appended, LogError>] {
        sizes.withLock { $0.append(commits.count) }
        var results: [Result<Appended, LogError>] = []
        for commit in commits {
            do throws(LogError) {
                results.append(.success(try await append(commit)))
            } catch {
                results.append(.failure(error))
            }
        }
        return results
    }

    func append(_ commit: Commit) async throws(LogError) -> Appended {
        if refused.withLock({ $0 == commit.stream.text }) {
            throw LogError(.conflict(actual: nil), during: "appending", "somebody else was faster")
        }
        return try await base.append(commit)
    }
}

import DeciderTestSupport
import Deciders
import Determinism
import EventLog
import Synchronization
import Testing

@Suite struct CommandHandlerTests {
    private let log = MemoryLog()
    private let clock = VirtualClock(Timestamp(microseconds: 1_000))

    private func handler(_ log: (any Log)? = nil, worker: String? = "w") -> CommandHandler<Door> {
        CommandHandler(log: log ?? self.log, effects: effects(at: clock), worker: worker)
    }

    @Test func `a command's events are recorded with its time, cause and names`() async throws {
        let handled = try await handler().handle(
            "a", run: "r", job: "j", cause: { _ in Cause(positions: [Position(7)]) }
        ) { .open(by: "me", at: $0) }
        #expect(handled.state == .open(by: "me", closes: Timestamp(microseconds: 1_001_000)))
        #expect(handled.positions == [Position(0)])
        let event = try #require(log.events.first)
        #expect(event.time == Timestamp(microseconds: 1_000))
        #expect(event.stream.text == "door-a")
        #expect(
            try event.metadata()
                == EventMetadata(cause: Cause(positions: [Position(7)]), job: "j", run: "r", worker: "w"))
        #expect(try event.decode(DoorOpened.self).by == "me")
    }

    @Test func `a command whose effect is already true appends nothing and asks for no time`() async throws {
        try await handler().handle("a") { .open(by: "me", at: $0) }
        let noTime = Effects(time: { _ in throw CancellationError() }, pause: { _ in })
        let silent = CommandHandler<Door>(log: log, effects: noTime, worker: nil)
        #expect(try await silent.handle("a") { .open(by: "me", at: $0) }.events.isEmpty)
        #expect(try await silent.handle("b", .close).events.isEmpty)
        #expect(log.events.count == 1)
    }

    @Test func `time is asked for the place of the first new event`() async throws {
        let asked = Mutex<[Place]>([])
        let noting = Effects(
            time: { place in
                asked.withLock { $0.append(place) }
                return .epoch
            }, pause: { _ in })
        let handler = CommandHandler<Door>(log: log, effects: noting, worker: nil)
        try await handler.handle("a") { .open(by: "me", at: $0) }
        try await handler.handle("a", .close)
        let stream = try StreamName(category: "door", id: "a")
        #expect(
            asked.withLock { $0 } == [Place(stream: stream, revision: 0), Place(stream: stream, revision: 1)])
    }

    @Test func `a refusal reaches the caller and appends nothing`() async throws {
        try await handler().handle("a") { .open(by: "me", at: $0) }
        await #expect {
            try await handler().handle("a") { .open(by: "you", at: $0) }
        } throws: { error in
            guard case .refused(.heldBy("me")) = error as? CommandError<Door.Refusal> else { return false }
            return true
        }
        #expect(log.events.count == 1)
    }

    @Test func `several events are one commit`() async throws {
        try await handler().handle("a") { .open(by: "me", at: $0) }
        clock.advance(by: .seconds(2))
        let handled = try await handler().handle("a") { .open(by: "you", at: $0) }
        #expect(handled.positions == [Position(1), Position(2)])
        #expect(handled.revision == Revision(2))
        #expect(log.events[1].commitID == log.events[2].commitID)
    }

    @Test func `a held state saves the reading, and a stale one is read again`() async throws {
        let stale = try handler().load("a")
        let first = try await handler().handle("a", from: stale) { .open(by: "me", at: $0) }
        try await handler().handle("a", from: first.loaded, .close)
        let handled = try await handler().handle("a", from: stale) { .open(by: "you", at: $0) }
        #expect(handled.events.count == 1)
        #expect(handled.revision == Revision(2))
        #expect(handled.loaded.lastPosition == Position(2))
        #expect(try handler().load("a").state == handled.state)
    }

    @Test func `many at once: one of them opens the door`() async throws {
        let handler = handler()
        let opened = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<50 {
                group.addTask {
                    (try? await handler.handle("a") { .open(by: "p\(number)", at: $0) })?.events.count == 1
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(opened == 1)
        #expect(log.events.count == 1)
    }

    @Test func `whoever never wins gives up with a name`() async throws {
        let contended = ContendedLog(log)
        await #expect {
            try await handler(contended).handle("a") { .open(by: "me", at: $0) }
        } throws: { error in
            guard case .contended(let stream, _) = error as? CommandError<Door.Refusal> else { return false }
            return stream.text == "door-a"
        }
    }

    @Test func `a long stream is read whole`() async throws {
        let stream = try StreamName(category: "door", id: "a")
        for _ in 0..<600 {
            try log.record([DoorOpened(by: "me", closes: .epoch), DoorClosed()], in: stream)
        }
        #expect(try handler().load("a").revision == Revision(1_199))
    }

    @Test func `an event of another family is passed over, one of a newer version is an error`() async throws {
        _ = try await record(EventType("door.painted"), version: 1, "{}", in: log)
        #expect(try handler().load("a").state == .closed)
        _ = try await record(DoorClosed.type, version: 2, "{}", in: log)
        #expect {
            try handler().load("a")
        } throws: { error in
            "\(error)".contains("door.closed v2") && "\(error)".contains("versions up to 1")
        }
    }

    @Test func `an id that is no stream's is an error`() {
        #expect(throws: CommandError<Door.Refusal>.self) { try handler().load("no spaces") }
    }
}

/// A log in which somebody else is always faster.
private final class ContendedLog: ForwardingLog {
    let wrapped: any Log

    init(_ base: MemoryLog) { wrapped = base }

    func append(_ commit: Commit) async throws(LogError) -> Appended {
        throw LogError(.conflict(actual: nil), during: "appending", "somebody else was faster")
    }
}

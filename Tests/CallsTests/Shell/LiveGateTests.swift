import Deciders
import Determinism
import EventLog
import HTTPTransport
import Jobs
import Logging
import Providers
import Synchronization
import Testing

@testable import Calls

/// A clock whose sleepers wake when it is moved past their time.
private final class SleepingClock: Sendable {
    private struct Sleeper {
        let due: Timestamp
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var now = Sample.at(1_000)
        var next = 0
        var sleepers: [Int: Sleeper] = [:]
        var begun = 0
    }

    private let state = Mutex(State())

    var time: TimeSource { TimeSource { [self] in state.withLock { $0.now } } }
    /// How many sleeps were ever begun.
    var begun: Int { state.withLock { $0.begun } }

    func sleep(_ length: Microseconds) async throws {
        let (id, due) = state.withLock { state in
            state.next += 1
            state.begun += 1
            return (state.next, state.now + length)
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if Task.isCancelled || due <= state.now { return true }
                    state.sleepers[id] = Sleeper(due: due, continuation: continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: id) }?.continuation.resume()
        }
        try Task.checkCancellation()
    }

    func advance(by length: Microseconds) {
        let woken = state.withLock { state in
            state.now = state.now + length
            let due = state.sleepers.filter { $0.value.due <= state.now }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in woken { continuation.resume() }
    }
}

private func ticket(_ number: Int, retry: Bool = false, deferBy: Timestamp = Sample.at(1_000_000)) throws
    -> CallTicket
{
    let call = CallID(job: Sample.job, purpose: .probe, turn: number)
    return CallTicket(
        call: call, attempt: retry ? 2 : 1, job: Sample.job, provider: "x", adapter: OpenAIChat.name,
        endpoint: "http://simulated/v1", model: "m", keyVariable: "K",
        place: Place(stream: try StreamName(category: Call.category, id: call.rawValue), revision: 0),
        isRetry: retry,
        deferBy: deferBy, request: Digest(of: "request"),
        estimate: TokenEstimate(bodyBytes: 400, outputCeiling: 100))
}

/// The order in which things happened.
private final class Order: Sendable {
    private let entries = Mutex<[Int]>([])

    var all: [Int] { entries.withLock { $0 } }

    func append(_ entry: Int) { entries.withLock { $0.append(entry) } }
}

@Suite struct LiveGateTests {
    private let clock = SleepingClock()
    private func gate(_ limits: RateLimits = .none) -> LiveGate {
        LiveGate(
            settings: RateSettings(limits: ["x": limits]), time: clock.time,
            sleep: { [clock] in try await clock.sleep($0) })
    }

    private func answered() -> CallSettlement { CallSettlement(.answered(Sample.completed())) }

    /// Lets other tasks run until it is true; gives up after many turns.
    private func eventually(_ isTrue: () -> Bool) async -> Bool {
        for _ in 0..<100_000 {
            if isTrue() { return true }
            await Task.yield()
        }
        return false
    }

    @Test func `without limits every call passes at once`() async throws {
        let gate = gate()
        for number in 0..<100 { #expect(try await gate.admit(ticket(number)) == .send) }
        #expect(gate.pacing().inFlight == 100)
        for number in 0..<100 { try gate.settle(ticket(number), answered()) }
        #expect(gate.pacing().inFlight == 0)
        #expect(clock.begun == 0)
    }

    @Test func `waiting calls go in the order of arrival as others end`() async throws {
        let gate = gate(RateLimits(concurrency: 1))
        _ = try await gate.admit(ticket(0))
        let order = Order()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...5 {
                group.addTask {
                    _ = try await gate.admit(ticket(number))
                    order.append(number)
                }
                #expect(await eventually { gate.pacing().waiting == number })
            }
            #expect(gate.pacing().description == "5 wait: provider x: 1 of 1 calls under way")
            for number in 0...4 {
                try gate.settle(ticket(number), answered())
                #expect(await eventually { order.all.count == number + 1 })
            }
            try await group.waitForAll()
        }
        #expect(order.all == [1, 2, 3, 4, 5])
    }

    @Test func `a call that has to wait leaves its job's slot to others, and one that passes doesn't`() async throws {
        let gate = gate(RateLimits(concurrency: 1))
        let (first, second) = (JobSlot(), JobSlot())
        _ = try await gate.admit(ticket(0), in: first)
        #expect(!first.isAside)
        let waiting = Task { try await gate.admit(ticket(1), in: second) }
        #expect(await eventually { second.isAside })
        try gate.settle(ticket(0), answered())
        #expect(try await waiting.value == .send)
        try await second.comeBack {}
        #expect(!second.isAside)
    }

    @Test func `a rate is waited for by the clock`() async throws {
        let gate = gate(RateLimits(requestsPerMinute: 60))
        _ = try await gate.admit(ticket(0))
        let second = Task { try await gate.admit(ticket(1)) }
        #expect(await eventually { clock.begun == 1 })
        #expect(gate.pacing().waits.map(\.reason.kind) == ["rate"])
        clock.advance(by: .seconds(2))
        #expect(try await second.value == .send)
        #expect(gate.pacing().waits.isEmpty)
    }

    @Test func `a cancelled call leaves the line at once`() async throws {
        let gate = gate(RateLimits(concurrency: 1))
        _ = try await gate.admit(ticket(0))
        let waiting = Task { try await gate.admit(ticket(1)) }
        #expect(await eventually { gate.pacing().waiting == 1 })
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        #expect(gate.pacing().waiting == 0)
        try gate.settle(ticket(0), answered())
        #expect(try await gate.admit(ticket(2)) == .send)
    }

    @Test func `a call is put off when its lease can't cover a longer wait`() async throws {
        let gate = gate(RateLimits(concurrency: 1))
        _ = try await gate.admit(ticket(0))
        let waiting = Task { try await gate.admit(ticket(1, deferBy: Sample.at(1_060))) }
        #expect(await eventually { clock.begun == 1 })
        clock.advance(by: .seconds(60))
        await #expect(throws: CallDeferred(reason: "provider x: 1 of 1 calls under way")) { try await waiting.value }
        #expect(gate.pacing().waiting == 0)
    }

    @Test func `once closed, what has no room is put off at once`() async throws {
        let gate = gate(RateLimits(concurrency: 1))
        _ = try await gate.admit(ticket(0))
        let waiting = Task { try await gate.admit(ticket(1)) }
        #expect(await eventually { gate.pacing().waiting == 1 })
        gate.close()
        await #expect(throws: CallDeferred.self) { try await waiting.value }
        await #expect(throws: CallDeferred.self) { try await gate.admit(ticket(2)) }
        try gate.settle(ticket(0), answered())
        #expect(try await gate.admit(ticket(3)) == .send)
    }

    @Test func `a used-up quota stops the calls that come after it`() async throws {
        let gate = gate()
        for number in 0..<3 { _ = try await gate.admit(ticket(number)) }
        for number in 0..<3 {
            try gate.settle(ticket(number), CallSettlement(.failed(Sample.failed(1, .quotaExhausted))))
        }
        let waiting = Task { try await gate.admit(ticket(3)) }
        #expect(await eventually { clock.begun == 1 })
        #expect(gate.pacing().waits.first?.reason.kind == "stopped")
        clock.advance(by: .minutes(15))
        #expect(try await waiting.value == .send)
        try gate.settle(ticket(3), answered())
        #expect(try await gate.admit(ticket(4)) == .send)
    }

    @Test func `calls refused for the rate need no room in the retry budget`() async throws {
        let gate = gate()
        let refused = CallSettlement(.failed(Sample.failed(1, .rateLimit, retryAfter: .seconds(1))))
        for number in 0..<60 { _ = try await gate.admit(ticket(number)) }
        for number in 0..<20 { try gate.settle(ticket(number), refused) }
        for number in 20..<60 { try gate.settle(ticket(number), answered()) }
        await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<20 { group.addTask { _ = try await gate.admit(ticket(number, retry: true)) } }
            #expect(await eventually { gate.pacing().waiting == 20 })
            for _ in 0..<1_000 where gate.pacing().waiting > 0 {
                clock.advance(by: .seconds(10))
                for _ in 0..<200 { await Task.yield() }
                #expect(gate.pacing().waits.allSatisfy { $0.reason.kind != "retryBudget" })
            }
            #expect(gate.pacing().waiting == 0)
            group.cancelAll()
        }
    }
}

@Suite struct PacingNoticeTests {
    @Test func `a provider that waits is noted once, and again when it goes on`() {
        var notice = PacingNotice()
        let reason = WaitReason.concurrency(provider: "x", limit: 1)
        #expect(notice.note(nil, at: Sample.at(0)) == nil)
        #expect(notice.note(reason, at: Sample.at(20)) == .waits(reason))
        #expect(notice.note(reason, at: Sample.at(40)) == nil)
        #expect(notice.note(nil, at: Sample.at(41)) == .goesOn)
        #expect(notice.note(reason, at: Sample.at(42)) == nil)
        #expect(notice.note(reason, at: Sample.at(52)) == .waits(reason))
    }
}

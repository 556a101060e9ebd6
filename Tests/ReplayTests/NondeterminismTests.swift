import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Replay
import Synchronization
import Testing

/// Code whose events depend on more than what is recorded is found by executing it again, and its first such event named.
@Suite struct NondeterminismTests {
    /// What a careless program could ask, at one of its steps.
    enum Leak: String, CaseIterable, Sendable {
        case clock, setOrder, random
    }

    @Test(arguments: Leak.allCases) func theFirstEventThatDependsOnItIsNamed(leak: Leak) async throws {
        let recorded = try ScratchLog()
        let leaks = Leaks()
        let live = CommandHandler<Counting>(log: recorded.log, effects: .live(.system), worker: "a")
        for step in 1...9 {
            _ = try await live.handle("t0") { _ in .count(upTo: step, by: leaks.name(at: step, leak)) }
        }
        let fresh = try ScratchLog()
        let report = try await Execution(recorded: recorded.log, fresh: fresh.log).run { context in
            let handler = CommandHandler<Counting>(
                log: context.log, effects: context.effects, worker: context.session.worker)
            for step in 1...9 {
                _ = try await handler.handle("t0") { _ in .count(upTo: step, by: leaks.name(at: step, leak)) }
            }
        }
        #expect(!report.isIdentical)
        // The leak is in the sixth step: the five events before it are the same, and written.
        #expect(report.head.size == 5)
        let difference = try #require(report.firstDifference)
        #expect(difference.position == Position(5))
        guard case .fields(let fields) = difference.reason else {
            Issue.record("\(difference)")
            return
        }
        #expect(fields.map(\.path) == ["$.data.by"])
        #expect(fields.first?.recorded != fields.first?.derived)
        let json = try JSONParser.parse(report.canonicalBytes())
        #expect(json["identical"] == false)
        #expect(json["firstDifference"]?["position"] == 5)
    }

    @Test func withoutALeakTheSameProgramIsIdentical() async throws {
        let recorded = try ScratchLog()
        let live = CommandHandler<Counting>(log: recorded.log, effects: .live(.system), worker: "a")
        for step in 1...9 { _ = try await live.handle("t0") { _ in .count(upTo: step, by: "a") } }
        let fresh = try ScratchLog()
        let report = try await Execution(recorded: recorded.log, fresh: fresh.log).run { context in
            let handler = CommandHandler<Counting>(
                log: context.log, effects: context.effects, worker: context.session.worker)
            for step in 1...9 { _ = try await handler.handle("t0") { _ in .count(upTo: step, by: "a") } }
        }
        #expect(report.isIdentical)
    }
}

/// Gives names that are always the same but at one step.
private final class Leaks: Sendable {
    /// Kept, so that those of the second execution are elsewhere in memory: a set's order depends on that here, as it
    /// depends on the process elsewhere.
    private let kept = Mutex<[Thing]>([])

    func name(at step: Int, _ leak: NondeterminismTests.Leak) -> String {
        guard step == 6 else { return "a" }
        switch leak {
        case .clock: return "\(ContinuousClock.now)"
        case .random: return "\(UInt64.random(in: .min ... .max))"
        case .setOrder:
            let things = (0..<64).map(Thing.init)
            kept.withLock { $0 += things }
            return Set(things).map { "\($0.number)" }.joined(separator: ",")
        }
    }

    private final class Thing: Sendable, Hashable {
        let number: Int
        init(_ number: Int) { self.number = number }
        static func == (left: Thing, right: Thing) -> Bool { left === right }
        func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
    }
}

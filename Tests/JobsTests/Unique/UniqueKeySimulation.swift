import CanonicalJSON
import Deciders
import Determinism
import EventLog

@testable import Jobs

/// Submitters, operators and workers that want one key, interleaved between any two of their steps, dying anywhere.
struct UniqueKeySimulation {
    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    /// One who wants the key; nobody hears of it any more once it has died.
    private struct Actor {
        var settling: UniqueKeySettling
        let job: Int
        let isSubmitter: Bool
    }

    private static let policy = LeasePolicy(length: .hours(1_000))

    private let seed: UInt64
    private var random: SeededGenerator
    private var now = Sample.at(1_000)
    private var jobs: [JobSubmitted] = []
    private var streams: [JobID: [JobEvent]] = [:]
    private var key: [UniqueKeyEvent] = []
    private var actors: [Actor] = []
    /// What submitters were told, by job.
    private var answers: [Int: UniqueKeySettling.Outcome] = [:]
    private var faults = true
    /// How many jobs were begun, for tests of the simulation itself.
    private(set) var begun = 0
    private(set) var closed = 0

    init(seed: UInt64) {
        self.seed = seed
        random = SeededGenerator(seed: seed)
    }

    mutating func run() throws {
        do {
            let conflicts = QueueTerms.Unique.Conflict.allCases
            let hold: QueueTerms.Unique.Hold = pick([
                .untilFinished, .untilFinished, .untilStarted, .whileWaiting, .lasting(.seconds(20)),
            ])
            for ordinal in 0..<(2 + draw(5)) {
                let unique = QueueTerms.Unique("k", scope: .store, hold: hold, onConflict: pick(conflicts))
                jobs.append(Sample.submitted(ordinal, terms: QueueTerms(unique: unique)))
            }
            for index in jobs.indices { submit(index) }
            for _ in 0..<400 { try step() }
            faults = false
            try settleAll()
        } catch {
            throw Violation(description: "seed \(seed): \(error)")
        }
    }

    /// Without faults everyone comes to an end, and who asks again is told the same.
    private mutating func settleAll() throws {
        var steps = 0
        while !actors.isEmpty {
            steps += 1
            if steps > 100_000 { throw Violation(description: "they never end") }
            try act(draw(actors.count))
        }
        for index in jobs.indices {
            let before = answers[index]
            submit(index)
            while let last = actors.indices.last { try act(last) }
            switch (before, answers[index]) {
            case (.begun, .known), (.known, .known): break
            case (.answered(let first), .answered(let second)) where first == second: break
            case (.held, _), (.contended, _), (nil, _): break
            case (let first, let second):
                throw Violation(
                    description:
                        "job \(index) was told \(String(describing: first)), then \(String(describing: second))")
            }
        }
    }

    private mutating func draw(_ bound: Int) -> Int { Int(random.uniform(below: UInt64(bound))) }
    private mutating func pick<Value>(_ values: [Value]) -> Value { values[draw(values.count)] }

    private static func id(_ index: Int) -> JobID { Sample.job(index) }

    private func loaded(_ id: JobID) -> Loaded<Job> {
        let events = streams[id] ?? []
        return Loaded(
            state: Job.fold(events, from: .absent),
            revision: events.isEmpty ? nil : Revision(UInt64(events.count - 1)), lastPosition: nil)
    }

    private func loadedKey() -> Loaded<UniqueKey> {
        Loaded(
            state: UniqueKey.fold(key, from: UniqueKey.initial),
            revision: key.isEmpty ? nil : Revision(UInt64(key.count - 1)), lastPosition: nil)
    }
}

// MARK: - Steps

extension UniqueKeySimulation {
    private mutating func submit(_ index: Int) {
        guard let unique = jobs[index].terms?.unique else { return }
        actors.append(
            Actor(
                settling: UniqueKeySettling(Self.id(index), jobs[index], unique, .submit, by: "me"), job: index,
                isSubmitter: true))
    }

    private mutating func retry(_ index: Int) {
        guard case .known(let job) = loaded(Self.id(index)).state, let unique = job.submission.terms?.unique else {
            return
        }
        actors.append(
            Actor(
                settling: UniqueKeySettling(Self.id(index), job.submission, unique, .retry, by: "operator"), job: index,
                isSubmitter: false)
        )
    }

    private mutating func step() throws {
        now = now + .milliseconds(Int64(draw(2_000)))
        switch draw(12) {
        case 0...6: if !actors.isEmpty { try act(draw(actors.count)) }
        case 7: if !actors.isEmpty, draw(4) == 0 { actors.remove(at: draw(actors.count)) }
        case 8: submit(draw(jobs.count))
        case 9: retry(draw(jobs.count))
        default: try work(draw(jobs.count))
        }
    }

    /// One step of one who wants the key.
    private mutating func act(_ index: Int) throws {
        switch actors[index].settling.action {
        case .readJob(let id): actors[index].settling.read(id, loaded(id))
        case .readKey: actors[index].settling.read(loadedKey(), at: now)
        case .change(let id, let command): actors[index].settling.changed(try handle(id, from: nil, command))
        case .take(let behind, let turn, _): actors[index].settling.took(take(actors[index].settling, behind, turn))
        case .begin(let command):
            let settling = actors[index].settling
            actors[index].settling.began(try handle(settling.id, from: settling.own, command))
        case .pause: actors[index].settling.paused()
        case .end(let outcome):
            let actor = actors.remove(at: index)
            if case .refused(let refusal) = outcome, ![.alreadyFinished, .nothingToRetry].contains(refusal) {
                throw Violation(description: "refused: \(refusal)")
            }
            if actor.isSubmitter { answers[actor.job] = outcome }
        }
    }

    private mutating func take(_ settling: UniqueKeySettling, _ behind: JobID?, _ turn: Int) -> Bool {
        let taken = settling.unique.taken(by: settling.id, of: settling.submission, behind: behind, at: now)
        do throws(UniqueKey.Refusal) {
            key += try UniqueKey.decide(.take(taken, turn: turn), loadedKey().state)
            return true
        } catch {
            return false
        }
    }

    /// What workers and operators do to a job meanwhile.
    private mutating func work(_ index: Int) throws {
        let id = Self.id(index)
        let mayBegin = hasNoParentUnderWay(id)
        let command: Job.Command =
            switch draw(9) {
            case 0 where mayBegin, 1 where mayBegin, 2 where mayBegin: .lease(to: Sample.a, at: now, for: .hours(1_000))
            case 3: .complete(by: Sample.a, at: now, result: [:])
            case 4: .fail(by: Sample.a, at: now, class: "broken", message: "no", retryable: draw(2) == 0)
            case 5: .scheduleRetry(at: now, delay: .seconds(1))
            case 6: .release(by: Sample.a, at: now)
            case 7: .cancel(by: "operator", note: nil, reason: .requested)
            default: .requestRetry(by: "one who knows of no keys")
            }
        _ = try handle(id, from: nil, command)
    }

    /// As the queue sees to it: a job that waits for another's end isn't begun before.
    private func hasNoParentUnderWay(_ id: JobID) -> Bool {
        guard case .known(let job) = loaded(id).state else { return false }
        return (job.submission.terms?.parents ?? []).allSatisfy { range in
            if case .known(let parent) = loaded(range.first).state { parent.hasEnded } else { true }
        }
    }

    /// Decides as a command handler does: by the state that was read, and again when that is stale.
    private mutating func handle(_ id: JobID, from held: Loaded<Job>?, _ command: Job.Command) throws -> Bool {
        var loaded = held ?? self.loaded(id)
        while true {
            let events: [JobEvent]
            do throws(Job.Refusal) {
                events = try Job.decide(command, loaded.state)
            } catch {
                return false
            }
            if events.isEmpty { return true }
            let truth = self.loaded(id)
            guard truth.revision == loaded.revision else {
                loaded = truth
                continue
            }
            streams[id, default: []] += events
            for event in events { try check(event, of: id) }
            return true
        }
    }
}

// MARK: - Rules

extension UniqueKeySimulation {
    private mutating func check(_ event: JobEvent, of id: JobID) throws {
        switch event {
        case .keyLost: closed += 1
        case .submitted, .retryRequested:
            begun += 1
            guard loadedKey().state.last?.holder == id else {
                throw Violation(
                    description: "\(id) is begun, and \(String(describing: loadedKey().state.last)) has the key")
            }
        default: break
        }
        try checkHolders()
    }

    /// Of the jobs that were begun, one has the key by the rule of its hold; but for one whose end the last waits for.
    private func checkHolders() throws {
        let state = loadedKey().state
        let holders = streams.keys.sorted().filter { id in
            guard case .known(let job) = loaded(id).state, job.stage != .cancelled(.replaced),
                id != state.behind?.holder,
                let taken = latestTaken(by: id)
            else { return false }
            // Who runs lets another take the key, and doesn't get it back by failing.
            if taken.hold == .whileWaiting, job.hasBegun { return false }
            // One that has its key for a time and was waited for has let another in before that was over.
            if case .until = taken.hold, wasWaitedFor(id) { return false }
            return taken.holds(job, at: now)
        }
        if holders.count > 1 { throw Violation(description: "\(holders) have the key at once") }
    }

    private func wasWaitedFor(_ id: JobID) -> Bool {
        for case .taken(let taken) in key.reversed() {
            if taken.behind == id { return true }
            if taken.holder == id { return false }
        }
        return false
    }

    private func latestTaken(by id: JobID) -> UniqueKeyTaken? {
        for case .taken(let taken) in key.reversed() where taken.holder == id { return taken }
        return nil
    }
}

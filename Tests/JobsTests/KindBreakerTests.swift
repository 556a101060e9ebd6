import Determinism
import EventLog
import Testing

@testable import Jobs

@Suite struct KindBreakerTests {
    private func breaker(crashes: [Int64]) -> (breaker: KindBreaker, pauses: [KindBreaker.Pause]) {
        var breaker = KindBreaker(worker: Sample.a, kind: "work")
        let pauses = crashes.compactMap { breaker.crashed("signal 11", at: Sample.at($0)) }
        return (breaker, pauses)
    }

    @Test func `after a crash none is begun for a while, drawn from worker, kind and number`() {
        for count in 1...8 {
            let ceiling = min(1 << (count - 1), 30)
            let times = (0..<count).map { Int64($0 * 100) }
            let last = Sample.at(times.last ?? 0)
            let (breaker, pauses) = breaker(crashes: times)
            #expect(pauses.isEmpty)
            let notBefore = breaker.notBefore ?? last
            #expect(notBefore >= last && notBefore <= last + .seconds(Int64(ceiling)))
            #expect(breaker.mayBegin(at: notBefore))
            #expect(notBefore == last || !breaker.mayBegin(at: notBefore - Microseconds(1)))
            #expect(notBefore == self.breaker(crashes: times).breaker.notBefore)
        }
        var other = KindBreaker(worker: Sample.b, kind: "work")
        _ = other.crashed("signal 11", at: Sample.at(0))
        #expect(other.notBefore != breaker(crashes: [0]).breaker.notBefore)
    }

    @Test func `an answer ends the wait, and the next begins small`() {
        var (breaker, _) = breaker(crashes: [0, 1, 2, 3, 4, 5])
        #expect(breaker.lastCrash == "signal 11")
        breaker.answered()
        #expect(breaker.lastCrash == nil)
        #expect(breaker.mayBegin(at: Sample.at(5)))
        _ = breaker.crashed("signal 11", at: Sample.at(6))
        #expect(breaker.notBefore.map { $0 <= Sample.at(7) } == true)
    }

    @Test func `the twentieth crash in a minute pauses the kind for good`() {
        let (breaker, pauses) = breaker(crashes: Array(0..<25))
        #expect(pauses.map(\.crashes) == [20])
        #expect(pauses.first?.reason == "20 crashes in 19 s, the last: signal 11")
        #expect(!breaker.mayBegin(at: Sample.at(1_000_000)))
        var answered = breaker
        answered.answered()
        #expect(!answered.mayBegin(at: Sample.at(1_000_000)))
    }

    @Test func `who resumes it begins anew, and twenty more pause it again`() {
        var (breaker, _) = breaker(crashes: Array(0..<20))
        breaker.resume()
        #expect(breaker.lastCrash == nil)
        #expect(breaker.mayBegin(at: Sample.at(20)))
        #expect(breaker.crashes(at: Sample.at(20)) == 0)
        let pauses = (20..<40 as Range<Int64>).compactMap { breaker.crashed("signal 11", at: Sample.at($0)) }
        #expect(pauses.map(\.crashes) == [20])
        #expect(pauses.first?.since == Sample.at(39))
    }

    @Test func `what a crash said is kept as far as it is read`() {
        var breaker = KindBreaker(worker: Sample.a, kind: "work")
        _ = breaker.crashed(String(repeating: "é", count: 300), at: Sample.at(0))
        #expect(breaker.lastCrash == String(repeating: "é", count: KindBreaker.longestCrash))
    }

    @Test func `nineteen in each minute pause nothing`() {
        let times = (0..<190 as Range<Int64>).map { $0 / 19 * 60 + $0 % 19 }
        #expect(breaker(crashes: times).pauses.isEmpty)
    }

    /// Offers jobs of two kinds at a time, lets the bad ones crash and the good ones end well: how many of each began.
    private func work(
        _ machine: inout QueueMachine, bad: Int, good: Int, first: Int, at now: Timestamp
    ) -> (bad: Int, good: Int, told: [KindBreaker.Pause]) {
        var look = QueueMachine.Look(at: now)
        look.ready = (0..<(bad + good)).map { number in
            QueueMachine.Candidate(
                id: Sample.job(first + number), kind: number < bad ? "bad" : "good",
                position: Position(UInt64(first + number)), priority: 0, queue: "q")
        }
        machine.looked(look)
        var begun = (bad: 0, good: 0, told: [KindBreaker.Pause]())
        for case .claim(let jobs) in machine.next() {
            machine.claimed(jobs.map { ($0.id, now + .hours(1)) }, lost: [])
            begun.bad += jobs.count { $0.kind == "bad" }
            begun.good += jobs.count { $0.kind == "good" }
            for job in jobs { machine.ended(job.id, job.kind == "bad" ? .crashed("signal 11") : .answered) }
        }
        for action in machine.next() {
            if case .record(let ids) = action { machine.recorded(ids) }
            if case .tellPause("bad", let pause) = action { begun.told.append(pause) }
        }
        return begun
    }

    @Test func `a machine begins no job of a kind that crashed before the wait is over, and others go on`() {
        var machine = QueueMachine(
            QueueMachine.Settings(worker: Sample.a, slots: 4, lease: LeasePolicy(length: .hours(1))))
        let first = work(&machine, bad: 1, good: 1, first: 0, at: Sample.at(0))
        #expect([first.bad, first.good] as [Int] == [1, 1])
        guard let notBefore = machine.kinds.first?.notBefore else {
            Issue.record("there is no wait")
            return
        }
        let early = work(&machine, bad: 1, good: 1, first: 2, at: notBefore - Microseconds(1))
        #expect([early.bad, early.good] as [Int] == [0, 1])
        let later = work(&machine, bad: 1, good: 1, first: 4, at: notBefore)
        #expect([later.bad, later.good] as [Int] == [1, 1])
    }

    @Test func `a machine whose kind crashed twenty times says so once, and begins no job of it any more`() {
        var machine = QueueMachine(
            QueueMachine.Settings(worker: Sample.a, slots: 40, lease: LeasePolicy(length: .hours(1))))
        let first = work(&machine, bad: 24, good: 2, first: 0, at: Sample.at(0))
        #expect([first.bad, first.good] as [Int] == [24, 2])
        #expect(first.told.map(\.crashes) == [20])
        let later = work(&machine, bad: 24, good: 2, first: 100, at: Sample.at(100_000))
        #expect([later.bad, later.good] as [Int] == [0, 2])
        #expect(later.told.isEmpty)
        #expect(machine.kinds.first?.pause == first.told.first)
    }

    @Test func `a kind at its target leaves its jobs to others, and room to other kinds`() {
        var machine = QueueMachine(
            QueueMachine.Settings(
                worker: Sample.a, slots: 10, lease: LeasePolicy(length: .hours(1)),
                kinds: ["bad": KindPools.Limits(least: 3, most: 8)]))
        var look = QueueMachine.Look(at: Sample.at(0))
        look.ready = (0..<20).map { number in
            QueueMachine.Candidate(
                id: Sample.job(number), kind: number < 10 ? "bad" : "good", position: Position(UInt64(number)),
                priority: 0, queue: "q")
        }
        look.readyByKind = ["bad": 10]
        machine.looked(look)
        guard case .claim(let jobs)? = machine.next().first else {
            Issue.record("nothing is claimed")
            return
        }
        // From three to six in the first second, as no duration is known and ten are ready.
        #expect(jobs.map(\.id) == (0..<6).map(Sample.job) + (10..<14).map(Sample.job))
        #expect(machine.kinds.first?.running == 6)
        #expect(machine.kinds.first?.inputs?.ready == 10)
    }
}

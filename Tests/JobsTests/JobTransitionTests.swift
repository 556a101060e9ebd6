import DeciderTestSupport
import Determinism
import Testing

@testable import Jobs

@Suite struct JobTransitionTests {
    @Test(arguments: JobGrid.rows)
    func `does in every stage what the table says, and nothing else`(row: JobGrid.Row) {
        #expect(row.outcomes.keys.sorted() == JobGrid.stages.sorted())
        for stage in JobGrid.stages {
            #expect(
                JobGrid.outcome(of: row.command, after: JobGrid.history(stage)) == row.outcomes[stage], "\(stage)")
        }
    }

    /// A job of a run is never cancelled, so there are two stages less.
    @Test(arguments: JobGrid.rows)
    func `does to a job of a run the same, unless it is the run's business`(row: JobGrid.Row) {
        for stage in JobGrid.stages
        where !["absent", "forestalled", "answered", "cancelled", "overdue"].contains(stage) {
            #expect(
                JobGrid.outcome(of: row.command, after: JobGrid.history(stage, terms: nil))
                    == row.ofRun ?? row.outcomes[stage], "\(stage)")
        }
    }

    @Test func `the table has every command and every refusal`() {
        let commands = Set(JobGrid.rows.map { "\($0.command)".prefix { $0 != "(" } })
        #expect(
            commands.sorted() == [
                "cancel", "cancelPastDeadline", "complete", "crash", "expire", "fail", "lease", "loseKey", "putOff",
                "recordLate", "release", "renew", "replace", "report", "requestRetry", "scheduleRetry", "skip",
                "submit", "unlock",
            ])
        let refusals = Set(
            JobGrid.rows.flatMap { row in row.outcomes.values + [row.ofRun ?? "-"] }.filter { $0.hasPrefix("!") })
        #expect(
            refusals.sorted() == [
                "!alreadyFinished", "!beforeDeadline", "!belongsToRun", "!hasBegun", "!isUnderWay", "!keyLost",
                "!leaseHolds", "!leaseLost", "!leasedElsewhere", "!malformedAnswer", "!notDue", "!notReady",
                "!notRunning", "!nothingToRetry", "!pastDeadline", "!standsFor", "!submittedDifferently",
                "!unknownJob",
            ])
    }

    @Test(arguments: ["ready", "retrying", "deferred"])
    func `nothing is begun before its time or at its deadline`(stage: String) {
        let terms = QueueTerms(deadline: Sample.at(1_000), notBefore: Sample.at(60))
        func lease(at seconds: Int64) -> Result<[JobEvent], Job.Refusal> {
            decision(
                Job.self, given: JobGrid.history(stage, terms: terms),
                when: .lease(to: Sample.b, at: Sample.at(seconds), for: .seconds(100)))
        }
        #expect(lease(at: 59) == .failure(.notDue(Sample.at(60))))
        #expect(lease(at: 1_000) == .failure(.pastDeadline(Sample.at(1_000))))
        let attempt = stage == "retrying" ? 2 : 1
        for seconds in [60, 999] as [Int64] {
            let leased = JobLeased(attempt: attempt, deadline: Sample.at(seconds + 100), worker: Sample.b)
            #expect(lease(at: seconds) == .success([.leased(leased)]))
        }
    }
}

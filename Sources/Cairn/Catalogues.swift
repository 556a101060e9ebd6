import Calls
package import Deciders
import Experiments
import Jobs
package import Projections
import Providers
import Replay
import Scoring

/// Everything that the domains registered, in one place: replay, audit and queries know domains through these alone.
package enum Catalogues {
    /// Every event type that this program writes.
    package static let events = EventCatalogue(
        WorkerEvent.types + JobEvent.types + QueueEvent.types + SubmissionEvent.types + UniqueKeyEvent.types
            + RetryBudgetEvent.types + RetentionEvent.types + CallEvent.types + ScoreEvent.types + RankingEvent.types
            + RunEvent.types
            + AccessEvent.types + ForkEvent.types + [LogWithheld.self])

    /// Every read model.
    package static let projectors = ProjectorCatalogue([
        JobStatus.self, ReadyQueue.self, JobQueue.self, Transcripts.self, CallUsage.self, Scores.self, Rankings.self,
        Runs.self,
    ])

    /// Every pure function that a recorded event may cite.
    package static let derivations = JobDerivations.catalogue
        .merging(CallDerivations.catalogue())
        .merging(ScoringDerivations.catalogue)
        .merging(RunDerivations.catalogue)
}

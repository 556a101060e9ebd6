import CanonicalJSON
package import Jobs

/// One question to a model, however often it has to be sent.
///
/// The job's attempt is no part of it, so that an answered question is never paid for twice.
package struct CallID: EntityID {
    package static let kind = "call"
    package let text: IDText
    package init(text: IDText) { self.text = text }

    /// The call of a job's turn.
    ///
    /// `round` is above 0 only where an answered question must be asked anew, as when a judge's answer can't be read.
    package init(job: JobID, purpose: CallPurpose, turn: Int, round: Int = 0) {
        self.init(identifying: [job.rawValue, purpose.rawValue, String(turn), String(round)])
    }
}

package import Deciders
import Determinism
package import EventLog

/// The effects of one recorded session: times from the log, no waiting.
package enum RecordedEffects {
    /// Answers with what `recorded` holds for the events that `worker` wrote.
    ///
    /// A question that the record has no answer to suspends until the caller is cancelled: the recorded process was
    /// killed before it came so far. Where another wrote that event, the answer waits until it has: what is decided
    /// then meets a conflict, as it did the first time.
    package static func make(for worker: String, from recorded: any Log, through sequencer: CommitSequencer) -> Effects
    {
        Effects(
            time: { place in
                guard let position = try recorded.position(of: place.stream, revision: Revision(place.revision)),
                    let event = try recorded.event(at: position)
                else { throw await sequencer.endOfRecord() }
                if try event.metadata().worker != worker, await !sequencer.reached(position.rawValue + 1) {
                    throw CancellationError()
                }
                return event.time
            },
            pause: { _ in try Task.checkCancellation() })
    }
}

import Deciders
package import EventLog
import Jobs

/// Finds recorded answers.
package struct RecordedAnswer: Sendable {
    private let log: any Log

    package init(log: any Log) { self.log = log }

    /// What came back for a call: its own exchange, or that of the call whose answer it reuses; nil without an answer.
    package func exchange(of call: CallID) throws -> CallExchange? {
        let stream = try StreamName(category: Call.category, id: call.rawValue)
        guard let last = try log.readStream(stream, .backward, from: nil, limit: 1).first else { return nil }
        if last.hasType(CallCompleted.type) { return try last.decode(CallCompleted.self).exchange }
        if last.hasType(CallReused.type) { return try last.decode(CallReused.self).exchange }
        return nil
    }

    /// The `llm.callCompleted` at a position and the `llm.callStarted` that it answers.
    func exchange(at position: Position, for call: CallID) throws -> (start: Event, answer: Event) {
        guard let answer = try log.event(at: position), answer.hasType(CallCompleted.type),
            let started = try answer.metadata().cause?.positions.first,
            let start = try log.event(at: started), start.hasType(CallStarted.type)
        else { throw CallRecordError.answerMissing(call, position) }
        return (start, answer)
    }
}

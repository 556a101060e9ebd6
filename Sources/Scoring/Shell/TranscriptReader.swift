package import Calls
import Deciders
import Determinism
package import EventLog
package import Jobs
package import Providers

/// Reads from the log what a probe's model answered.
package struct TranscriptReader: Sendable {
    /// Why a transcript can't be read.
    package enum Failure: Error, Equatable, Sendable {
        case notAnswered(turn: Int)
        /// The body was erased.
        case bodyMissing(turn: Int)
        /// This program's adapter reads the body otherwise than the one that recorded it.
        case unreadable(turn: Int)
    }

    private let log: any Log

    package init(log: any Log) { self.log = log }

    /// The conversation of a probe with all of its answers.
    package func transcript(
        of probe: JobID, _ conversation: Conversation, by adapter: any LLMProvider.Type
    ) throws -> Conversation {
        var conversation = conversation
        while let turn = conversation.nextTurn {
            conversation.take(try answer(of: probe, turn: turn, adapter))
        }
        return conversation
    }

    private func answer(of probe: JobID, turn: Int, _ adapter: any LLMProvider.Type) throws -> String {
        let id = CallID(job: probe, purpose: .probe, turn: turn)
        guard let exchange = try RecordedAnswer(log: log).exchange(of: id) else {
            throw Failure.notAnswered(turn: turn)
        }
        guard let body = try log.blob(exchange.body) else { throw Failure.bodyMissing(turn: turn) }
        switch adapter.result(status: exchange.status, headers: exchange.headers, body: body) {
        case .success(let result): return result.text
        case .failure: throw Failure.unreadable(turn: turn)
        }
    }
}

extension TranscriptReader.Failure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notAnswered(let turn): "turn \(turn) of the probe has no recorded answer"
        case .bodyMissing(let turn): "the answer of turn \(turn) was erased"
        case .unreadable(let turn): "the answer of turn \(turn) can't be read by this program's adapter"
        }
    }
}

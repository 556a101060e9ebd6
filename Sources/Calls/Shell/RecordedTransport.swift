import Deciders
import Determinism
package import EventLog
package import HTTPTransport
import Jobs

/// Answers requests from a recorded log instead of the network.
///
/// A request is found by its label, `callID#attempt`. One that the record has no answer to was in flight when the
/// recorded process was killed: `unanswered` says what becomes of it, usually waiting until the task is cancelled.
package struct RecordedTransport: Transport {
    private let recorded: any Log
    private let unanswered: @Sendable () async -> Void

    package init(recorded: any Log, unanswered: @escaping @Sendable () async -> Void) {
        self.recorded = recorded
        self.unanswered = unanswered
    }

    package func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        guard let (call, attempt) = Self.place(request.label) else {
            throw TransportError(
                kind: .other, message: "a request without the label of a call can't be answered from a log")
        }
        do {
            if let answer = try answer(call, attempt) { return try answer.get() }
        } catch let error as TransportError {
            throw error
        } catch {
            throw TransportError(kind: .other, message: "the recorded answer can't be read", detail: "\(error)")
        }
        await unanswered()
        throw TransportError(kind: .cancelled, message: "the recorded process ended before an answer came")
    }

    private static func place(_ label: String) -> (call: String, attempt: Int)? {
        guard let mark = label.lastIndex(of: "#"), let attempt = Int(label[label.index(after: mark)...]) else {
            return nil
        }
        return (String(label[..<mark]), attempt)
    }

    private func answer(_ call: String, _ attempt: Int) throws -> Result<HTTPResponse, TransportError>? {
        for event in try recorded.readStream(try StreamName(category: Call.category, id: call)) {
            if event.hasType(CallCompleted.type) {
                let completed = try event.decode(CallCompleted.self)
                if completed.attempt == attempt { return .success(try response(completed.exchange)) }
            } else if event.hasType(CallFailed.type) {
                let failed = try event.decode(CallFailed.self)
                guard failed.attempt == attempt else { continue }
                switch failed.evidence {
                case .exchange(let exchange): return .success(try response(exchange))
                case .transport(let failure): return .failure(try error(failure))
                }
            }
        }
        return nil
    }

    private func response(_ exchange: CallExchange) throws -> HTTPResponse {
        let body = try blob(exchange.body)
        return HTTPResponse(
            status: exchange.status,
            headers: exchange.headers.sorted { $0.key < $1.key }.map { HTTPHeader(name: $0.key, value: $0.value) },
            body: body,
            timings: TransferTimings(
                queuedMicroseconds: exchange.queued.count, connectMicroseconds: nil,
                firstByteMicroseconds: exchange.firstByte.count, totalMicroseconds: exchange.total.count),
            httpVersion: "",
            arrivals: exchange.firstToken.map { [Arrival(offset: body.count, microseconds: $0.count)] } ?? [])
    }

    private func error(_ failure: TransportFailure) throws -> TransportError {
        TransportError(
            kind: failure.kind, message: failure.message,
            timings: TransferTimings(
                queuedMicroseconds: 0, connectMicroseconds: nil, firstByteMicroseconds: 0,
                totalMicroseconds: failure.total.count),
            partialBody: try failure.partialBody.map(blob) ?? [])
    }

    private func blob(_ digest: Digest) throws -> [UInt8] {
        guard let bytes = try recorded.blob(digest) else { throw MissingAnswer(digest: digest) }
        return bytes
    }
}

/// The bytes of a recorded answer aren't in the store: erased, or lost.
private struct MissingAnswer: Error, CustomStringConvertible {
    let digest: Digest

    var description: String { "the blob \(digest) isn't in the store" }
}

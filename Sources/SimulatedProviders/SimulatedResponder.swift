internal import CanonicalJSON
internal import Determinism
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import Synchronization

/// Answers the simulated provider's requests: scripts decide, this waits and writes.
struct SimulatedResponder: HTTPResponder {
    /// What a request needs to be answered: nothing.
    struct Context: InitializableFromSource {
        init(source: ApplicationRequestContextSource) {}
    }

    let simulation: Simulation
    let ledger: SharedLedger

    /// Largest request body that is read.
    private static let bodyLimit = 16 << 20
    /// How long a request hangs if the client never gives up.
    private static let hangLimit = Duration.seconds(3_600)

    func respond(to request: Request, context: Context) async throws -> Response {
        switch (request.method, request.uri.path) {
        case (.post, "/v1/chat/completions"): try await complete(request)
        case (.get, "/v1/models"): Self.json(.ok, CompletionWriter.models())
        case (.get, "/stats"): Self.json(.ok, ledger.snapshot.json)
        default:
            Self.json(
                .notFound,
                CompletionWriter.error(
                    type: "invalid_request_error", code: "unknown_url",
                    message: "Unknown request URL: \(request.method.rawValue) \(request.uri.path)."))
        }
    }

    private func complete(_ request: Request) async throws -> Response {
        var request = request
        let body = Array(buffer: try await request.collectBody(upTo: Self.bodyLimit))
        let digest = Digest(of: body)
        let reception = ledger.receive(digest)
        let delay = simulation.delay(of: digest)
        if delay > .zero { try await Task.sleep(for: delay.duration) }
        let parsed: SimulatedRequest
        do throws(SimulatedRequest.Refusal) {
            parsed = try SimulatedRequest(body)
        } catch {
            return Self.json(
                HTTPResponse.Status(code: error.status),
                CompletionWriter.error(
                    type: error.type, code: error.code, parameter: error.parameter, message: error.message))
        }
        let fault = simulation.fault(of: digest, reception: reception)
        switch fault {
        case nil: return answer(AnswerScript.answer(to: parsed, seed: digest), to: parsed, digest)
        case .malformedJudge: return answer(malformed(parsed, digest), to: parsed, digest)
        case .hang:
            try await request.body.consumeWithCancellationOnInboundClose { _ in
                try await Task.sleep(for: Self.hangLimit)
            }
            throw CancellationError()
        case .serverError?, .rateLimit?, .close?, .invalidJSON?, .huge?:
            return FaultScript.response(fault ?? .serverError, digest: digest)
        }
    }

    /// A judge's answer without its JSON; other answers are as they should be.
    private func malformed(_ request: SimulatedRequest, _ digest: Digest) -> AnswerScript.Answer {
        guard JudgeScript(request) != nil else { return AnswerScript.answer(to: request, seed: digest) }
        return AnswerScript.Answer(text: "I would rather not put a number on this, but on the whole it is fine.")
    }

    private func answer(
        _ answer: AnswerScript.Answer, to request: SimulatedRequest, _ digest: Digest
    ) -> Response {
        let body = CompletionWriter.completion(answer, to: request, digest: digest)
        // Head and body in one write: a body written by a closure costs two more system calls.
        ledger.answer(digest)
        var response = Self.json(.ok, body)
        response.headers[Self.requestID] = "req_" + digest.hex.prefix(24)
        return response
    }

    static let requestID = HTTPField.Name.make("x-request-id")

    static func json(_ status: HTTPResponse.Status, _ body: [UInt8]) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}

extension HTTPField.Name {
    /// A name known to be well-formed.
    static func make(_ name: String) -> HTTPField.Name {
        guard let made = HTTPField.Name(name) else { preconditionFailure("\(name) is no name of a header") }
        return made
    }
}

/// The ledger that all connections write; the mutex protects it.
final class SharedLedger: Sendable {
    private let ledger = Mutex(RequestLedger())

    var snapshot: RequestLedger { ledger.withLock { $0 } }

    func receive(_ body: Digest) -> Int { ledger.withLock { $0.receive(body) } }

    func answer(_ body: Digest) { ledger.withLock { $0.answer(body) } }
}

internal import Determinism
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// The responses by which a provider fails.
enum FaultScript {
    /// Thrown to end a connection in the middle of a response.
    struct ConnectionCut: Error {}

    /// How many bytes the response that is too large has.
    private static let hugeBytes = 100_000_000

    static func response(_ fault: Fault, digest: Digest) -> Response {
        switch fault {
        case .serverError:
            SimulatedResponder.json(
                .internalServerError,
                CompletionWriter.error(
                    type: "server_error", code: nil, message: "The server had an error while processing your request."))
        case .rateLimit: rateLimit(milliseconds: 5 + digest.word(0) % 46)
        case .close: cut()
        case .invalidJSON: body(#"{"choices":[{"message":{"role":"assistant","content":"The answer "#)
        case .huge: huge()
        case .hang, .malformedJudge: preconditionFailure("a hang has no response, and a malformed judge answers")
        }
    }

    private static func rateLimit(milliseconds: UInt64) -> Response {
        var response = SimulatedResponder.json(
            .tooManyRequests,
            CompletionWriter.error(
                type: "requests", code: "rate_limit_exceeded",
                message: "Rate limit reached for requests per min (RPM): Limit 600, Used 600, Requested 1. "
                    + "Please try again in \(milliseconds)ms."))
        response.headers[.make("retry-after-ms")] = "\(milliseconds)"
        response.headers[.make("retry-after")] = "1"
        response.headers[.make("x-ratelimit-limit-requests")] = "600"
        response.headers[.make("x-ratelimit-remaining-requests")] = "0"
        response.headers[.make("x-ratelimit-reset-requests")] = "\(milliseconds)ms"
        return response
    }

    /// Promises more than it sends, then closes the connection.
    private static func cut() -> Response {
        let part = ByteBuffer(string: #"{"choices":[{"message":{"#)
        return Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody(contentLength: 1_000) { writer in
                try await writer.write(part)
                throw ConnectionCut()
            })
    }

    private static func body(_ text: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    private static func huge() -> Response {
        let chunk = ByteBuffer(repeating: UInt8(ascii: "a"), count: 1 << 16)
        return Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody(contentLength: hugeBytes) { writer in
                var rest = hugeBytes
                while rest > 0 {
                    let part = chunk.getSlice(at: 0, length: min(rest, chunk.readableBytes)) ?? chunk
                    try await writer.write(part)
                    rest -= part.readableBytes
                }
                try await writer.finish(nil)
            })
    }
}

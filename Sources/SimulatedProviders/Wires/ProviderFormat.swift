internal import CanonicalJSON
internal import NIOHTTP1

/// One provider's way of asking and answering, as pure functions.
protocol ProviderFormat: Sendable {
    var wire: Wire { get }

    /// Reads a request, or refuses it as the provider would.
    func read(_ asked: AskedRequest) throws(ErrorReply) -> SimulatedRequest

    /// The body of a whole answer.
    func body(_ completion: Completion) -> [UInt8]

    /// The events of a streamed answer, its end mark included.
    func events(_ completion: Completion) -> [StreamEvent]

    /// What a stream says when it fails after its beginning.
    func failure(after begun: Completion) -> [StreamEvent]

    /// An error in the provider's status, fields and words.
    func error(_ condition: ErrorCondition) -> ErrorReply

    /// The key that came with a request; nil if none did.
    func key(in headers: HTTPHeaders) -> String?

    /// The headers of every response: the request's id and what is left of the limits.
    func headers(id: String, _ allowance: Allowance?) -> [HeaderField]

    /// The list of models.
    func models(_ names: [String]) -> JSONValue

    /// How the provider says when a refused call may come again, where it is asked for no particular form.
    var retryForm: RetryForm { get }
}

/// A name and a value.
typealias HeaderField = (name: String, value: String)

/// A request as it came, with its body parsed.
struct AskedRequest {
    let body: JSONObject
    let headers: HTTPHeaders
    /// Where the path says it.
    var model: String?
    var streams: Route.Streaming?
}

/// A response that isn't an answer.
struct ErrorReply: Error {
    enum Body: Equatable {
        case json(JSONValue)
        case html(String)
        case text(String)
    }

    var status: Int
    var body: Body
    var headers: [HeaderField] = []

    var contentType: String {
        switch body {
        case .json: "application/json"
        case .html: "text/html"
        case .text: "text/plain"
        }
    }

    /// The body's bytes; where the provider repeats the request's id in an error, it is in them.
    func bytes(id: String) -> [UInt8] {
        switch body {
        case .json(var value):
            if case .object(var members) = value, members["request_id"] != nil {
                members["request_id"] = .string(id)
                value = .object(members)
            }
            return value.canonicalBytes()
        case .html(let text), .text(let text): return Array(text.utf8)
        }
    }
}

/// One part of a stream: a server-sent event, or a comment.
struct StreamEvent: Equatable {
    let bytes: [UInt8]

    init(_ data: JSONValue, name: String? = nil) {
        var bytes: [UInt8] = []
        if let name { bytes += Array("event: \(name)\n".utf8) }
        bytes += Array("data: ".utf8) + data.canonicalBytes() + [0x0A, 0x0A]
        self.bytes = bytes
    }

    init(text: String) { bytes = Array(text.utf8) }

    static let done = StreamEvent(text: "data: [DONE]\n\n")
    static let keepAlive = StreamEvent(text: ": keep-alive\n\n")
}

/// Why a provider refuses, in no provider's words.
enum ErrorCondition: Equatable {
    case badRequest
    case malformedJSON
    case unauthenticated
    case wrongKey
    case paymentRequired
    case forbidden
    case unknownModel(String)
    case unknownURL(String)
    case requestTimeout
    case conflict
    case tooLarge
    case unprocessable
    case rateLimited(Limited)
    case quotaExhausted
    case contextLength
    case contentPolicy
    case internalError
    case badGateway
    case unavailable
    case gatewayTimeout
    case overloaded

    /// A limit that was reached, and what is said of it.
    struct Limited: Equatable {
        enum Unit: String, Equatable { case requests, tokens }

        var unit = Unit.requests
        var limit = 600
        /// How long to wait, in milliseconds, for words alone: the form of the header is another matter.
        var milliseconds: Int64 = 1_000
        /// The delay as the body says it, for providers that do.
        var retryInfo: String?
    }
}

/// The ways in which a response says when to come again.
enum RetryForm: String, Equatable, CaseIterable {
    case millisecondsAndSeconds, seconds, fraction, date, milliseconds, info, none
}

extension ErrorReply {
    static let badGatewayPage = """
        <html>
        <head><title>502 Bad Gateway</title></head>
        <body><center><h1>502 Bad Gateway</h1></center></body>
        </html>
        """
}

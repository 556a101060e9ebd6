/// What providers count per minute.
package enum RateDimension: Int, CaseIterable, Equatable, Sendable {
    case requests
    /// Input and output together.
    case tokens
    case inputTokens
    case outputTokens

    /// As in `600 requests/min`.
    package var unit: String {
        switch self {
        case .requests: "requests/min"
        case .tokens: "tokens/min"
        case .inputTokens: "input tokens/min"
        case .outputTokens: "output tokens/min"
        }
    }
}

/// What a call is expected to cost, before it is sent.
package struct CallSize: Equatable, Sendable {
    /// Tokens of the request, estimated.
    package var input: Int
    /// The most tokens of the answer; nil where the request sets no limit.
    package var outputCeiling: Int?

    package init(input: Int, outputCeiling: Int? = nil) {
        self.input = input
        self.outputCeiling = outputCeiling
    }
}

/// An amount in each dimension, in the order of `RateDimension`.
typealias LimitedUnits = SIMD4<Double>

extension LimitedUnits {
    /// One request of these tokens.
    init(input: Double, output: Double) { self.init(1, input + output, input, output) }

    subscript(dimension: RateDimension) -> Double {
        get { self[dimension.rawValue] }
        set { self[dimension.rawValue] = newValue }
    }
}

/// How many tokens a request may cost, judged by its size before it is sent: version 1 of the rule.
///
/// A token of the usual tokenisers stands for one byte at least, and for about four in most texts.
package struct TokenEstimate: Equatable, Sendable {
    /// What is expected: a quarter of the body's bytes, rounded up.
    package let input: Int
    /// What can't be exceeded: the body's bytes.
    package let worstInput: Int
    /// The most tokens of the answer; nil when the request sets no limit.
    package let outputCeiling: Int?

    package init(bodyBytes: Int, outputCeiling: Int?) {
        input = Self.tokens(inBytes: bodyBytes)
        worstInput = bodyBytes
        self.outputCeiling = outputCeiling
    }

    /// The expected number of tokens of a text of so many bytes of UTF-8.
    package static func tokens(inBytes bytes: Int) -> Int { (bytes + 3) / 4 }
}

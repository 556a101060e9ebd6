/// What calls turn out to cost, compared with what was known before they were sent.
struct SizeEstimator: Equatable, Sendable {
    /// Tokens of input per estimated one.
    private var inputScale = 1.0
    /// Tokens of an answer; nil until one came.
    private var output: Double?

    func units(of size: CallSize) -> LimitedUnits {
        let ceiling = size.outputCeiling.map(Double.init)
        let expected = output.map { min($0, ceiling ?? $0) } ?? ceiling ?? Self.unknownOutput
        return LimitedUnits(input: (Double(size.input) * inputScale).rounded(.up), output: expected.rounded(.up))
    }

    mutating func learn(_ size: CallSize, input: Int?, output answer: Int?) {
        if let input, size.input > 0 {
            let scale = min(max(Double(input) / Double(size.input), 0.1), 10)
            inputScale += (scale - inputScale) * Self.weight
        }
        if let answer { output = output.map { $0 + (Double(answer) - $0) * Self.weight } ?? Double(answer) }
    }

    /// Of the newest call.
    private static let weight = 0.1
    /// Of an answer about which nothing is known.
    private static let unknownOutput = 1_000.0
}

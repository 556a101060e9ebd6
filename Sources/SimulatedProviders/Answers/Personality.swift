internal import Determinism

/// How good a simulated model is: the better, the more careful its sentences and the steadier its judgements.
struct Personality: Equatable {
    /// From 0 (guesses) to 1 (never errs).
    let quality: Double

    /// The named models have their place in the order; any other name has a quality of its own, by its hash.
    init(model: String) {
        quality = Self.known[model] ?? 0.3 + 0.5 * Digest(of: model).share(0)
    }

    private static let known = ["sim-careful": 0.86, "sim-judge": 0.8, "sim-average": 0.6, "sim-hasty": 0.36]

    /// The models that are listed, in order.
    static let models = known.keys.sorted()

    /// The dated name under which the model answers.
    static func snapshot(of model: String) -> String {
        let word = Digest(of: model).word(0)
        let (month, day) = (1 + word % 9, 10 + word / 9 % 19)
        return "\(model)-2026-0\(month)-\(day)"
    }
}

package import CanonicalJSON
import Determinism

/// How far scores of the same answers' places lie apart in two runs, with how sure that is.
///
/// Differences are averaged within each scenario first, since samples and judges of one scenario aren't independent. The
/// shift is the mean over the scenarios, and its interval at 95 % is Student's: shift ± t(n−1) · s / √n over the n
/// scenarios, where s is the deviation of the scenarios' differences with n−1. t is taken from a table of three decimals;
/// between its rows the one with fewer degrees of freedom counts, so that the interval is never too narrow. All is summed
/// in the order of the scenarios' ids and rounded to six places.
package struct PairedShift: Equatable, Sendable {
    /// Scores that both have.
    package let pairs: Int
    /// Of those: with another total.
    package let changed: Int
    package let scenarios: Int
    /// The means of the pairs' totals.
    package let first: Double
    package let second: Double
    package let shift: Double
    /// Nil with fewer than two scenarios.
    package let low: Double?
    package let high: Double?

    /// `pairs` holds the differences by scenario, in the order of ids; nil without any.
    package init?(_ pairs: [(scenario: String, totals: [(first: Double, second: Double)])]) {
        let totals = pairs.flatMap(\.totals)
        guard !totals.isEmpty else { return nil }
        self.pairs = totals.count
        changed = totals.count { $0.first != $0.second }
        scenarios = pairs.count
        first = Self.mean(totals.map(\.first))
        second = Self.mean(totals.map(\.second))
        let means = pairs.map { entry in Self.plainMean(entry.totals.map { $0.second - $0.first }) }
        let shift = Self.plainMean(means)
        self.shift = quantised(shift, places: 6)
        guard means.count > 1 else {
            (low, high) = (nil, nil)
            return
        }
        var squares = FixedOrderSum()
        for mean in means { squares.add((mean - shift) * (mean - shift)) }
        let deviation = (squares.value / Double(means.count - 1)).squareRoot()
        let half = Self.quantile(means.count - 1) * deviation / Double(means.count).squareRoot()
        low = quantised(shift - half, places: 6)
        high = quantised(shift + half, places: 6)
    }

    private static func plainMean(_ numbers: [Double]) -> Double {
        var sum = FixedOrderSum()
        for number in numbers { sum.add(number) }
        return sum.mean ?? 0
    }

    private static func mean(_ numbers: [Double]) -> Double { quantised(plainMean(numbers), places: 6) }

    /// The 97.5 % quantiles of Student's distribution from 1 degree of freedom on.
    private static let quantiles = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
        2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
    ]
    /// Beyond those.
    private static let far = [(40, 2.021), (60, 2.000), (120, 1.980), (1_000, 1.962)]

    static func quantile(_ freedom: Int) -> Double {
        if freedom <= quantiles.count { return quantiles[freedom - 1] }
        return far.last { $0.0 <= freedom }?.1 ?? quantiles[quantiles.count - 1]
    }
}

extension PairedShift: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("changed", changed)
        writer.field("first", first)
        writer.optionalField("high", high)
        writer.optionalField("low", low)
        writer.field("pairs", pairs)
        writer.field("scenarios", scenarios)
        writer.field("second", second)
        writer.field("shift", shift)
        writer.endObject()
    }
}

/// A sum of doubles in the order in which they are given, with compensation.
///
/// A. Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen", ZAMM 54 (1974): the rounding
/// error of each addition is kept in a second double, which is added once, at the end. Only IEEE additions take part, so
/// the result is the same on every machine; another order may give another last bit, so the order is part of the result.
package struct FixedOrderSum: Equatable, Sendable {
    private var sum = 0.0
    private var compensation = 0.0

    /// How many numbers were added.
    package private(set) var count = 0

    package init() {}

    /// The sum of numbers in their order.
    package init(_ numbers: some Sequence<Double>) {
        for number in numbers { add(number) }
    }

    /// Adds the next number.
    package mutating func add(_ number: Double) {
        let next = sum + number
        if abs(sum) >= abs(number) {
            compensation += (sum - next) + number
        } else {
            compensation += (number - next) + sum
        }
        sum = next
        count += 1
    }

    /// The sum so far.
    ///
    /// If it overflowed, the infinity or NaN that plain addition gives.
    package var value: Double { sum.isFinite ? sum + compensation : sum }

    /// The mean so far, nil for no numbers.
    package var mean: Double? { count == 0 ? nil : value / Double(count) }
}

/// A number rounded to a multiple of 10^−places, ties to the even multiple.
///
/// Where a transcendental function took part, its last bits depend on the library; after quantising, equal results have
/// equal bits. Computed as `(x × 10^places)` rounded to even, then divided by 10^places: three correctly rounded
/// operations. `places` is 0 to 15; a product that is no longer finite, and numbers of 2^52 or more, which have no
/// fraction, come back unchanged. Negative zero becomes zero.
package func quantised(_ number: Double, places: Int) -> Double {
    precondition(0...15 ~= places, "a double has at most 15 decimal places that can be told apart")
    let scale = (0..<places).reduce(1.0) { scale, _ in scale * 10 }
    let scaled = number * scale
    guard scaled.isFinite, abs(scaled) < 0x1p52 else { return number }
    return scaled.rounded(.toNearestOrEven) / scale + 0
}

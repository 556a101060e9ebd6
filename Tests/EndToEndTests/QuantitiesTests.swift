import Testing

@testable import CairnCLI

@Suite struct QuantitiesTests {
    @Test(arguments: [
        (0, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "-1,234,567"), (.min, "-9,223,372,036,854,775,808"),
    ])
    func `numbers are grouped by thousands`(number: Int, text: String) {
        #expect(Quantities.grouped(number) == text)
    }

    @Test(arguments: [
        (0, "$0.000000"), (1_500, "$0.000002"), (1_720_000, "$0.0017"), (2_346_000_000, "$2.35"),
        (-5_000_000, "$-0.0050"),
    ])
    func `small sums have more digits`(nano: Int, text: String) {
        #expect(Quantities.dollars(nano: nano) == text)
    }

    @Test(arguments: [
        (999, "999 µs"), (1_500, "1.5 ms"), (67_513, "68 ms"), (1_500_000, "1.5 s"), (65_000_000, "65 s"),
        (600_000_000, "10 min"), (9_000_000_000, "2.5 h"),
    ])
    func `durations have the unit that suits them`(microseconds: Int64, text: String) {
        #expect(Quantities.duration(microseconds: microseconds) == text)
    }

    @Test func `decimals are rounded half to even, and carried`() {
        #expect(Quantities.decimal(0.125, places: 2) == "0.12")
        #expect(Quantities.decimal(0.375, places: 2) == "0.38")
        #expect(Quantities.decimal(9.999, places: 2) == "10.00")
        #expect(Quantities.decimal(-0.5, places: 1) == "-0.5")
        #expect(Quantities.decimal(1e20, places: 2) == "1e+20")
    }
}

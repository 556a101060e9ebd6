import Determinism
import Testing

@Suite struct FixedOrderSumTests {
    @Test("what plain addition loses is kept")
    func compensated() {
        #expect(FixedOrderSum([1, 1e100, 1, -1e100]).value == 2)
        #expect(FixedOrderSum([Double](repeating: 0.1, count: 10)).value == 1)
        #expect(FixedOrderSum([1e16, 1, 1, -1e16]).value == 2)
    }

    @Test("numbers of a common grid are summed exactly", arguments: seeds)
    func exact(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var sum = FixedOrderSum()
        var exact: Int64 = 0
        for _ in 0..<1_000 {
            let part = Int64(random.uniform(below: 1 << 40)) - 1 << 39
            exact += part
            sum.add(Double(part) * 0x1p-30)
        }
        #expect(sum.value == Double(exact) * 0x1p-30)
        #expect(sum.count == 1_000)
    }

    @Test("a mean is the sum over the count, and none for no numbers")
    func mean() {
        #expect(FixedOrderSum([1, 2, 6]).mean == 3)
        #expect(FixedOrderSum().mean == nil)
        #expect(FixedOrderSum().value == 0)
    }

    @Test("an overflow shows as plain addition shows it")
    func overflow() {
        #expect(FixedOrderSum([.greatestFiniteMagnitude, .greatestFiniteMagnitude]).value == .infinity)
        #expect(FixedOrderSum([1, .nan]).value.isNaN)
    }

    @Test(
        "quantising rounds to the place, ties to even",
        arguments: [
            (0.5, 0, 0), (1.5, 0, 2), (2.5, 0, 2), (-2.5, 0, -2), (0.125, 2, 0.12), (0.375, 2, 0.38),
            (1.0 / 3, 4, 0.3333), (2.0 / 3, 6, 0.666667), (123_456.789, 1, 123_456.8), (1e300, 9, 1e300),
            (0x1p60, 3, 0x1p60), (-0.0001, 2, 0),
        ] as [(Double, Int, Double)])
    func quantisation(number: Double, places: Int, expected: Double) {
        #expect(quantised(number, places: places) == expected)
    }

    @Test("quantising forgets the last bits, gives no negative zero, and twice is once", arguments: seeds)
    func quantisedBits(seed: UInt64) {
        #expect(quantised(-0.0001, places: 2).sign == .plus)
        #expect(quantised(.nan, places: 2).isNaN)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<1_000 {
            let number = Double(random.uniform(below: 1_000_000)) / 1_000
            let once = quantised(number, places: 3)
            #expect(once == number)
            #expect(quantised(number.nextUp, places: 3) == once)
            #expect(quantised(once, places: 3) == once)
        }
    }
}

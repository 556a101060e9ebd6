import Determinism
import Testing

@testable import CairnCLI

/// Lengths of time as options take them.
@Suite struct LengthArgumentTests {
    @Test(arguments: [
        ("90", 90_000_000), ("0.5", 500_000), ("0", 0), ("7200", 7_200_000_000), ("250ms", 250_000),
        ("90s", 90_000_000),
        ("2m", 120_000_000), ("2h", 7_200_000_000), ("7d", 604_800_000_000), ("1w", 604_800_000_000),
    ])
    func `a plain number counts seconds, and a whole number may have a unit`(text: String, length: Int64) {
        #expect(LengthArgument(argument: text)?.length == Microseconds(length))
    }

    @Test(arguments: [
        "", "s", ".", "-1", "+1", "1e3", "inf", "nan", "0x1", "1.5m", "1 s", "1S", "2min", "10000000000", "99999999d",
    ])
    func `other texts are refused, and the error says what is taken`(text: String) throws {
        #expect(LengthArgument(argument: text) == nil)
        let error = #expect(throws: (any Error).self) { try LengthArgument(text) }
        #expect(error.map { "\($0)".contains("as in 90, 250ms or 2h") } == true)
    }

    @Test func `an option says which lengths it takes`() throws {
        let length = try LengthArgument("36h")
        #expect(throws: Never.self) { try length.check("--lease", from: "1s", to: "2d") }
        let error = #expect(throws: (any Error).self) { try length.check("--lease", from: "1s", to: "1d") }
        #expect(error.map { "\($0)" } == "--lease takes a length of time from 1s to 1d; found 36h")
    }
}

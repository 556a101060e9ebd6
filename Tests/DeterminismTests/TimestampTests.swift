import Determinism
import Testing

@Suite struct TimestampTests {
    /// Moments and texts from another implementation of the calendar (Python's `datetime`).
    static let moments: [(String, Int64)] = [
        ("0000-01-01T00:00:00.000000Z", -62_167_219_200_000_000),
        ("0001-01-01T00:00:00.000000Z", -62_135_596_800_000_000),
        ("1600-02-29T00:00:00.000000Z", -11_670_998_400_000_000),
        ("1900-02-28T23:59:59.999999Z", -2_203_891_200_000_001),
        ("1900-03-01T00:00:00.000000Z", -2_203_891_200_000_000),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("1970-01-01T00:00:00.000000Z", 0),
        ("2000-02-29T12:00:00.000000Z", 951_825_600_000_000),
        ("2026-11-21T08:09:10.123456Z", 1_795_248_550_123_456),
        ("2038-01-19T03:14:08.000000Z", 2_147_483_648_000_000),
        ("2100-02-28T23:59:59.000000Z", 4_107_542_399_000_000),
        ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
    ]

    @Test("text and moment agree with another calendar", arguments: moments)
    func text(text: String, microseconds: Int64) throws {
        #expect(Timestamp(microseconds: microseconds).text == text)
        #expect(Timestamp(text: text)?.microseconds == microseconds)
    }

    @Test(
        "offsets and fractions of RFC 3339 are read",
        arguments: [
            ("1985-04-12T23:20:50.52Z", "1985-04-12T23:20:50.520000Z"),
            ("1996-12-19T16:39:57-08:00", "1996-12-20T00:39:57.000000Z"),
            ("1937-01-01T12:00:27.87+00:20", "1937-01-01T11:40:27.870000Z"),
            ("2024-02-29T23:59:59.000001-23:59", "2024-03-01T23:58:59.000001Z"),
            ("2026-01-01T00:00:00-00:00", "2026-01-01T00:00:00.000000Z"),
        ])
    func offsets(text: String, inUTC: String) {
        #expect(Timestamp(text: text)?.text == inUTC)
    }

    @Test(
        "what isn't strict RFC 3339 is refused",
        arguments: [
            "", "2026-11-21", "2026-11-21T08:09:10", "2026-11-21 08:09:10Z", "2026-11-21t08:09:10z",
            "2026-11-21T08:09:10.Z",
            "2026-11-21T08:09:10.1234567Z", "2026-11-21T08:09Z", "2026-11-21T24:00:00Z", "2026-11-21T08:60:00Z",
            "1990-12-31T23:59:60Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-02-29T00:00:00Z",
            "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-00T00:00:00Z", "2026-1-01T00:00:00Z",
            "+2026-01-01T00:00:00Z", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+00:60",
            "2026-01-01T00:00:00+0000",
            "2026-01-01T00:00:00Z ", " 2026-01-01T00:00:00Z", "0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
            "２026-01-01T00:00:00Z",
        ])
    func refused(text: String) {
        #expect(Timestamp(text: text) == nil)
    }

    @Test("every moment's text reads back, and texts sort like moments", arguments: seeds)
    func roundTrip(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let span = UInt64(Timestamp.writable.upperBound.microseconds - Timestamp.writable.lowerBound.microseconds)
        var last = Timestamp.epoch
        for _ in 0..<2_000 {
            let moment = Timestamp.writable.lowerBound + Microseconds(Int64(random.uniform(below: span + 1)))
            #expect(Timestamp(text: moment.text) == moment)
            #expect((moment.text < last.text) == (moment < last))
            last = moment
        }
    }

    @Test("only UTC with six digits is the canonical text")
    func canonical() {
        func isCanonical(_ text: String) -> Bool {
            Array(text.utf8).withUnsafeBytes { Timestamp.isCanonical(utf8: $0) }
        }
        #expect(isCanonical("2026-11-21T08:09:10.123456Z"))
        #expect(!isCanonical("2026-11-21T08:09:10.12345Z"))
        #expect(!isCanonical("2026-11-21T08:09:10.12+00:00"))
        #expect(!isCanonical("2026-11-31T08:09:10.123456Z"))
    }

    @Test("moments and lengths are added and subtracted")
    func arithmetic() {
        let moment = Timestamp(microseconds: 1_000_000)
        #expect(moment + .milliseconds(2) == Timestamp(microseconds: 1_002_000))
        #expect(moment - .seconds(2) == Timestamp(microseconds: -1_000_000))
        #expect(moment - .epoch == .seconds(1))
        #expect(moment > .epoch)
        #expect(Timestamp(microseconds: .max).description == "9223372036854775807 µs")
    }
}

@Suite struct MicrosecondsTests {
    @Test("units are multiples of each other")
    func units() {
        #expect(Microseconds.hours(1) == .minutes(60))
        #expect(Microseconds.minutes(1) == .seconds(60))
        #expect(Microseconds.seconds(1) == .milliseconds(1_000))
        #expect(Microseconds.milliseconds(1) == .microseconds(1_000))
        #expect(Microseconds.seconds(3) / 2 == .milliseconds(1_500))
        #expect(Microseconds.milliseconds(5) * 3 - .milliseconds(1) == .milliseconds(14))
        #expect(-Microseconds.seconds(1) < .zero)
        #expect(Microseconds(1_500_000).seconds == 1.5)
    }

    @Test("the description is in the largest whole unit")
    func description() {
        #expect(Microseconds.seconds(30).description == "30 s")
        #expect(Microseconds.milliseconds(250).description == "250 ms")
        #expect(Microseconds(1_500).description == "1500 µs")
    }

    @Test("a standard duration is converted both ways")
    func duration() {
        #expect(Microseconds(.milliseconds(1_234)) == .milliseconds(1_234))
        #expect(Microseconds(.nanoseconds(-1_500)) == .microseconds(-1))
        #expect(Microseconds.seconds(-3).duration == .seconds(-3))
    }
}

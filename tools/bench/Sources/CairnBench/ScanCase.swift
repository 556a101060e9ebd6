import CanonicalJSON
import EventLog

/// Reads a whole log several times and sums its bytes, eight at a time.
enum ScanCase {
    static func run(_ arguments: inout Arguments) throws {
        let log = try LMDBLog.open(at: arguments.word(), .init(access: .readOnly))
        let passes = try (0..<arguments.number()).map { _ in try Pass(log) }
        report(Scan(passes: passes))
        log.close()
    }

    /// One pass over the log.
    struct Pass {
        let seconds: Double
        var events = 0
        var bytes = 0
        var sum: UInt64 = 0

        init(_ log: LMDBLog) throws {
            var (events, bytes, sum) = (0, 0, UInt64(0))
            let start = Moment.clock()
            try log.scan { event in
                event.withRecord { record in
                    record.withUnsafeBytes { sum &+= total($0) }
                    bytes += record.byteCount
                }
                events += 1
            }
            seconds = Moment.clock() - start
            (self.events, self.bytes, self.sum) = (events, bytes, sum)
        }
    }

    private struct Scan: CanonicalEncodable {
        let passes: [Pass]

        func encode(to writer: inout CanonicalWriter) {
            writer.beginObject()
            writer.field("bytes", passes.last?.bytes ?? 0)
            writer.field("events", passes.last?.events ?? 0)
            writer.field("passes", passes.map(\.seconds))
            writer.field("sum", hexadecimal(passes.last?.sum ?? 0))
            writer.endObject()
        }
    }

    private static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// The sum that the C baseline makes as well.
    private static func total(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        guard let start = bytes.baseAddress else { return 0 }
        var sum: UInt64 = 0
        var offset = 0
        while offset + 8 <= bytes.count {
            sum &+= (start + offset).loadUnaligned(as: UInt64.self)
            offset += 8
        }
        while offset < bytes.count {
            sum &+= UInt64((start + offset).load(as: UInt8.self))
            offset += 1
        }
        return sum
    }
}

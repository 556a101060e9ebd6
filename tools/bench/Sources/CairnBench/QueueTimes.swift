import CanonicalJSON
import EventLog

/// What the log of queues says of how fast they were: rates and latencies, by the times of its events.
///
/// A time is taken when its event is decided, before it is on disk: a job that does nothing is completed right after its
/// lease is on disk, so that moment stands for its start.
struct QueueTimes: CanonicalEncodable {
    private static let types = [
        EventType("job.submitted"), EventType("job.leased"), EventType("job.completed"),
    ]

    private var submitted: [Int64] = []
    /// By job: from its submission to its first lease, and to its completion; in the order of completions.
    private var leased: [Int64] = []
    private var completed: [Int64] = []
    /// When jobs were completed, in order.
    private var ends: [Int64] = []
    private var firstLease = Int64.max

    static func run(_ arguments: inout Arguments) throws {
        let log = try LMDBLog.open(at: arguments.word(), .init(access: .readOnly))
        report(try QueueTimes(log))
        log.close()
    }

    /// Prints how many events a log has.
    static func size(_ arguments: inout Arguments) throws {
        let log = try LMDBLog.open(at: arguments.word(), .init(access: .readOnly))
        print("{\"size\":\(try log.head().size)}")
        log.close()
    }

    private init(_ log: LMDBLog) throws {
        var places: [StreamName: Int] = [:]
        var leases: [Int64] = []
        try log.scan(matching: EventFilter(types: Self.types)) { event in
            let time = event.time.microseconds
            if event.hasType(Self.types[0]) {
                places[event.stream] = submitted.count
                submitted.append(time)
                leases.append(0)
                return
            }
            guard let place = places[event.stream] else { throw BenchError("\(event.stream) begins with its lease") }
            if event.hasType(Self.types[1]) {
                firstLease = min(firstLease, time)
                if leases[place] == 0 { leases[place] = time }
            } else {
                ends.append(time)
                leased.append(leases[place] - submitted[place])
                completed.append(time - submitted[place])
            }
        }
    }

    func encode(to writer: inout CanonicalWriter) {
        let ends = ends.sorted()
        writer.beginObject()
        writer.field("completed", ends.count)
        writer.field("firstLease", Self.seconds(firstLease))
        writer.field("firstSubmission", Self.seconds(submitted.min() ?? 0))
        writer.field("lastCompletion", Self.seconds(ends.last ?? 0))
        writer.field("lastSubmission", Self.seconds(submitted.max() ?? 0))
        writer.field("submitted", submitted.count)
        writer.field("tenths", Self.rates(ends, parts: 10))
        writer.field("toCompletion", Spread(completed))
        writer.field("toLease", Spread(leased))
        writer.endObject()
    }

    /// Completions a second, for equal numbers of jobs.
    private static func rates(_ ends: [Int64], parts: Int) -> [Double] {
        guard ends.count >= 2 * parts else { return [] }
        return (0..<parts).map { part in
            let (first, last) = (part * (ends.count - 1) / parts, (part + 1) * (ends.count - 1) / parts)
            return Double(last - first) / max(seconds(ends[last] - ends[first]), 1e-6)
        }
    }

    private static func seconds(_ microseconds: Int64) -> Double { Double(microseconds) / 1e6 }

    /// Lengths of time, in milliseconds.
    private struct Spread: CanonicalEncodable {
        private let sorted: [Int64]

        init(_ lengths: [Int64]) { sorted = lengths.sorted() }

        func encode(to writer: inout CanonicalWriter) {
            writer.beginObject()
            writer.field("max", at(1))
            writer.field("p50", at(0.5))
            writer.field("p99", at(0.99))
            writer.endObject()
        }

        private func at(_ part: Double) -> Double {
            sorted.isEmpty ? 0 : Double(sorted[Int(Double(sorted.count - 1) * part)]) / 1e3
        }
    }
}

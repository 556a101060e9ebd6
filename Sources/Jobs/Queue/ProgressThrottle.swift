package import Determinism

/// Which reports of progress are recorded: at most one in ten seconds or tenth of the way.
package struct ProgressThrottle: Sendable {
    private static let step = 100
    private static let interval = Microseconds.seconds(10)

    private var recorded: (thousandths: Int, time: Timestamp)?
    /// The last report, recorded or not.
    package private(set) var latest: (thousandths: Int, message: String?) = (0, nil)

    package init() {}

    /// Notes a report, and says whether it is to be recorded.
    package mutating func take(_ thousandths: Int, _ message: String?, at now: Timestamp) -> Bool {
        let thousandths = min(max(thousandths, 0), 1_000)
        latest = (thousandths, message)
        if let recorded, abs(thousandths - recorded.thousandths) < Self.step, now - recorded.time < Self.interval {
            return false
        }
        recorded = (thousandths, now)
        return true
    }
}

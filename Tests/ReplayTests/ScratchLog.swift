import EventLog
import TestSupport

/// A store of its own for one test, closed and removed when released.
final class ScratchLog: Sendable {
    let log: LMDBLog
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory("replay")
        log = try LMDBLog.open(at: directory.path("store"), .init(durability: .noSync))
    }

    deinit { log.close() }
}

import DeciderTestSupport
import Determinism
import EventLog
import Synchronization

/// A log that lets something else happen whenever it is scanned.
final class InterruptedLog: ForwardingLog {
    let wrapped: any Log
    private let interruption = Mutex<(@Sendable (Position) throws -> Void)?>(nil)
    private let count = Mutex(0)

    init(_ base: MemoryLog) { wrapped = base }

    /// How often something else happened.
    var interruptions: Int { count.withLock { $0 } }

    func beforeScan(_ body: @escaping @Sendable (Position) throws -> Void) {
        interruption.withLock { $0 = body }
    }

    func scan(
        from position: Position, to end: Position?, matching filter: EventFilter, _ body: (Event) throws -> Void
    ) throws {
        try interruption.withLock { $0 }?(position)
        count.withLock { $0 += 1 }
        try wrapped.scan(from: position, to: end, matching: filter, body)
    }

}

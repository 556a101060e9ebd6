import Foundation
import Synchronization

/// Runs `body` on a thread of its own and waits for it.
func onAnotherThread<R: Sendable>(_ body: @escaping @Sendable () throws -> R) throws -> R {
    let box = ResultBox<R>()
    Thread.detachNewThread { box.fill(Result { try body() }) }
    return try box.take()
}

private final class ResultBox<R: Sendable>: Sendable {
    private let result = Mutex<Result<R, any Error>?>(nil)
    private let filled = DispatchSemaphore(value: 0)

    func fill(_ value: Result<R, any Error>) {
        result.withLock { $0 = value }
        filled.signal()
    }

    func take() throws -> R {
        filled.wait()
        guard let value = result.withLock({ $0 }) else { preconditionFailure("The box was filled before.") }
        return try value.get()
    }
}

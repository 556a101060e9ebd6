/// Runs `body` until it ends, cancelled once `cut` returns; what counts is how `body` ends.
///
/// Whatever it throws after it was cut is its cancellation: the outside world may call that by another name.
func race<R: Sendable>(
    _ body: @escaping @Sendable () async throws -> R, cut: @escaping @Sendable () async throws -> Void
) async throws -> R {
    try await withThrowingTaskGroup(of: R?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await cut()
            return nil
        }
        defer { group.cancelAll() }
        if let first = try await group.next(), let result = first { return result }
        group.cancelAll()
        do {
            if let second = try await group.next(), let result = second { return result }
        } catch {
            throw CancellationError()
        }
        throw CancellationError()
    }
}

import Jobs

/// A gate that keeps to no budget and holds nobody back.
extension CallGate {
    package func close() {}

    package func exhaustion() async throws -> Exhaustion {
        try await OneShot().wait()
        throw CancellationError()
    }
}

/// A request on its way, and who waits for its result.
struct TransferWork: Sendable {
    let id: UInt64
    let request: HTTPRequest
    /// The request's origin, which is the lane it waits in.
    let origin: String
    /// Microseconds of the monotonic clock.
    let submittedAt: Int64
    let continuation: CheckedContinuation<TransferResult, Never>

    init(id: UInt64, request: HTTPRequest, continuation: CheckedContinuation<TransferResult, Never>) {
        self.id = id
        self.request = request
        self.continuation = continuation
        origin = String(request.origin)
        submittedAt = MonotonicClock.now
    }

    /// The error of a transfer that ended before its turn came.
    func unsent(_ kind: TransportError.Kind, at now: Int64) -> TransportError {
        let waited = now - submittedAt
        return TransportError(
            kind: kind, message: kind.message(request.limits),
            detail: "\(request.method) \(request.shownURL): before it was sent",
            timings: TransferTimings(queuedMicroseconds: waited, totalMicroseconds: waited))
    }
}

typealias TransferResult = Result<HTTPResponse, TransportError>

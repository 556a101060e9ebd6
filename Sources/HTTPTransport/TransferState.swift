/// One transfer as a state machine: what happened goes in, whether to go on comes out.
///
/// Times are microseconds of one monotonic clock. Nothing here waits, reads a clock or touches libcurl.
struct TransferState: Equatable {
    enum Phase: Equatable {
        /// Resolving, connecting, agreeing on TLS.
        case connecting
        /// The request is leaving or has left; nothing came back yet.
        case awaitingResponse
        case receiving
    }

    enum Action: Equatable {
        case proceed
        /// End the transfer now; `stopReason` says why.
        case stop
    }

    /// Most bytes of header fields, over all interim responses.
    static let maxHeadBytes = 256 << 10

    private(set) var phase = Phase.connecting
    /// Why we ended it, the first reason if there were several.
    ///
    /// `nil` while it goes on, and when it ended by itself.
    private(set) var stopReason: TransportError.Kind?
    private let submittedAt: Int64
    let startedAt: Int64
    private let limits: TransferLimits
    private var connectedAt: Int64?
    private var firstByteAt: Int64?
    private var headBytes = 0
    private var bodyBytes = 0

    init(submittedAt: Int64, startedAt: Int64, limits: TransferLimits) {
        self.submittedAt = submittedAt
        self.startedAt = startedAt
        self.limits = limits
    }

    /// The connection is ready and the request is about to be sent.
    ///
    /// The second time means that a kept connection died and libcurl would send the request again: it may have been acted on,
    /// so it is not repeated behind the caller's back.
    mutating func connected(at now: Int64) -> Action {
        guard phase == .connecting else { return stop(.reset) }
        connectedAt = now
        phase = .awaitingResponse
        return .proceed
    }

    mutating func receivedHead(bytes: Int, at now: Int64) -> Action {
        beginReceiving(at: now)
        headBytes += bytes
        return headBytes > Self.maxHeadBytes ? stop(.tooLarge) : .proceed
    }

    /// A piece of the body; `declared` is the length that the server announced, if it did.
    mutating func receivedBody(bytes: Int, declared: Int?, at now: Int64) -> Action {
        beginReceiving(at: now)
        bodyBytes += bytes
        return max(bodyBytes, declared ?? 0) > limits.maxResponseBytes ? stop(.tooLarge) : .proceed
    }

    mutating func clockReached(_ now: Int64) -> Action {
        if stopReason != nil { return .stop }
        guard now >= nextDeadline else { return .proceed }
        return stop(expiredTimeout)
    }

    @discardableResult
    mutating func stop(_ reason: TransportError.Kind) -> Action {
        stopReason = stopReason ?? reason
        return .stop
    }

    /// When the clock has to be looked at again.
    var nextDeadline: Int64 {
        let total = deadline(limits.totalTimeout)
        return switch phase {
        case .connecting: min(total, deadline(limits.connectTimeout), deadline(limits.firstByteTimeout))
        case .awaitingResponse: min(total, deadline(limits.firstByteTimeout))
        case .receiving: total
        }
    }

    /// The timeout that a transfer in this phase runs into first.
    var expiredTimeout: TransportError.Kind {
        let next = nextDeadline
        return switch phase {
        case .connecting where next == deadline(limits.connectTimeout): .connectTimeout
        case .connecting where next == deadline(limits.firstByteTimeout): .firstByteTimeout
        case .awaitingResponse where next == deadline(limits.firstByteTimeout): .firstByteTimeout
        case .connecting, .awaitingResponse, .receiving: .totalTimeout
        }
    }

    func timings(endedAt: Int64, connectionWasReused: Bool) -> TransferTimings {
        TransferTimings(
            queuedMicroseconds: startedAt - submittedAt,
            connectMicroseconds: connectionWasReused ? nil : connectedAt.map { $0 - startedAt },
            firstByteMicroseconds: firstByteAt.map { $0 - startedAt } ?? 0,
            totalMicroseconds: endedAt - submittedAt)
    }

    private mutating func beginReceiving(at now: Int64) {
        guard phase != .receiving else { return }
        firstByteAt = now
        phase = .receiving
    }

    private func deadline(_ timeout: Duration) -> Int64 {
        let (sum, overflow) = startedAt.addingReportingOverflow(timeout.wholeMicroseconds)
        return overflow ? .max : sum
    }
}

extension Duration {
    /// Microseconds, rounded up so that a positive timeout never becomes none; the largest number where they don't fit.
    var wholeMicroseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        let fraction = (attoseconds + 999_999_999_999) / 1_000_000_000_000
        let (sum, carried) = scaled.addingReportingOverflow(fraction)
        if overflow || carried { return seconds < 0 ? .min : .max }
        return sum
    }
}

import CCurl
import Glibc

/// One transfer at a time on one easy handle, with the bytes that it gathers.
///
/// Lives in its loop's pool and is used by the loop's thread alone. libcurl holds an unretained pointer to it; the pool
/// outlives every transfer.
final class CurlTransfer {
    private var handle: CurlHandle?
    private(set) var work: TransferWork?
    private(set) var state = TransferState(submittedAt: 0, startedAt: 0, limits: TransferLimits())
    private var head = ResponseHead()
    private var body: [UInt8] = []
    private var arrivals = ArrivalLog()
    /// Of the connection, which transfers on the same one have in common; 0 as long as there is none.
    private(set) var localPort: CInt = 0
    private let contacts: Contacts

    init(configuration: CurlTransport.Configuration, poll: SocketPoll, contacts: Contacts) {
        self.contacts = contacts
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        handle = unsafe CurlHandle(
            configuration: configuration,
            callbacks: CurlHandle.Callbacks(
                context: context,
                receiveHead: { unsafe CurlTransfer.at($3)?.receiveHead($0, count: $1 * $2) ?? 0 },
                receiveBody: { unsafe CurlTransfer.at($3)?.receiveBody($0, count: $1 * $2) ?? 0 },
                beforeRequest: { context, _, _, _, localPort in
                    unsafe CurlTransfer.at(context)?.beginRequest(from: localPort) ?? CURL_PREREQFUNC_ABORT
                }))
        if let easy = unsafe handle?.easy { unsafe poll.attach(toEasy: easy) }
    }

    /// The transfer behind a pointer that libcurl was given.
    static func at(_ context: UnsafeMutableRawPointer?) -> CurlTransfer? {
        unsafe context.map { unsafe Unmanaged<CurlTransfer>.fromOpaque($0).takeUnretainedValue() }
    }

    /// For the multi handle; `nil` when libcurl has no memory for one.
    var easy: UnsafeMutableRawPointer? { unsafe handle?.easy }

    /// Whether the response came in a way that lets others share its connection; `nil` before there is one.
    var isShared: Bool? { head.status == 0 ? nil : head.httpVersion == "2" }

    func begin(_ work: TransferWork, at now: Int64) {
        self.work = work
        localPort = 0
        state = TransferState(submittedAt: work.submittedAt, startedAt: now, limits: work.request.limits)
        handle?.prepare(work.request)
    }

    func clockReached(_ now: Int64) -> TransferState.Action { heed(state.clockReached(now)) }

    func stop(_ reason: TransportError.Kind) { heed(state.stop(reason)) }

    /// Sends what waits on the connection, such as the news that another transfer on it was stopped.
    func flush() { handle?.flush() }

    /// Ends the transfer, which must not be with the multi handle any more, and makes it ready for the next one.
    func end(with code: CURLcode, at now: Int64) -> (work: TransferWork, result: TransferResult) {
        guard let work else { preconditionFailure("a transfer ended that hadn't begun") }
        let result = result(of: work.request, code: code, at: now)
        handle?.finish(work.request)
        self.work = nil
        head = ResponseHead()
        body = []
        arrivals = ArrivalLog()
        return (work, result)
    }

    private func result(of request: HTTPRequest, code: CURLcode, at now: Int64) -> TransferResult {
        let reused = handle?.reusedConnection ?? false
        let timings = state.timings(endedAt: now, connectionWasReused: reused)
        if code == CURLE_OK, state.stopReason == nil {
            return .success(
                HTTPResponse(
                    status: head.status, headers: head.headers, body: body, timings: timings,
                    httpVersion: head.httpVersion, arrivals: arrivals.arrivals))
        }
        // Of a transfer that we ended libcurl only knows that we did.
        let text = state.stopReason == nil ? handle?.errorMessage(for: code) : nil
        let failure = CurlFailure(code: Int(code.rawValue), text: text ?? "")
        let kind = state.stopReason ?? failure.kind(in: state)
        return .failure(
            TransportError(
                kind: kind, message: kind.message(request.limits), detail: failure.detail(request), timings: timings,
                status: head.status == 0 ? nil : head.status, partialBody: body,
                arrivals: arrivals.arrivals))
    }

    @discardableResult
    private func heed(_ action: TransferState.Action) -> TransferState.Action {
        if action == .stop { handle?.forbidReuse() }
        return action
    }

    private func beginRequest(from port: CInt) -> CInt {
        let action = heed(state.connected(at: MonotonicClock.now))
        // Sent a second time it would count as two.
        if localPort == 0 { contacts.note(self) }
        localPort = localPort == 0 ? port : localPort
        return action == .proceed ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
    }

    /// Answers how many bytes were taken; fewer than came makes libcurl end the transfer.
    private func receiveHead(_ bytes: UnsafeMutablePointer<CChar>?, count: Int) -> Int {
        unsafe head.take(UnsafeRawBufferPointer(start: bytes, count: count))
        return heed(state.receivedHead(bytes: count, at: MonotonicClock.now)) == .proceed ? count : 0
    }

    private func receiveBody(_ bytes: UnsafeMutablePointer<CChar>?, count: Int) -> Int {
        let now = MonotonicClock.now
        let action = heed(state.receivedBody(bytes: count, declared: head.contentLength, at: now))
        if body.isEmpty, action == .proceed, let length = head.contentLength {
            body.reserveCapacity(min(length, 1 << 20))
        }
        unsafe body.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
        if work?.request.recordsArrivals == true {
            arrivals.note(Arrival(offset: body.count, microseconds: now - state.startedAt))
        }
        return action == .proceed ? count : 0
    }
}

/// Microseconds of the system's monotonic clock.
enum MonotonicClock {
    static var now: Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}

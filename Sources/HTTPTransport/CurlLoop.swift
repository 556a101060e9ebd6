import CCurl

/// What happens on the thread: owns the multi handle, the connections and the pool of transfers.
///
/// Not Sendable: made, run and freed on one thread.
@safe final class CurlLoop {
    /// Longest sleep, in milliseconds, when no deadline is nearer.
    private static let longestSleep: Int64 = 60_000

    private let thread: CurlThread
    private let wakeUp: WakeUp
    private let poll: SocketPoll
    private let configuration: CurlTransport.Configuration
    private let multi: UnsafeMutableRawPointer
    private var queue: AdmissionQueue<TransferWork>
    private var running: [UInt64: CurlTransfer] = [:]
    /// Transfers that have nothing to do; with `running`, all that were ever made.
    private var idle: [CurlTransfer] = []
    private let contacts = Contacts()
    private var inbox = CurlThread.Inbox()
    private var finished: [(transfer: CurlTransfer, code: CURLcode)] = []
    private var ended: [(work: TransferWork, result: TransferResult)] = []
    /// Connections on which a transfer was stopped in this round.
    private var stoppedPorts: Set<CInt> = []
    /// No running transfer has an earlier deadline.
    private var earliestDeadline = Int64.max

    /// `nil` when libcurl has no memory.
    init?(thread: CurlThread, wakeUp: WakeUp, poll: SocketPoll, configuration: CurlTransport.Configuration) {
        guard CurlLibrary.problem == nil, let multi = unsafe curl_shim_multi_init() else { return nil }
        self.thread = thread
        self.wakeUp = wakeUp
        self.poll = poll
        self.configuration = configuration
        unsafe self.multi = multi
        queue = AdmissionQueue(
            limit: configuration.maxTransfers,
            limits: OriginCapacity.Limits(
                transfers: configuration.maxTransfersPerHost, connections: configuration.maxConnectionsPerHost,
                streamsPerConnection: configuration.maxStreamsPerConnection))
        unsafe curl_shim_multi_set_long(multi, CURLMOPT_MAXCONNECTS, configuration.maxTransfers)
        unsafe curl_shim_multi_set_long(
            multi, CURLMOPT_MAX_HOST_CONNECTIONS, configuration.maxConnectionsPerHost ?? 0)
        unsafe curl_shim_multi_set_long(
            multi, CURLMOPT_MAX_CONCURRENT_STREAMS, configuration.maxStreamsPerConnection)
        unsafe poll.attach(to: multi)
    }

    deinit { unsafe curl_shim_multi_cleanup(multi) }

    /// Goes round until the shut-down: start what may run, let libcurl work, hand out results, sleep.
    func run() {
        while !inbox.isShutDown {
            acceptInbox()
            admit()
            runTimer()
            collectFinished()
            stopExpired()
            flushStopped()
            resumeEnded()
            noteContacts()
            let mustGoOn = queue.canAdmit
            thread.take(into: &inbox, sleeper: mustGoOn ? nil : wakeUp)
            wait(milliseconds: mustGoOn || !inbox.isEmpty ? 0 : longestWait())
            if inbox.isEmpty { thread.take(into: &inbox, sleeper: nil) }
        }
        acceptInbox()
        endAll()
    }

    private func acceptInbox() {
        for work in inbox.submitted { queue.enqueue(work, key: work.id, origin: work.origin) }
        for id in inbox.cancelled { cancel(id) }
        inbox.submitted.removeAll(keepingCapacity: true)
        inbox.cancelled.removeAll(keepingCapacity: true)
    }

    private func admit() {
        noteContacts()
        guard queue.canAdmit else { return }
        let now = MonotonicClock.now
        while let work = queue.admit() { begin(work, at: now) }
    }

    private func noteContacts() {
        for transfer in contacts.takeAll() {
            guard let work = transfer.work else { continue }
            queue.reach(
                origin: work.origin, connection: transfer.localPort,
                mayShare: work.request.isSecure && transfer.localPort != 0)
        }
    }

    private func begin(_ work: TransferWork, at now: Int64) {
        let transfer = idle.popLast() ?? CurlTransfer(configuration: configuration, poll: poll, contacts: contacts)
        transfer.begin(work, at: now)
        running[work.id] = transfer
        earliestDeadline = min(earliestDeadline, transfer.state.nextDeadline)
        let code = unsafe transfer.easy.map { unsafe curl_shim_multi_add(multi, $0) } ?? CURLM_OUT_OF_MEMORY
        if code != CURLM_OK { end(transfer, with: CURLE_OUT_OF_MEMORY, at: now) }
    }

    /// What is new, and what waits for a time instead of a socket.
    private func runTimer() {
        if poll.takeTimer(at: MonotonicClock.now) { act(on: CURL_SOCKET_TIMEOUT, mask: 0) }
    }

    private func wait(milliseconds: Int64) {
        poll.wait(milliseconds: milliseconds) { socket, mask in act(on: socket, mask: mask) }
    }

    private func act(on socket: curl_socket_t, mask: CInt) {
        var stillRunning: CInt = 0
        let code = unsafe curl_shim_multi_act(multi, socket, mask, &stillRunning)
        precondition(code == CURLM_OK, "curl_multi_socket_action failed with \(code.rawValue): the handle was misused")
    }

    private func collectFinished() {
        var left: CInt = 0
        // All messages first: libcurl searches those that are left for a handle that is removed.
        while let message = unsafe curl_shim_multi_message(multi, &left) {
            guard unsafe message.pointee.msg == CURLMSG_DONE else { continue }
            var context: UnsafeMutableRawPointer?
            unsafe curl_shim_get_pointer(message.pointee.easy_handle, CURLINFO_PRIVATE, &context)
            guard let transfer = unsafe CurlTransfer.at(context) else { continue }
            finished.append((transfer, unsafe message.pointee.data.result))
        }
        guard !finished.isEmpty else { return }
        let now = MonotonicClock.now
        for (transfer, code) in finished { end(transfer, with: code, at: now) }
        finished.removeAll(keepingCapacity: true)
    }

    /// Looks at all deadlines, but only when one of them may have come.
    private func stopExpired() {
        let now = MonotonicClock.now
        guard now >= earliestDeadline else { return }
        var expired: [CurlTransfer] = []
        earliestDeadline = .max
        for transfer in running.values {
            if transfer.clockReached(now) == .stop {
                expired.append(transfer)
            } else {
                earliestDeadline = min(earliestDeadline, transfer.state.nextDeadline)
            }
        }
        for transfer in expired { end(transfer, with: CURLE_ABORTED_BY_CALLBACK, at: now) }
    }

    private func cancel(_ id: UInt64) {
        let now = MonotonicClock.now
        if let transfer = running[id] {
            transfer.stop(.cancelled)
            end(transfer, with: CURLE_ABORTED_BY_CALLBACK, at: now)
        } else if let work = queue.withdraw(id) {
            ended.append((work, .failure(work.unsent(.cancelled, at: now))))
        }
    }

    /// Tells servers of streams that were stopped on connections which go on: libcurl would, but only with what comes next.
    private func flushStopped() {
        guard !stoppedPorts.isEmpty else { return }
        for transfer in running.values where stoppedPorts.remove(transfer.localPort) != nil { transfer.flush() }
        stoppedPorts.removeAll(keepingCapacity: true)
    }

    /// Takes the transfer from libcurl, which closes its connection unless the response was complete or others use it too.
    private func end(_ transfer: CurlTransfer, with code: CURLcode, at now: Int64) {
        if let easy = unsafe transfer.easy { unsafe curl_shim_multi_remove(multi, easy) }
        // It may have got a connection and ended within one step.
        noteContacts()
        if transfer.state.stopReason != nil, transfer.localPort != 0 { stoppedPorts.insert(transfer.localPort) }
        let connection = transfer.localPort == 0 ? nil : transfer.localPort
        let shares = transfer.isShared
        let (work, result) = transfer.end(with: code, at: now)
        running[work.id] = nil
        queue.release(origin: work.origin, connection: connection, shares: shares)
        idle.append(transfer)
        ended.append((work, result))
    }

    private func resumeEnded() {
        for (work, result) in ended { work.continuation.resume(returning: result) }
        ended.removeAll(keepingCapacity: true)
    }

    /// Milliseconds until a deadline or libcurl's timer.
    private func longestWait() -> Int64 {
        let next = min(earliestDeadline, poll.timer)
        guard next != .max else { return Self.longestSleep }
        return max(0, min(Self.longestSleep, (next - MonotonicClock.now + 999) / 1000))
    }

    /// The shut-down: nobody is left waiting, and no connection stays open.
    private func endAll() {
        let now = MonotonicClock.now
        for id in running.keys.sorted() {
            guard let transfer = running[id] else { continue }
            transfer.stop(.shutDown)
            end(transfer, with: CURLE_ABORTED_BY_CALLBACK, at: now)
        }
        for work in queue.withdrawAll() { ended.append((work, .failure(work.unsent(.shutDown, at: now)))) }
        resumeEnded()
    }
}

/// Transfers that have just got a connection; used by the loop's thread alone.
final class Contacts {
    private var transfers: [CurlTransfer] = []

    func note(_ transfer: CurlTransfer) { transfers.append(transfer) }

    func takeAll() -> [CurlTransfer] {
        guard !transfers.isEmpty else { return [] }
        defer { transfers.removeAll() }
        return transfers
    }
}

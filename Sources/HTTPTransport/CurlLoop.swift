import CCurl
import Glibc

/// What happens on the thread: owns the multi handle, the connections and the pool of transfers.
///
/// Not Sendable: made, run and freed on one thread.
@safe final class CurlLoop {
    /// Longest sleep, in milliseconds, when no deadline is nearer.
    private static let longestSleep: Int64 = 60_000

    private let thread: CurlThread
    private let configuration: CurlTransport.Configuration
    private let multi: UnsafeMutableRawPointer
    private var queue: AdmissionQueue<TransferWork>
    private var running: [UInt64: CurlTransfer] = [:]
    /// Transfers that have nothing to do; with `running`, all that were ever made.
    private var idle: [CurlTransfer] = []
    private var inbox = CurlThread.Inbox()
    private var ended: [(work: TransferWork, result: TransferResult)] = []
    /// No running transfer has an earlier deadline.
    private var earliestDeadline = Int64.max

    /// `nil` when libcurl has no memory.
    init?(thread: CurlThread, configuration: CurlTransport.Configuration) {
        guard CurlHandle.isLibraryReady, let multi = unsafe curl_multi_init() else { return nil }
        self.thread = thread
        self.configuration = configuration
        unsafe self.multi = multi
        queue = AdmissionQueue(
            limit: configuration.maxConnections, limitPerOrigin: configuration.maxConnectionsPerHost)
        unsafe curl_shim_multi_set_long(multi, CURLMOPT_MAXCONNECTS, configuration.maxConnections)
    }

    deinit { unsafe curl_multi_cleanup(multi) }

    /// Goes round until the shut-down: start what may run, let libcurl work, hand out results, sleep.
    func run() {
        let waker = unsafe CurlWaker(multi: multi)
        while !inbox.isShutDown {
            acceptInbox()
            admit()
            perform()
            collectFinished()
            stopExpired()
            resumeEnded()
            let mustGoOn = queue.canAdmit
            thread.take(into: &inbox, sleeper: mustGoOn ? nil : waker)
            if mustGoOn || !inbox.isEmpty { continue }
            sleep()
            thread.take(into: &inbox, sleeper: nil)
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
        guard queue.canAdmit else { return }
        let now = MonotonicClock.now
        while let work = queue.admit() { begin(work, at: now) }
    }

    private func begin(_ work: TransferWork, at now: Int64) {
        let transfer = idle.popLast() ?? CurlTransfer(configuration: configuration)
        transfer.begin(work, at: now)
        running[work.id] = transfer
        earliestDeadline = min(earliestDeadline, transfer.state.nextDeadline)
        let code = unsafe transfer.easy.map { unsafe curl_multi_add_handle(multi, $0) } ?? CURLM_OUT_OF_MEMORY
        if code != CURLM_OK { end(transfer, with: CURLE_OUT_OF_MEMORY, at: now) }
    }

    private func perform() {
        var stillRunning: CInt = 0
        let code = unsafe curl_multi_perform(multi, &stillRunning)
        precondition(code == CURLM_OK, "curl_multi_perform failed with \(code.rawValue): the handle was misused")
    }

    private func collectFinished() {
        var left: CInt = 0
        let now = MonotonicClock.now
        while let message = unsafe curl_multi_info_read(multi, &left) {
            guard unsafe message.pointee.msg == CURLMSG_DONE else { continue }
            var context: UnsafeMutableRawPointer?
            unsafe curl_shim_get_pointer(message.pointee.easy_handle, CURLINFO_PRIVATE, &context)
            guard let transfer = unsafe CurlTransfer.at(context) else { continue }
            end(transfer, with: unsafe message.pointee.data.result, at: now)
        }
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

    /// Takes the transfer from libcurl, which closes its connection unless the response was complete.
    private func end(_ transfer: CurlTransfer, with code: CURLcode, at now: Int64) {
        if let easy = unsafe transfer.easy { unsafe curl_multi_remove_handle(multi, easy) }
        let (work, result) = transfer.end(with: code, at: now)
        running[work.id] = nil
        queue.release(origin: work.origin)
        idle.append(transfer)
        ended.append((work, result))
    }

    private func resumeEnded() {
        for (work, result) in ended { work.continuation.resume(returning: result) }
        ended.removeAll(keepingCapacity: true)
    }

    private func sleep() {
        let untilDeadline = earliestDeadline == .max ? .max : earliestDeadline - MonotonicClock.now + 999
        let milliseconds = max(0, min(Self.longestSleep, untilDeadline / 1000))
        unsafe curl_multi_poll(multi, nil, 0, CInt(milliseconds), nil)
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

/// Wakes a loop that sleeps in `curl_multi_poll`; may be used from any thread while the loop lives.
@safe struct CurlWaker: @unchecked Sendable {
    // `curl_multi_wakeup` is libcurl's one multi function for other threads; `CurlThread` calls it under its lock, and not
    // after the shut-down that ends the loop.
    private let multi: UnsafeMutableRawPointer

    init(multi: UnsafeMutableRawPointer) { unsafe self.multi = multi }

    func wake() { unsafe curl_multi_wakeup(multi) }
}

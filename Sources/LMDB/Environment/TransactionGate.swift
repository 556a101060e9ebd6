internal import Glibc

/// Counts the open transactions of an environment, so that the map is replaced, and the environment closed, only when
/// there are none.
///
/// A thread that asks for exclusive use waits for open transactions to end, and keeps new ones out meanwhile. A thread
/// that has a transaction open may always begin another: kept out, it would wait for a grower that waits for it.
///
/// `@unchecked Sendable`: every stored variable is read and written under `mutex` alone.
@safe final class TransactionGate: @unchecked Sendable {
    private struct Holder {
        let thread: UInt
        var open: Int
        var writing: Bool
    }

    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private var holders: [Holder] = []
    private var waitingForExclusive = 0
    private var exclusive = false
    private var closing = false

    /// Whether a transaction may begin.
    enum Admission {
        case admitted, closed, nestedWrite
    }

    init() {
        unsafe mutex = .allocate(capacity: 1)
        unsafe changed = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(changed, nil)
        holders.reserveCapacity(16)
    }

    deinit {
        unsafe pthread_cond_destroy(changed)
        unsafe pthread_mutex_destroy(mutex)
        unsafe changed.deallocate()
        unsafe mutex.deallocate()
    }

    /// Counts a transaction of the calling thread in; waits while another thread has or awaits exclusive use.
    func enter(writing: Bool) -> Admission {
        lock()
        defer { unlock() }
        if let mine = ownIndex() {
            if closing { return .closed }
            if writing && holders[mine].writing { return .nestedWrite }
            holders[mine].open += 1
            holders[mine].writing = holders[mine].writing || writing
            return .admitted
        }
        while waitingForExclusive > 0 && !closing { unsafe pthread_cond_wait(changed, mutex) }
        if closing { return .closed }
        holders.append(Holder(thread: Self.currentThread, open: 1, writing: writing))
        return .admitted
    }

    /// Counts a transaction of the calling thread out; true if it was the last one of an environment being closed.
    func leave(writing: Bool) -> Bool {
        lock()
        defer { unlock() }
        guard let mine = ownIndex() else {
            preconditionFailure("A transaction must end on the thread on which it began.")
        }
        holders[mine].open -= 1
        if writing { holders[mine].writing = false }
        if holders[mine].open == 0 { holders.swapAt(mine, holders.count - 1); holders.removeLast() }
        guard holders.isEmpty else { return false }
        if waitingForExclusive > 0 { unsafe pthread_cond_broadcast(changed) }
        return closing
    }

    /// Runs `body` while no transaction is open; nil if the calling thread itself has one open, or the gate is closed.
    func exclusively<R>(_ body: () -> R) -> R? {
        lock()
        defer { unlock() }
        if ownIndex() != nil || closing { return nil }
        waitingForExclusive += 1
        while exclusive || !holders.isEmpty { unsafe pthread_cond_wait(changed, mutex) }
        defer {
            waitingForExclusive -= 1
            unsafe pthread_cond_broadcast(changed)
        }
        if closing { return nil }
        exclusive = true
        unlock()
        let result = body()
        lock()
        exclusive = false
        return result
    }

    /// Whether the calling thread has a transaction open.
    var isHeldByThisThread: Bool {
        lock()
        defer { unlock() }
        return ownIndex() != nil
    }

    /// Lets no transaction begin any more; true if the caller should release the resources now, and false if the last
    /// transaction will, or if it was closed before.
    func close() -> Bool {
        lock()
        defer { unlock() }
        while exclusive { unsafe pthread_cond_wait(changed, mutex) }
        if closing { return false }
        closing = true
        unsafe pthread_cond_broadcast(changed)
        return holders.isEmpty
    }

    private func ownIndex() -> Int? {
        let thread = Self.currentThread
        return holders.firstIndex { $0.thread == thread }
    }

    private static var currentThread: UInt {
        UInt(pthread_self())
    }

    private func lock() {
        unsafe pthread_mutex_lock(mutex)
    }

    private func unlock() {
        unsafe pthread_mutex_unlock(mutex)
    }
}

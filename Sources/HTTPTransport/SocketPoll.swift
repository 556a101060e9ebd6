import CCurl
import Glibc

/// Waits for libcurl's sockets and its timer, by epoll.
///
/// Used by the loop's thread alone. libcurl holds an unretained pointer to it, which its owner outlives.
@safe final class SocketPoll {
    private static let batch = 256

    private let epoll: CInt
    private let wakeUp: WakeUp
    private var table = WatchTable()
    private let events: UnsafeMutableBufferPointer<epoll_event>
    /// When libcurl wants to be called though nothing happened, in microseconds of the monotonic clock.
    private(set) var timer = Int64.max

    /// `nil` when the system has no descriptor for it.
    init?(wakeUp: WakeUp) {
        epoll = epoll_create1(CInt(EPOLL_CLOEXEC))
        self.wakeUp = wakeUp
        unsafe events = .allocate(capacity: Self.batch)
        guard epoll >= 0, change(EPOLL_CTL_ADD, wakeUp.descriptor, EPOLLIN.rawValue) else { return nil }
    }

    deinit {
        if epoll >= 0 { _ = Glibc.close(epoll) }
        unsafe events.deallocate()
    }

    /// Makes the multi handle tell what it waits for.
    func attach(to multi: UnsafeMutableRawPointer) {
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe curl_shim_multi_set_socket_wanted(
            multi,
            { _, socket, what, context, _ in
                unsafe SocketPoll.at(context)?.wants(what, of: socket)
                return 0
            }, context)
        unsafe curl_shim_multi_set_timer_wanted(
            multi,
            { _, milliseconds, context in
                unsafe SocketPoll.at(context)?.setTimer(milliseconds)
                return 0
            }, context)
    }

    /// Makes an easy handle open and close its sockets here.
    func attach(toEasy easy: UnsafeMutableRawPointer) {
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe curl_shim_set_sockets(
            easy,
            { context, _, address in
                guard let address = unsafe address?.pointee else { return -1 }
                return unsafe SocketPoll.at(context)?.open(address.family, address.socktype, address.protocol) ?? -1
            },
            { context, socket in unsafe SocketPoll.at(context)?.close(socket) ?? -1 }, context)
    }

    /// Sleeps until something happens, somebody wakes it or the time is over; then tells what each socket is ready for.
    func wait(milliseconds: Int64, _ ready: (_ socket: CInt, _ mask: CInt) -> Void) {
        let count = unsafe epoll_wait(epoll, events.baseAddress, CInt(Self.batch), CInt(clamping: milliseconds))
        for index in 0..<max(0, Int(count)) {
            let event = unsafe events[index]
            let socket = unsafe event.data.fd
            if socket == wakeUp.descriptor {
                wakeUp.drain()
                continue
            }
            let (wanted, change) = table.happened(at: Int(socket))
            perform(change, on: socket)
            if !wanted.isEmpty { ready(socket, Self.mask(unsafe event.events, wanted)) }
        }
    }

    /// Whether libcurl's time has come; it has to be called then.
    func takeTimer(at now: Int64) -> Bool {
        guard timer <= now else { return false }
        timer = .max
        return true
    }

    private static func at(_ context: UnsafeMutableRawPointer?) -> SocketPoll? {
        unsafe context.map { unsafe Unmanaged<SocketPoll>.fromOpaque($0).takeUnretainedValue() }
    }

    /// An error or an end counts as what was waited for: the next read or write tells which it is.
    private static func mask(_ events: UInt32, _ wanted: WatchTable.Interest) -> CInt {
        let failed = events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0
        let reads = failed ? wanted.contains(.reading) : events & EPOLLIN.rawValue != 0
        let writes = failed ? wanted.contains(.writing) : events & EPOLLOUT.rawValue != 0
        return (reads ? CURL_CSELECT_IN : 0) | (writes ? CURL_CSELECT_OUT : 0)
    }

    private func wants(_ what: CInt, of socket: curl_socket_t) {
        let interest: WatchTable.Interest =
            switch what {
            case CURL_POLL_IN: .reading
            case CURL_POLL_OUT: .writing
            case CURL_POLL_INOUT: [.reading, .writing]
            default: []
            }
        perform(table.wants(interest, of: Int(socket)), on: socket)
    }

    private func setTimer(_ milliseconds: Int) {
        timer = milliseconds < 0 ? .max : MonotonicClock.now + Int64(milliseconds) * 1000
    }

    /// Programs that this one starts don't get the socket.
    private func open(_ family: CInt, _ type: CInt, _ number: CInt) -> curl_socket_t {
        let socket = socket(family, type | CInt(SOCK_CLOEXEC.rawValue), number)
        if socket >= 0 { table.opened(Int(socket)) }
        return socket
    }

    private func close(_ socket: curl_socket_t) -> CInt {
        perform(table.closes(Int(socket)), on: socket)
        return Glibc.close(socket)
    }

    private func perform(_ change: WatchTable.Change, on socket: CInt) {
        switch change {
        case .none: break
        case .add(let interest): self.change(EPOLL_CTL_ADD, socket, interest.events)
        case .modify(let interest): self.change(EPOLL_CTL_MOD, socket, interest.events)
        case .remove: self.change(EPOLL_CTL_DEL, socket, 0)
        }
    }

    @discardableResult
    private func change(_ operation: CInt, _ socket: CInt, _ events: UInt32) -> Bool {
        var event = unsafe epoll_event()
        unsafe event.events = events
        unsafe event.data.fd = socket
        return unsafe epoll_ctl(epoll, operation, socket, &event) == 0
    }
}

extension WatchTable.Interest {
    fileprivate var events: UInt32 {
        (contains(.reading) ? EPOLLIN.rawValue : 0) | (contains(.writing) ? EPOLLOUT.rawValue : 0)
    }
}

/// Wakes a loop that sleeps; may be used from any thread.
///
/// The descriptor lives as long as anybody has the object, so that nobody can write to one that was closed.
final class WakeUp: Sendable {
    let descriptor: CInt

    /// `nil` when the system has no descriptor for it.
    init?() {
        descriptor = eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK))
        if descriptor < 0 { return nil }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    func wake() {
        var one: UInt64 = 1
        _ = unsafe write(descriptor, &one, MemoryLayout<UInt64>.size)
    }

    /// Lets the loop sleep again.
    func drain() {
        var count: UInt64 = 0
        _ = unsafe read(descriptor, &count, MemoryLayout<UInt64>.size)
    }
}

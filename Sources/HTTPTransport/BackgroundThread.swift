import CCurl
import Glibc
import Synchronization

/// Threads of the transport, each of which is joined before the program's exit handlers run.
///
/// OpenSSL frees what it has in an exit handler; a thread that still closes a connection then would read freed memory. Our
/// handler is registered after OpenSSL's and so runs before it. `_exit` runs neither.
enum BackgroundThread {
    private struct Entry {
        let handle: pthread_t
        let stop: @Sendable () -> Void
        let end: End
    }

    /// Whether the thread has done its work; it then ends by itself within moments.
    private final class End: Sendable {
        let isReached = Atomic(false)
    }

    /// All that were started and not joined yet.
    private static let entries = Mutex<[Entry]>([])
    private static let isHandlerRegistered: Bool = atexit { BackgroundThread.endAll() } == 0

    /// Starts a thread that runs `body`; `stop` makes it return soon, and may be called from any thread, and late.
    ///
    /// Answers 0, or the system's error.
    static func start(_ body: @escaping @Sendable () -> Void, stop: @escaping @Sendable () -> Void) -> CInt {
        guard CurlLibrary.problem == nil, isHandlerRegistered else { return ENOMEM }
        let end = End()
        let context = unsafe Unmanaged.passRetained(Start(body: body, end: end))
        return entries.withLock { entries in
            joinEnded(&entries)
            var handle = pthread_t()
            let status = unsafe pthread_create(
                &handle, nil,
                { context in
                    guard let context = unsafe context else { return nil }
                    unsafe Unmanaged<Start>.fromOpaque(context).takeRetainedValue().run()
                    return nil
                }, context.toOpaque())
            if status == 0 {
                entries.append(Entry(handle: handle, stop: stop, end: end))
            } else {
                unsafe context.release()
            }
            return status
        }
    }

    private static func joinEnded(_ entries: inout [Entry]) {
        entries.removeAll { entry in
            guard entry.end.isReached.load(ordering: .acquiring) else { return false }
            pthread_join(entry.handle, nil)
            return true
        }
    }

    private static func endAll() {
        let all = entries.withLock { entries in
            defer { entries = [] }
            return entries
        }
        for entry in all { entry.stop() }
        for entry in all where pthread_equal(entry.handle, pthread_self()) == 0 {
            pthread_join(entry.handle, nil)
        }
    }

    private final class Start {
        private let body: @Sendable () -> Void
        private let end: End

        init(body: @escaping @Sendable () -> Void, end: End) {
            self.body = body
            self.end = end
        }

        /// Signals are for others: a broken TLS connection may raise SIGPIPE here, which must not end the program.
        func run() {
            var signals = sigset_t()
            unsafe sigfillset(&signals)
            unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
            unsafe curl_shim_name_thread("cairn-http")
            body()
            end.isReached.store(true, ordering: .releasing)
        }
    }
}

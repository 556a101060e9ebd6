import Glibc
import Synchronization

/// The door to the one thread that runs all transfers: work and cancellations go in through an inbox.
///
/// The inbox is behind a mutex. The thread takes everything out at once, and is woken only if it sleeps, so that many
/// submissions cost one wake-up.
final class CurlThread: Sendable {
    /// What the thread finds when it looks.
    struct Inbox {
        var submitted: [TransferWork] = []
        var cancelled: [UInt64] = []
        var isShutDown = false

        var isEmpty: Bool { submitted.isEmpty && cancelled.isEmpty && !isShutDown }
    }

    private struct Shared: ~Copyable {
        var inbox = Inbox()
        /// Set while the thread sleeps or is about to, having seen an empty inbox.
        var sleeper: CurlWaker?
        /// Why nothing is taken any more.
        var refusal: TransportError?
    }

    private let shared = Mutex(Shared())
    private let lastID = Atomic<UInt64>(0)

    /// Starts the thread, which ends after `shutDown()`.
    static func start(configuration: CurlTransport.Configuration) -> CurlThread {
        let thread = CurlThread()
        let context = unsafe Unmanaged.passRetained(Start(thread: thread, configuration: configuration))
        var handle = pthread_t()
        let status = unsafe pthread_create(
            &handle, nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<Start>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        if status == 0 {
            pthread_detach(handle)
        } else {
            unsafe context.release()
            thread.refuse("the system allows no further thread (error \(status))")
        }
        return thread
    }

    func nextID() -> UInt64 { lastID.wrappingAdd(1, ordering: .relaxed).newValue }

    /// Hands over work; its continuation is resumed exactly once, whatever happens.
    func submit(_ work: TransferWork) {
        let refusal = shared.withLock { shared -> TransportError? in
            if let refusal = shared.refusal { return refusal }
            shared.inbox.submitted.append(work)
            shared.sleeper.take()?.wake()
            return nil
        }
        if let refusal { work.continuation.resume(returning: .failure(refusal)) }
    }

    /// Ends the transfer with this id, if it was submitted before and goes on.
    func cancel(_ id: UInt64) {
        shared.withLock { shared in
            guard shared.refusal == nil else { return }
            shared.inbox.cancelled.append(id)
            shared.sleeper.take()?.wake()
        }
    }

    func shutDown() {
        shared.withLock { shared in
            guard shared.refusal == nil else { return }
            shared.refusal = TransportError(
                kind: .shutDown, message: TransportError.Kind.shutDown.message(TransferLimits()))
            shared.inbox.isShutDown = true
            shared.sleeper.take()?.wake()
        }
    }

    /// Takes everything that came in; with nothing there, and leave to sleep, later arrivals will use the waker.
    func take(into inbox: inout Inbox, sleeper: CurlWaker?) {
        shared.withLock { shared in
            shared.sleeper = shared.inbox.isEmpty ? sleeper : nil
            swap(&shared.inbox, &inbox)
        }
    }

    /// Refuses all that is and will be submitted: the thread can't work.
    func refuse(_ reason: String) {
        let error = TransportError(kind: .other, message: reason)
        let stranded = shared.withLock { shared in
            shared.refusal = shared.refusal ?? error
            shared.sleeper = nil
            defer { shared.inbox = Inbox() }
            return shared.inbox.submitted
        }
        for work in stranded { work.continuation.resume(returning: .failure(error)) }
    }

    private final class Start {
        let thread: CurlThread
        let configuration: CurlTransport.Configuration

        init(thread: CurlThread, configuration: CurlTransport.Configuration) {
            self.thread = thread
            self.configuration = configuration
        }

        /// Signals are for others: a broken TLS connection may raise SIGPIPE here, which must not end the program.
        func run() {
            var signals = sigset_t()
            unsafe sigfillset(&signals)
            unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
            guard let loop = CurlLoop(thread: thread, configuration: configuration) else {
                thread.refuse("libcurl can't start: no memory")
                return
            }
            loop.run()
        }
    }
}

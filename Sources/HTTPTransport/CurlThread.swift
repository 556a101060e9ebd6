import Synchronization

/// The door to the one thread that runs all transfers: work and cancellations go in through an inbox.
///
/// The inbox is behind a mutex. The thread takes everything out at once, and is woken only if it sleeps, so that many
/// submissions cost one wake-up. The thread begins with the first submission.
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
        var hasBegun = false
        /// Set while the thread sleeps or is about to, having seen an empty inbox.
        var sleeper: WakeUp?
        /// Why nothing is taken any more.
        var refusal: TransportError?
    }

    /// Open files that the rest of the program may need.
    private static let otherFiles = 512

    private let configuration: CurlTransport.Configuration
    private let shared = Mutex(Shared())
    private let lastID = Atomic<UInt64>(0)

    init(configuration: CurlTransport.Configuration) { self.configuration = configuration }

    func nextID() -> UInt64 { lastID.wrappingAdd(1, ordering: .relaxed).newValue }

    /// Hands over work; its continuation is resumed exactly once, whatever happens.
    func submit(_ work: TransferWork) {
        let (refusal, begins) = shared.withLock { shared -> (TransportError?, Bool) in
            if let refusal = shared.refusal { return (refusal, false) }
            shared.inbox.submitted.append(work)
            shared.sleeper.take()?.wake()
            defer { shared.hasBegun = true }
            return (nil, !shared.hasBegun)
        }
        if let refusal { work.continuation.resume(returning: .failure(refusal)) }
        if begins { begin() }
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

    /// Takes everything that came in; with nothing there, and leave to sleep, later arrivals will wake the sleeper.
    func take(into inbox: inout Inbox, sleeper: WakeUp?) {
        shared.withLock { shared in
            shared.sleeper = shared.inbox.isEmpty ? sleeper : nil
            swap(&shared.inbox, &inbox)
        }
    }

    /// Refuses all that is and will be submitted: the thread can't work.
    private func refuse(_ reason: String) {
        let error = TransportError(kind: .other, message: reason)
        let stranded = shared.withLock { shared in
            shared.refusal = shared.refusal ?? error
            shared.sleeper = nil
            defer { shared.inbox = Inbox() }
            return shared.inbox.submitted
        }
        for work in stranded { work.continuation.resume(returning: .failure(error)) }
    }

    private func begin() {
        if let problem = CurlLibrary.problem { return refuse(problem) }
        let configuration = configuration
        OpenFiles.allow(configuration.maxTransfers + Self.otherFiles)
        let status = BackgroundThread.start {
            guard let wakeUp = WakeUp(), let poll = SocketPoll(wakeUp: wakeUp) else {
                return self.refuse("the system allows no further open files; allow more, or use fewer connections")
            }
            guard let loop = CurlLoop(thread: self, wakeUp: wakeUp, poll: poll, configuration: configuration) else {
                return self.refuse("libcurl can't start: no memory")
            }
            loop.run()
        } stop: {
            self.shutDown()
        }
        if status != 0 { refuse("the system allows no further thread (error \(status))") }
    }
}

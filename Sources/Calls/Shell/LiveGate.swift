package import Determinism
import HTTPTransport
package import Jobs
package import Logging
package import Providers
import Synchronization

/// Holds calls back until their provider has room for them: rates, slots, open circuits and stops, by `ProviderPacing`.
///
/// A waiting call costs a continuation and no thread; one timer per provider sleeps until something can change. A call
/// that nothing limits passes with one lock taken.
package final class LiveGate: CallGate {
    fileprivate enum Wakening {
        case granted
        case cancelled
        case deferred(String)
    }

    fileprivate struct Waiter {
        let call: CallID
        let deferBy: Timestamp
        let continuation: CheckedContinuation<Wakening, Never>
    }

    fileprivate struct Provider {
        var pacing: ProviderPacing
        var waiters: [UInt64: Waiter] = [:]
        /// Let through between taking a number and beginning to wait.
        var early: [UInt64: PacingGrant] = [:]
        /// No waiter has to be put off before this.
        var firstDeferral: Timestamp?
        var timer: Task<Void, Never>?
        var wakes: Timestamp?
        var notice = PacingNotice()
    }

    private struct State {
        var isClosed = false
        var indices: [String: Int] = [:]
        var providers: [Provider] = []
        var grants: [CallID: (provider: Int, grant: PacingGrant)] = [:]
        /// Calls whose last attempt was refused for the rate.
        var refused: Set<CallID> = []
    }

    private let settings: RateSettings
    private let time: TimeSource
    private let sleep: @Sendable (Microseconds) async throws -> Void
    private let logger: Logger
    /// The lock makes each question, end and wakening one step; continuations are resumed outside of it.
    private let state = Mutex(State())

    package init(
        settings: RateSettings = RateSettings(), time: TimeSource,
        sleep: @escaping @Sendable (Microseconds) async throws -> Void,
        logger: Logger = Logger(label: "cairn.pacing")
    ) {
        self.settings = settings
        self.time = time
        self.sleep = sleep
        self.logger = logger
    }

    package func admit(_ ticket: CallTicket, in slot: JobSlot) async throws -> CallAdmission {
        if settings.unpaced.contains(ticket.provider) { return .send }
        let now = time.time()
        let (provider, answer) = state.withLock { state in ask(ticket, &state, at: now) }
        guard let waiter = answer else { return .send }
        slot.stepAside()
        let wakening = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                wait(ticket, provider, waiter, continuation)
            }
        } onCancel: {
            withdraw(waiter, of: provider)
        }
        switch wakening {
        case .granted: return .send
        case .cancelled: throw CancellationError()
        case .deferred(let reason): throw CallDeferred(reason: reason)
        }
    }

    package func settle(_ ticket: CallTicket, _ settlement: CallSettlement) {
        let outcome = Self.outcome(settlement)
        let headers = Self.rateHeaders(settlement)
        let now = time.time()
        let index = state.withLock { state -> Int? in
            guard let (index, grant) = state.grants.removeValue(forKey: ticket.call) else { return nil }
            if case .failed(.rateLimit, _) = outcome { state.refused.insert(ticket.call) }
            state.providers[index].pacing.settle(grant, outcome, headers: headers, at: now)
            return state.providers[index].pacing.waiting > 0 ? index : nil
        }
        if let index { wake(index) }
    }

    /// From now on nobody waits: what has no room at once is put off.
    package func close() {
        let count = state.withLock { state in
            state.isClosed = true
            return state.providers.count
        }
        for index in 0..<count { wake(index) }
    }

    /// What waits and why.
    package func pacing() -> Pacing {
        let now = time.time()
        return state.withLock { state in
            Pacing(
                at: now, inFlight: state.grants.count,
                waits: state.providers.flatMap { provider in
                    provider.pacing.waits().map {
                        Pacing.Wait(
                            provider: provider.pacing.provider, model: $0.model, calls: $0.count, reason: $0.reason)
                    }
                })
        }
    }

    /// The provider's index, and the number of the waiter if the call has to wait.
    private func ask(_ ticket: CallTicket, _ state: inout State, at now: Timestamp) -> (Int, UInt64?) {
        let index: Int
        if let known = state.indices[ticket.provider] {
            index = known
        } else {
            index = state.providers.count
            state.indices[ticket.provider] = index
            let pacing = ProviderPacing(provider: ticket.provider, settings: settings, at: now)
            state.providers.append(Provider(pacing: pacing))
        }
        var kind = PacingAsk.Kind.first
        if ticket.isRetry { kind = state.refused.remove(ticket.call) == nil ? .retry : .refusedBefore }
        let ask = PacingAsk(
            lane: PacingLane(model: ticket.model, keyVariable: ticket.keyVariable, adapter: ticket.adapter),
            size: CallSize(input: ticket.estimate.input, outputCeiling: ticket.estimate.outputCeiling), kind: kind)
        switch state.providers[index].pacing.admit(ask, at: now) {
        case .granted(let grant):
            state.grants[ticket.call] = (index, grant)
            return (index, nil)
        case .waits(let waiter): return (index, waiter)
        }
    }

    private func wait(
        _ ticket: CallTicket, _ index: Int, _ waiter: UInt64, _ continuation: CheckedContinuation<Wakening, Never>
    ) {
        let wakening = state.withLock { state -> Wakening? in
            if let grant = state.providers[index].early.removeValue(forKey: waiter) {
                state.grants[ticket.call] = (index, grant)
                return .granted
            }
            // The handler has run already, and found nobody.
            if Task.isCancelled {
                state.providers[index].pacing.withdraw(waiter)
                return .cancelled
            }
            state.providers[index].waiters[waiter] = Waiter(
                call: ticket.call, deferBy: ticket.deferBy, continuation: continuation)
            let first = state.providers[index].firstDeferral
            state.providers[index].firstDeferral = min(first ?? ticket.deferBy, ticket.deferBy)
            return nil
        }
        if let wakening { continuation.resume(returning: wakening) } else { wake(index) }
    }

    private func withdraw(_ waiter: UInt64, of index: Int) {
        let gone = state.withLock { state -> Waiter? in
            guard let gone = state.providers[index].waiters.removeValue(forKey: waiter) else { return nil }
            state.providers[index].pacing.withdraw(waiter)
            return gone
        }
        gone?.continuation.resume(returning: .cancelled)
    }

    /// Lets through whoever may be sent, puts off whose time is up, and sets the timer for the rest.
    private func wake(_ index: Int) {
        let now = time.time()
        var resumed: [(CheckedContinuation<Wakening, Never>, Wakening)] = []
        let change = state.withLock { state -> PacingNotice.Change? in
            let progress = state.providers[index].pacing.advance(at: now)
            for (id, grant) in progress.granted {
                guard let waiter = state.providers[index].waiters.removeValue(forKey: id) else {
                    state.providers[index].early[id] = grant
                    continue
                }
                state.grants[waiter.call] = (index, grant)
                resumed.append((waiter.continuation, .granted))
            }
            let isClosed = state.isClosed
            state.providers[index].putOff(at: now, everybody: isClosed) {
                resumed.append(($0.continuation, .deferred($1)))
            }
            setTimer(index, for: progress.next, &state.providers[index], at: now)
            return state.providers[index].notice.note(state.providers[index].pacing.waits().first?.reason, at: now)
        }
        for (continuation, wakening) in resumed { continuation.resume(returning: wakening) }
        switch change {
        case .waits(let reason)?: logger.info("calls wait", metadata: ["reason": "\(reason)"])
        case .goesOn?: logger.info("calls no longer wait", metadata: ["provider": "\(name(of: index))"])
        case nil: break
        }
    }

    /// The timer is a task of its own, since it outlives the call that set it; it ends when nobody waits.
    private func setTimer(_ index: Int, for next: Timestamp?, _ provider: inout Provider, at now: Timestamp) {
        let wanted = [next, provider.firstDeferral].compactMap { $0 }.min()
        guard wanted != provider.wakes else { return }
        provider.timer?.cancel()
        provider.timer = nil
        provider.wakes = wanted
        guard let wanted else { return }
        let pause = max(wanted - now, .zero)
        provider.timer = Task { [weak self, sleep] in
            do { try await sleep(pause) } catch { return }
            self?.timerRang(index, set: wanted)
        }
    }

    private func timerRang(_ index: Int, set: Timestamp) {
        state.withLock { state in
            if state.providers[index].wakes == set { state.providers[index].wakes = nil }
        }
        wake(index)
    }

    private func name(of index: Int) -> String { state.withLock { $0.providers[index].pacing.provider } }
}

extension LiveGate.Provider {
    /// Gives back those who may not wait longer.
    fileprivate mutating func putOff(
        at now: Timestamp, everybody: Bool, _ resume: (LiveGate.Waiter, String) -> Void
    ) {
        guard everybody || firstDeferral.map({ $0 <= now }) ?? false else {
            if waiters.isEmpty { firstDeferral = nil }
            return
        }
        let reason = pacing.waits().first?.reason.description ?? "the run ends"
        for id in waiters.keys.sorted() {
            guard let waiter = waiters[id], everybody || waiter.deferBy <= now else { continue }
            waiters[id] = nil
            pacing.withdraw(id)
            resume(waiter, reason)
        }
        firstDeferral = waiters.values.map(\.deferBy).min()
    }
}

extension LiveGate {
    fileprivate static func outcome(_ settlement: CallSettlement) -> PacingOutcome {
        switch settlement.end {
        case .answered(let completed): .answered(completed.usage)
        case .failed(let failed): .failed(failed.class, retryAfter: failed.retryAfter)
        case .abandoned, .unsent: .abandoned
        }
    }

    fileprivate static func rateHeaders(_ settlement: CallSettlement) -> [String: String] {
        var fields: [String: String] = [:]
        for header in settlement.headers
        where header.name.hasPrefix("x-ratelimit-") || header.name.hasPrefix("anthropic-ratelimit-") {
            fields[header.name] = header.value
        }
        return fields
    }
}

package import Deciders
import Determinism
package import EventLog
package import Jobs
import Synchronization

/// The gate of a run as it is worked on: an earlier answer is reused, the budget has room, and then `inner` lets it pass.
package final class RunGate: CallGate {
    private let inner: any CallGate
    private let log: any Log
    private let effects: Effects
    private let budget: BudgetDesk?
    /// The lock makes finding an answer and taking it one step.
    private let answers: Mutex<ReuseIndex?>
    private let reuses: Bool

    /// `inner` keeps to the providers' limits; `budget` nil is without bounds, `answers` nil reuses none.
    package init(
        inner: any CallGate, log: any Log, effects: Effects, budget: BudgetLedger? = nil, answers: ReuseIndex? = nil
    ) {
        self.inner = inner
        self.log = log
        self.effects = effects
        self.budget = budget.map { BudgetDesk($0, effects: effects) }
        self.answers = Mutex(answers)
        reuses = answers != nil
    }

    package func admit(_ ticket: CallTicket, in slot: JobSlot) async throws -> CallAdmission {
        if let origin = origin(for: ticket) { return .reuse(origin: origin) }
        if let notBefore = ticket.notBefore { try await wait(until: notBefore, ticket, slot) }
        let admission = try await admitWithinBudget(ticket, slot)
        guard case .sending = admission else { return admission }
        do {
            if slot.isAside { try await takeSlot(slot, ticket) }
            if let gap = ticket.gap {
                let now = try await effects.time(ticket.place)
                if gap.contains(now) { try await effects.pause(gap.upperBound - now) }
            }
        } catch {
            settle(ticket, CallSettlement(.unsent))
            throw error
        }
        return admission
    }

    /// Waits for the time of a retry, but no longer than the job's lease allows.
    private func wait(until notBefore: Timestamp, _ ticket: CallTicket, _ slot: JobSlot) async throws {
        let now = try await effects.time(ticket.place)
        let end = min(notBefore, ticket.deferBy)
        if now < end {
            slot.stepAside()
            try await effects.pause(end - now)
        }
        if end < notBefore, now < notBefore {
            throw CallDeferred(reason: "its retry isn't due as long as its lease is sure")
        }
    }

    /// Waits for a slot, but no longer than the job's lease allows.
    private func takeSlot(_ slot: JobSlot, _ ticket: CallTicket) async throws {
        let now = try await effects.time(ticket.place)
        do {
            try await slot.comeBack { [effects] in try await effects.pause(max(ticket.deferBy - now, .zero)) }
        } catch is CancellationError where !Task.isCancelled {
            throw CallDeferred(reason: "no slot came free as long as its lease is sure")
        }
    }

    private func admitWithinBudget(_ ticket: CallTicket, _ slot: JobSlot) async throws -> CallAdmission {
        guard let budget else { return try await inner.admit(ticket, in: slot) }
        let reservation = SpendingRules.reservation(ticket.estimate, price: ticket.price)
        let worst = SpendingRules.worst(reservation)
        try await budget.reserve(worst, for: ticket)
        do {
            let admission = try await inner.admit(ticket, in: slot)
            if case .sending(let permit) = admission {
                return .sending(CallPermit(reserved: reservation, version: permit.version))
            }
            budget.withdraw(worst)
            return admission
        } catch {
            budget.withdraw(worst)
            throw error
        }
    }

    package func settle(_ ticket: CallTicket, _ settlement: CallSettlement) {
        inner.settle(ticket, settlement)
        if reuses { keep(settlement, of: ticket) }
        guard let budget else { return }
        let reservation = SpendingRules.reservation(ticket.estimate, price: ticket.price)
        let worst = SpendingRules.worst(reservation)
        switch settlement.end {
        case .unsent: budget.withdraw(worst)
        case .abandoned: budget.settle(worst, used: worst)
        case .answered(let completed):
            budget.settle(worst, used: SpendingRules.spent(completed, reservation))
        case .failed(let failed): budget.settle(worst, used: SpendingRules.spent(failed, reservation))
        }
    }

    /// Whether a call couldn't be sent since the budget was used up.
    package var isExhausted: Bool { budget?.isExhausted ?? false }

    package func close() {
        inner.close()
        budget?.close()
    }

    package func exhaustion() async throws -> Exhaustion {
        guard let budget else { return try await inner.exhaustion() }
        let wanted = try await budget.exhaustion()
        return Exhaustion(wanted: wanted, end: Position(try log.head().size))
    }

    /// Only a question that was never sent can be answered by another's answer.
    private func origin(for ticket: CallTicket) -> Position? {
        guard reuses, ticket.attempt == 1 else { return nil }
        let scope = ReuseIndex.Scope(labels: ticket.labels)
        return answers.withLock { answers in
            answers?.claim(ReuseIndex.Fingerprint(ticket), in: scope) { body in
                (try? log.blob(body)) ?? nil != nil
            }
        }
    }

    private func keep(_ settlement: CallSettlement, of ticket: CallTicket) {
        guard case .answered(let completed) = settlement.end, let position = settlement.position else { return }
        let scope = ReuseIndex.Scope(labels: ticket.labels)
        answers.withLock {
            $0?.add(
                ReuseIndex.Fingerprint(ticket), at: position, body: completed.exchange.body, usedIn: scope)
        }
    }
}

/// Calls that wait for room in a budget, in the order of their arrival.
///
/// The first in the line goes first: a large call isn't overtaken by small ones for ever. A call that no longer fits
/// whatever becomes of the others ends the run: from then on nobody is let through.
package struct BudgetLine: Equatable, Sendable {
    package enum Answer: Equatable, Sendable {
        case granted
        /// Until `Change` names it.
        case waiting
        /// Given back.
        case putOff
    }

    /// What an occurrence did to those who wait.
    package struct Change: Equatable, Sendable {
        package var granted: [UInt64] = []
        package var putOff: [UInt64] = []
    }

    private struct Waiting: Equatable, Sendable {
        let id: UInt64
        let wanted: Spending
    }

    package private(set) var ledger: BudgetLedger
    private var line: [Waiting] = []
    /// What the call needed that ended the run; nil before that.
    package private(set) var exhausted: Spending?
    private var isClosed = false

    package init(_ ledger: BudgetLedger) { self.ledger = ledger }

    /// A call asks; `id` names it among those who wait.
    package mutating func arrive(_ id: UInt64, wanted: Spending) -> Answer {
        line.append(Waiting(id: id, wanted: wanted))
        if advance().contains(id) { return .granted }
        guard isClosed else { return .waiting }
        line.removeLast()
        return .putOff
    }

    /// A call that was let through is over.
    package mutating func settle(_ wanted: Spending, used: Spending) -> Change {
        ledger.settle(wanted, used: used)
        return Change(granted: advance())
    }

    /// A call that was let through isn't sent.
    package mutating func withdraw(_ wanted: Spending) -> Change {
        ledger.withdraw(wanted)
        return Change(granted: advance())
    }

    /// A call doesn't wait any longer.
    package mutating func leave(_ id: UInt64) -> Change {
        line.removeAll { $0.id == id }
        return Change(granted: advance())
    }

    /// From now on nobody waits.
    package mutating func close() -> Change {
        isClosed = true
        let ids = line.map(\.id)
        line = []
        return Change(putOff: ids)
    }

    private mutating func advance() -> [UInt64] {
        var granted: [UInt64] = []
        while exhausted == nil, let first = line.first {
            switch ledger.verdict(on: first.wanted) {
            case .fits:
                ledger.reserve(first.wanted)
                granted.append(first.id)
                line.removeFirst()
            case .mayFitLater: return granted
            case .exceeds: exhausted = first.wanted
            }
        }
        return granted
    }
}

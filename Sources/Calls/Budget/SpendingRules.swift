package import Providers

/// What attempts cost a budget: version 1 of the rules.
///
/// An answer costs what the provider counted. Where nobody knows (an estimate, a lost or broken attempt that may have been
/// worked on), the attempt counts with its worst case, so that a budget holds in any case.
package enum SpendingRules {
    /// The most that an attempt can cost; parts that nobody can bound are absent.
    package static func reservation(_ estimate: TokenEstimate, price: ModelPrice?) -> Reservation {
        guard let output = estimate.outputCeiling else { return Reservation(cost: nil, tokens: nil) }
        return Reservation(
            cost: price?.worstCost(input: estimate.worstInput, output: output), tokens: estimate.worstInput + output)
    }

    /// An attempt under way.
    package static func worst(_ reservation: Reservation) -> Spending {
        Spending(calls: 1, cost: reservation.cost ?? 0, tokens: reservation.tokens ?? 0)
    }

    package static func spent(_ completed: CallCompleted, _ reservation: Reservation) -> Spending {
        let worst = worst(reservation)
        guard !completed.estimated, let input = completed.usage.input, let output = completed.usage.output else {
            return Spending(
                calls: 1, cost: max(worst.cost, completed.cost ?? 0),
                tokens: max(worst.tokens, (completed.usage.input ?? 0) + (completed.usage.output ?? 0)))
        }
        return Spending(calls: 1, cost: completed.cost ?? worst.cost, tokens: input + output)
    }

    package static func spent(_ failed: CallFailed, _ reservation: Reservation) -> Spending {
        failed.mayBeCharged ? worst(reservation) : Spending(calls: 1)
    }
}

extension ModelPrice {
    /// The most that so many tokens can cost in nano-dollars, whatever part is cached or reasoning; nil beyond any sum.
    package func worstCost(input: Int, output: Int) -> Int? {
        let usable = [rates] + tiers.filter { input > $0.above }.map(\.rates)
        let costs = usable.map { rates -> Int? in
            let read = max(rates.input, rates.cacheRead ?? rates.input, rates.cacheWrite ?? rates.input)
            let written = max(rates.output, rates.reasoning ?? rates.output)
            let worst = ModelPrice(rates: Rates(input: read, output: written))
            return worst.cost(of: Usage(input: input, output: output))
        }
        let known = costs.compactMap { $0 }
        return known.count == costs.count ? known.max() : nil
    }
}

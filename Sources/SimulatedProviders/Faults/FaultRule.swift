package import Determinism

/// Which requests fail, in which way, and how often.
///
/// A rule looks at a body's hash and at how often that body came before, so two runs of the same experiment meet the
/// same faults and a repeated request gets through.
package struct FaultRule: Sendable, Equatable {
    /// The kinds from which the body's hash chooses.
    package var kinds: [Fault]
    /// Whether the kinds come one after the other instead, whatever the body.
    package var isInTurn = false
    /// The part of all bodies that meet a fault, from 0 to 1.
    package var rate: Double
    /// How often a chosen body fails before it is answered.
    package var firstAttempts: Int
    /// The formats it is for; nil for all.
    package var wires: [Wire]?
    /// The models it is for; nil for all.
    package var models: [String]?
    /// Streamed requests only, or whole ones only; nil for both.
    package var streams: Bool?
    /// Of the requests that it is for, the one with this number, from 1.
    package var request: Int?
    /// Of the requests that it is for, each one whose number can be divided by this.
    package var every: Int?
    /// How often it applies in all; nil for no limit.
    package var times: Int?
    /// How long a slow answer takes longer, or how long to wait after a refusal; nil for the kind's own default.
    package var delay: Microseconds?

    package init(rate: Double = 1, kinds: [Fault] = Fault.usual, firstAttempts: Int = 1) {
        self.rate = rate
        self.kinds = kinds
        self.firstAttempts = firstAttempts
    }
}

/// What a rule is asked about.
struct FaultQuestion {
    let body: Digest
    /// How often the body came by now, from 1.
    let reception: Int
    let wire: Wire
    let model: String
    let streams: Bool
}

/// The rules with what they have counted so far.
struct FaultScript: Sendable {
    private let rules: [FaultRule]
    private var seen: [Int]
    private var used: [Int]

    init(_ rules: [FaultRule]) {
        self.rules = rules
        seen = rules.map { _ in 0 }
        used = seen
    }

    /// The fault that a request meets, by the first rule that applies to it.
    mutating func fault(_ question: FaultQuestion) -> (fault: Fault, rule: FaultRule)? {
        for (index, rule) in rules.enumerated() where rule.isFor(question) {
            seen[index] += 1
            guard question.reception <= rule.firstAttempts, rule.counts(seen[index]),
                rule.times.map({ used[index] < $0 }) ?? true,
                let drawn = rule.fault(of: question.body, place: index)
            else { continue }
            let fault = rule.isInTurn ? rule.kinds[used[index] % rule.kinds.count] : drawn
            used[index] += 1
            return (fault, rule)
        }
        return nil
    }
}

extension FaultRule {
    func isFor(_ question: FaultQuestion) -> Bool {
        (wires?.contains(question.wire) ?? true) && (models?.contains(question.model) ?? true)
            && (streams.map { $0 == question.streams } ?? true)
    }

    fileprivate func counts(_ number: Int) -> Bool {
        (request.map { $0 == number } ?? true) && (every.map { number % $0 == 0 } ?? true)
    }

    /// The fault that the body's hash draws, if it draws one; rules at different places draw apart from each other.
    func fault(of body: Digest, place: Int = 0) -> Fault? {
        var shares = (body.share(2), body.share(3))
        if place > 0 {
            var generator = SeededGenerator(seed: body.word(2) ^ (UInt64(place) &* 0x9E37_79B9_7F4A_7C15))
            shares = (generator.unitInterval(), generator.unitInterval())
        }
        guard !kinds.isEmpty, shares.0 < rate else { return nil }
        return kinds[Int(shares.1 * Double(kinds.count))]
    }
}

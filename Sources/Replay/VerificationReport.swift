package import CanonicalJSON
package import EventLog

/// What a verification found.
package struct VerificationReport: Equatable, Sendable {
    /// How many events of one derived type were derived again, and how many of them came out otherwise.
    package struct Count: Equatable, Sendable {
        package var verified = 0
        package var diverged = 0
        /// Not derived, since a blob that it takes was erased on purpose.
        package var erased = 0
        /// Not derived, since a blob that it takes is sealed with a key that isn't here.
        package var sealed = 0

        /// Not derived, for either reason.
        package var underivable: Int { erased + sealed }
    }

    /// How many events were looked at: the log up to this position, which isn't included.
    package let position: UInt64
    /// By event type, in order of name.
    package private(set) var counts: [(type: EventType, count: Count)] = []
    /// The first divergences, in order of position.
    package private(set) var divergences: [Divergence] = []

    package init(position: UInt64) {
        self.position = position
    }

    package var isIdentical: Bool { diverged == 0 }
    package var diverged: Int { counts.reduce(0) { $0 + $1.count.diverged } }
    package var verified: Int { counts.reduce(0) { $0 + $1.count.verified } }
    package var erased: Int { counts.reduce(0) { $0 + $1.count.erased } }
    package var sealed: Int { counts.reduce(0) { $0 + $1.count.sealed } }

    package mutating func take(_ verdict: Verification.Verdict, of type: EventType, keeping limit: Int) {
        switch verdict {
        case .notDerived: return
        case .same: add(type) { $0.verified += 1 }
        case .erased: add(type) { $0.erased += 1 }
        case .sealed: add(type) { $0.sealed += 1 }
        case .diverges(let divergence):
            add(type) { count in
                count.verified += 1
                count.diverged += 1
            }
            if divergences.count < limit { divergences.append(divergence) }
        }
    }

    /// Adds what a later piece of the log came to.
    mutating func add(_ part: VerificationReport, keeping limit: Int) {
        for (type, counted) in part.counts {
            add(type) { count in
                count.verified += counted.verified
                count.diverged += counted.diverged
                count.erased += counted.erased
                count.sealed += counted.sealed
            }
        }
        divergences += part.divergences.prefix(max(0, limit - divergences.count))
    }

    private mutating func add(_ type: EventType, _ change: (inout Count) -> Void) {
        let place = counts.firstIndex { $0.type >= type } ?? counts.count
        if place == counts.count || counts[place].type != type { counts.insert((type, Count()), at: place) }
        change(&counts[place].count)
    }

    package static func == (left: VerificationReport, right: VerificationReport) -> Bool {
        left.position == right.position && left.divergences == right.divergences
            && left.counts.elementsEqual(right.counts) { $0.type == $1.type && $0.count == $1.count }
    }
}

extension VerificationReport: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("counts") { writer in
            writer.beginObject()
            for (type, count) in counts { writer.field(dynamic: type.text, count) }
            writer.endObject()
        }
        writer.field("divergences", divergences)
        writer.field("erased", erased)
        writer.field("events", position)
        writer.optionalField("firstDivergence", divergences.first)
        writer.field("identical", isIdentical)
        writer.field("position", position)
        writer.field("sealed", sealed)
        writer.field("verified", verified)
        writer.endObject()
    }
}

extension VerificationReport.Count: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("diverged", diverged)
        writer.field("erased", erased)
        writer.field("sealed", sealed)
        writer.field("verified", verified)
        writer.endObject()
    }
}

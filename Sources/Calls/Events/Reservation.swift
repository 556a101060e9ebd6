package import CanonicalJSON
import Jobs

/// What an attempt can cost at most, kept back by the run's budget until its cost is known.
package struct Reservation: Equatable, Sendable {
    /// In nano-dollars; absent without a price, or without a limit on the answer's tokens.
    package let cost: Int?
    /// Of the request and the answer; absent without a limit on the answer's tokens.
    package let tokens: Int?

    package init(cost: Int?, tokens: Int?) {
        self.cost = cost
        self.tokens = tokens
    }
}

extension Reservation: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.optionalField("cost", cost)
        writer.optionalField("tokens", tokens)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        cost = try reader.optionalCount("cost")
        tokens = try reader.optionalCount("tokens")
        try reader.endObject()
    }
}

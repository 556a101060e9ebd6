package import CanonicalJSON

/// What a model's tokens cost.
package struct ModelPrice: Sendable, Equatable, CanonicalCodable {
    /// Prices of one token each.
    package struct Rates: Sendable, Equatable, CanonicalCodable {
        package var input: PicoDollars
        package var output: PicoDollars
        /// Absent: as input.
        package var cacheRead: PicoDollars?
        /// Absent: as input.
        package var cacheWrite: PicoDollars?
        /// Absent: as output.
        package var reasoning: PicoDollars?

        package init(
            input: PicoDollars,
            output: PicoDollars,
            cacheRead: PicoDollars? = nil,
            cacheWrite: PicoDollars? = nil,
            reasoning: PicoDollars? = nil
        ) {
            self.input = input
            self.output = output
            self.cacheRead = cacheRead
            self.cacheWrite = cacheWrite
            self.reasoning = reasoning
        }

        package func encode(to writer: inout CanonicalWriter) {
            writer.beginObject()
            writer.optionalField("cacheRead", cacheRead)
            writer.optionalField("cacheWrite", cacheWrite)
            writer.field("input", input)
            writer.field("output", output)
            writer.optionalField("reasoning", reasoning)
            writer.endObject()
        }

        package init(from reader: inout CanonicalReader) throws(JSONError) {
            try reader.beginObject()
            cacheRead = try reader.optionalField("cacheRead")
            cacheWrite = try reader.optionalField("cacheWrite")
            input = try reader.field("input")
            output = try reader.field("output")
            reasoning = try reader.optionalField("reasoning")
            try reader.endObject()
        }
    }

    /// Rates of all tokens of a call whose input is larger than a bound.
    package struct Tier: Sendable, Equatable, CanonicalCodable {
        package var above: Int
        package var rates: Rates

        package init(above: Int, rates: Rates) {
            self.above = above
            self.rates = rates
        }

        package func encode(to writer: inout CanonicalWriter) {
            writer.beginObject()
            writer.field("above", above)
            writer.field("rates", rates)
            writer.endObject()
        }

        package init(from reader: inout CanonicalReader) throws(JSONError) {
            try reader.beginObject()
            above = try reader.field("above")
            rates = try reader.field("rates")
            try reader.endObject()
        }
    }

    package var rates: Rates
    /// In ascending order of their bounds; empty for most models.
    package var tiers: [Tier]

    package init(rates: Rates, tiers: [Tier] = []) {
        self.rates = rates
        self.tiers = tiers
    }

    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("rates", rates)
        writer.optionalField("tiers", tiers.isEmpty ? nil : tiers)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        rates = try reader.field("rates")
        tiers = try reader.optionalField("tiers") ?? []
        try reader.endObject()
    }
}

extension ModelPrice {
    /// The cost of a call in nano-dollars, rounded half to even; nil if the provider didn't count its tokens.
    ///
    /// Cache reads and writes are parts of the input, reasoning is a part of the output; a part that is reported as
    /// larger than its whole leaves none of the whole.
    package func cost(of usage: Usage) -> Int? {
        guard let input = usage.input, let output = usage.output else { return nil }
        let rates = tiers.last { input > $0.above }?.rates ?? rates
        let (read, write, reasoning) = (usage.cacheRead ?? 0, usage.cacheWrite ?? 0, usage.reasoning ?? 0)
        let parts = [
            (max(input - read - write, 0), rates.input),
            (read, rates.cacheRead ?? rates.input),
            (write, rates.cacheWrite ?? rates.input),
            (max(output - reasoning, 0), rates.output),
            (reasoning, rates.reasoning ?? rates.output),
        ]
        let total = parts.reduce(Int128(0)) { $0 + Int128($1.0) * Int128($1.1.rawValue) }
        return nanoDollars(total)
    }

    /// Nil beyond what JSON keeps as an integer: nine million dollars.
    private func nanoDollars(_ picoDollars: Int128) -> Int? {
        let (quotient, remainder) = picoDollars.quotientAndRemainder(dividingBy: 1_000)
        let roundsUp = remainder > 500 || (remainder == 500 && !quotient.isMultiple(of: 2))
        let rounded = quotient + (roundsUp ? 1 : 0)
        return rounded <= Int128(JSONValue.largestInteger) ? Int(rounded) : nil
    }
}

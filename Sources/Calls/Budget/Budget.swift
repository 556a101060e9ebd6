package import CanonicalJSON
import Jobs

/// What a run may use up at most; a part that is absent has no bound.
package struct Budget: Equatable, Sendable {
    /// Questions sent, repeated attempts included.
    package var maxCalls: Int?
    /// In nano-dollars.
    package var maxCost: Int?
    /// Of requests and answers.
    package var maxTokens: Int?

    package init(maxCalls: Int? = nil, maxCost: Int? = nil, maxTokens: Int? = nil) {
        self.maxCalls = maxCalls
        self.maxCost = maxCost
        self.maxTokens = maxTokens
    }

    package var isUnbounded: Bool { maxCalls == nil && maxCost == nil && maxTokens == nil }

    /// The same with the bounds of another, where that has some.
    package func replacing(by other: Budget) -> Budget {
        Budget(
            maxCalls: other.maxCalls ?? maxCalls, maxCost: other.maxCost ?? maxCost,
            maxTokens: other.maxTokens ?? maxTokens)
    }
}

extension Budget: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.optionalField("maxCalls", maxCalls)
        writer.optionalField("maxCost", maxCost)
        writer.optionalField("maxTokens", maxTokens)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        maxCalls = try reader.optionalCount("maxCalls")
        maxCost = try reader.optionalCount("maxCost")
        maxTokens = try reader.optionalCount("maxTokens")
        try reader.endObject()
    }
}

/// What calls have used up, or may use up.
package struct Spending: Equatable, Sendable {
    package var calls: Int
    /// In nano-dollars.
    package var cost: Int
    package var tokens: Int

    package init(calls: Int = 0, cost: Int = 0, tokens: Int = 0) {
        self.calls = calls
        self.cost = cost
        self.tokens = tokens
    }

    package static let zero = Spending()

    package static func + (left: Spending, right: Spending) -> Spending {
        Spending(
            calls: left.calls + right.calls, cost: left.cost + right.cost, tokens: left.tokens + right.tokens)
    }

    package static func - (left: Spending, right: Spending) -> Spending {
        Spending(
            calls: left.calls - right.calls, cost: left.cost - right.cost, tokens: left.tokens - right.tokens)
    }

    package static func += (left: inout Spending, right: Spending) { left = left + right }
    package static func -= (left: inout Spending, right: Spending) { left = left - right }
}

extension Spending: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("calls", calls)
        writer.field("cost", cost)
        writer.field("tokens", tokens)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        calls = try reader.integer("calls", atLeast: 0)
        cost = try reader.integer("cost", atLeast: 0)
        tokens = try reader.integer("tokens", atLeast: 0)
        try reader.endObject()
    }
}

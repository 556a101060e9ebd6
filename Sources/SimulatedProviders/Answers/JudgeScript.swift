internal import CanonicalJSON
internal import Determinism

/// A request to judge an answer by criteria, and what a simulated judge says to it.
///
/// Recognised by the JSON Schema of the answer if there is one, else by the list of criteria in the prompt: lines of
/// the form `- id (min–max): description` under a demand for `"criteria"`.
struct JudgeScript: Equatable {
    struct Criterion: Equatable {
        let id: String
        let minimum: Double
        let maximum: Double
        /// Whole numbers on scales that have room for them.
        let wantsIntegers: Bool
    }

    let criteria: [Criterion]
    private let personality: Personality
    private let prompt: [UInt8]

    init?(_ request: SimulatedRequest) {
        let fromSchema = Self.criteria(schema: request.schema)
        // Most requests go no further.
        guard fromSchema != nil || request.messages.contains(where: { Self.asksForCriteria($0.text) }) else {
            return nil
        }
        let text = request.messages.map(\.text).joined(separator: "\n")
        let found = fromSchema ?? Self.criteria(prompt: text)
        guard !found.isEmpty else { return nil }
        criteria = found
        personality = Personality(model: request.model)
        prompt = Array(text.utf8)
    }

    /// The JSON that was asked for.
    func answer(seed: Digest) -> String {
        // Without a known sentence the hash stands in for the answer's merit.
        let merit = Sentence.merit(of: prompt) ?? 0.3 + 0.5 * Digest(of: prompt).share(1)
        var scores = JSONObject()
        for criterion in criteria {
            let noise = DrawnNoise(seed: seed, criterion: criterion.id, spread: 1 - personality.quality)
            let score = score(0.1 + 0.85 * merit + noise.value, of: criterion)
            scores[criterion.id] = ["reason": .string(reason(merit, noise)), "score": .number(score)]
        }
        return JSONValue.object(["criteria": .object(scores)]).text
    }

    private func score(_ share: Double, of criterion: Criterion) -> Double {
        let exact = criterion.minimum + min(max(share, 0), 1) * (criterion.maximum - criterion.minimum)
        let rounded = criterion.wantsIntegers ? exact.rounded() : (exact * 10).rounded() / 10
        return min(max(rounded, criterion.minimum), criterion.maximum)
    }

    private func reason(_ merit: Double, _ noise: DrawnNoise) -> String {
        let verdicts: [String] =
            merit > 0.75
            ? ["Argues step by step and names its limits.", "Precise, with an example that can be checked."]
            : merit > 0.4
                ? ["Sound on the whole, but rather general.", "Covers the main point without much evidence."]
                : ["Asserts more than it shows.", "Too vague to be of use."]
        return verdicts[noise.choice % verdicts.count]
    }

    /// What a judge adds to the merit of an answer on its own account, for one criterion.
    private struct DrawnNoise {
        let value: Double
        let choice: Int

        init(seed: Digest, criterion: String, spread: Double) {
            var generator = SeededGenerator(seed: seed.word(0) ^ Digest(of: criterion).word(0))
            value = spread * (generator.unitInterval() - 0.5)
            choice = Int(generator.uniform(below: 1 << 16))
        }
    }
}

// MARK: - Recognising

extension JudgeScript {
    /// The criteria that a schema `{criteria: {id: {score}}}` has; nil if it is another schema or there is none.
    private static func criteria(schema: JSONValue?) -> [Criterion]? {
        guard let members = schema?["properties"]?["criteria"]?["properties"]?.object else { return nil }
        return members.compactMap { id, member in
            guard let score = member["properties"]?["score"] else { return nil }
            let minimum = score["minimum"]?.double ?? 0
            let maximum = max(score["maximum"]?.double ?? minimum + 10, minimum)
            return Criterion(
                id: id, minimum: minimum, maximum: maximum,
                wantsIntegers: score["type"]?.string == "integer" || maximum - minimum >= 3)
        }
    }

    /// The criteria that a prompt lists.
    private static func criteria(prompt: String) -> [Criterion] {
        var found: [Criterion] = []
        for line in prompt.utf8.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
            if let criterion = criterion(Substring(line)), !found.contains(where: { $0.id == criterion.id }) {
                found.append(criterion)
            }
        }
        return found
    }

    /// Whether the word is there in quotes.
    private static func asksForCriteria(_ prompt: String) -> Bool {
        var prompt = prompt
        return prompt.withUTF8 { bytes in
            bytes.indices.contains { index in
                bytes[index] == UInt8(ascii: "\"") && bytes[index...].starts(with: demand)
            }
        }
    }

    private static let demand = Array("\"criteria\"".utf8)

    /// Reads `- id (1–5): description`; the range may be written with a hyphen, a dash or "to".
    private static func criterion(_ line: Substring) -> Criterion? {
        var rest = line.drop { $0 == " " }
        guard let bullet = rest.first, bullet == "-" || bullet == "*" else { return nil }
        rest = rest.dropFirst().drop { $0 == " " || $0 == "`" || $0 == "*" }
        let id = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" || $0 == "." }
        rest = rest.dropFirst(id.count).drop { $0 == " " || $0 == "`" || $0 == "*" }
        guard !id.isEmpty, rest.first == "(", let end = rest.firstIndex(of: ")") else { return nil }
        let range = rest[rest.index(after: rest.startIndex)..<end]
        guard let (minimum, maximum) = bounds(range), rest[end...].dropFirst().first == ":" else { return nil }
        return Criterion(id: String(id), minimum: minimum, maximum: maximum, wantsIntegers: maximum - minimum >= 3)
    }

    private static func bounds(_ range: Substring) -> (Double, Double)? {
        for separator in ["–", "—", "…", "..", " to ", "-"] {
            // A minus sign in front is no separator.
            guard let middle = range.dropFirst().firstRange(of: separator),
                let minimum = number(range[..<middle.lowerBound]), let maximum = number(range[middle.upperBound...]),
                minimum <= maximum
            else { continue }
            return (minimum, maximum)
        }
        return nil
    }

    private static func number(_ text: Substring) -> Double? {
        let trimmed = text.filter { $0 != " " }
        guard let number = Double(trimmed), number.magnitude < 1e9 else { return nil }
        return number
    }
}

import CanonicalJSON

/// What a judge answered, checked against the rubric.
///
/// Models wrap JSON in prose and code fences; that is forgiven, and recorded. What the JSON says isn't bent: a missing
/// criterion, a score off its scale or one that isn't a number refuses the whole answer.
package struct JudgeAnswer: Equatable, Sendable {
    /// What had to be taken away to find the JSON.
    package enum Repair: String, Equatable, Sendable {
        /// A Markdown code fence around it.
        case codeFence
        /// Prose around it.
        case embedded
    }

    /// Why an answer can't be used; the sentence names criteria and scales, and quotes nothing of the answer.
    package struct Refusal: Error, Equatable, Sendable {
        package let reason: String
        package init(_ reason: String) { self.reason = reason }
    }

    /// How much is forgiven of what an answer says; a score cites the one that it was read by.
    package enum Reading: Int, Equatable, Sendable, CaseIterable {
        /// Scores are JSON numbers under `score`: `scoring.judge` version 1, which runs use.
        case exact = 1
        /// A score may also stand as text, as in `"4.5"`, or take the place of the criterion's object: version 2.
        case lenient = 2
    }

    /// One for each criterion, in the rubric's order.
    package let scores: [CriterionScore]
    /// Nil when the answer was the JSON and nothing else.
    package let repair: Repair?

    package init(scores: [CriterionScore], repair: Repair?) {
        self.scores = scores
        self.repair = repair
    }

    /// Longer answers are refused unread.
    static let longestAnswer = 1 << 20

    package static func parse(
        _ text: String, rubric: Rubric, reading: Reading = .exact
    ) -> Result<JudgeAnswer, Refusal> {
        do throws(Refusal) {
            let found = try document(in: text)
            return .success(
                JudgeAnswer(scores: try scores(in: found.document, rubric, reading), repair: found.repair))
        } catch {
            return .failure(error)
        }
    }
}

// MARK: - Finding the JSON

extension JudgeAnswer {
    private static func document(in text: String) throws(Refusal) -> (document: JSONValue, repair: Repair?) {
        let bytes = Array(text.utf8)
        guard bytes.count <= longestAnswer else { throw Refusal("the answer is longer than \(longestAnswer) bytes") }
        guard bytes.contains(where: { !isSpace($0) }) else { throw Refusal("the answer is empty") }
        if let whole = try? JSONParser.parse(bytes) { return (whole, nil) }
        if let fenced = try only(fences(in: bytes)) { return (fenced, .codeFence) }
        if let embedded = try only(objects(in: bytes)) { return (embedded, .embedded) }
        throw Refusal("no JSON object with \"criteria\" was found in the answer")
    }

    /// The one document among candidates; equal ones count once, and two different ones leave it open which was meant.
    private static func only(_ candidates: [JSONValue]) throws(Refusal) -> JSONValue? {
        guard let first = candidates.first else { return nil }
        guard candidates.allSatisfy({ $0 == first }) else { throw Refusal("the answer gives two different judgements") }
        return first
    }

    /// The documents inside Markdown code fences, whatever language these name.
    private static func fences(in bytes: [UInt8]) -> [JSONValue] {
        var documents: [JSONValue] = []
        var inside: [UInt8]?
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            let isFence = line.drop(while: isSpace).starts(with: Array("```".utf8))
            switch (inside, isFence) {
            case (let content?, true):
                if let document = candidate(content[...]) { documents.append(document) }
                inside = nil
            case (nil, true): inside = []
            case (let content?, false): inside = content + line + [UInt8(ascii: "\n")]
            case (nil, false): break
            }
        }
        return documents
    }

    /// The outermost objects that stand in prose; a brace that begins no document is passed over.
    private static func objects(in bytes: [UInt8]) -> [JSONValue] {
        var documents: [JSONValue] = []
        var index = 0
        // Every brace may lead to a walk to the end; the whole text is walked this often at most.
        var budget = bytes.count * 8
        while let start = bytes[index...].firstIndex(of: UInt8(ascii: "{")), budget > 0 {
            index = start + 1
            let end = endOfObject(bytes, from: start)
            budget -= (end ?? bytes.count) - start
            if let end, let document = candidate(bytes[start..<end]) {
                documents.append(document)
                index = end
            }
        }
        return documents
    }

    private static func candidate(_ bytes: ArraySlice<UInt8>) -> JSONValue? {
        guard let document = try? JSONParser.parse(Array(bytes)), document["criteria"] != nil else { return nil }
        return document
    }

    /// The index after the brace that closes the one at `start`; braces in strings don't count.
    private static func endOfObject(_ bytes: [UInt8], from start: Int) -> Int? {
        var depth = 0
        var isInString = false
        var index = start
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\\") where isInString: index += 1
            case UInt8(ascii: "\""): isInString.toggle()
            case UInt8(ascii: "{") where !isInString: depth += 1
            case UInt8(ascii: "}") where !isInString:
                depth -= 1
                if depth == 0 { return index + 1 }
            default: break
            }
            index += 1
        }
        return nil
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }
}

// MARK: - Checking the scores

extension JudgeAnswer {
    private static func scores(
        in document: JSONValue, _ rubric: Rubric, _ reading: Reading
    ) throws(Refusal) -> [CriterionScore] {
        guard document.object != nil else { throw Refusal("the answer is JSON, but not an object") }
        guard let criteria = document["criteria"] else { throw Refusal("\"criteria\" is missing") }
        guard criteria.object != nil else { throw Refusal("\"criteria\" isn't an object") }
        var scores: [CriterionScore] = []
        for criterion in rubric.criteria {
            scores.append(try score(of: criterion, in: criteria, reading))
        }
        return scores
    }

    private static func score(
        of criterion: Criterion, in criteria: JSONValue, _ reading: Reading
    ) throws(Refusal) -> CriterionScore {
        guard let entry = criteria[criterion.id] else { throw Refusal("the criterion \(criterion.id) is missing") }
        guard let value = entry["score"] ?? bare(entry, reading) else {
            throw Refusal("the criterion \(criterion.id) has no score")
        }
        guard let score = number(value, reading) else { throw Refusal("the score of \(criterion.id) isn't a number") }
        guard criterion.allows(score) else {
            let scale = "\(text(criterion.min)) to \(text(criterion.max))"
            throw Refusal("the score of \(criterion.id) is \(text(score)), off its scale of \(scale)")
        }
        return CriterionScore(id: criterion.id, score: score, weight: criterion.weight)
    }

    /// A score that takes the place of the criterion's object.
    private static func bare(_ entry: JSONValue, _ reading: Reading) -> JSONValue? {
        reading == .lenient && entry.object == nil ? entry : nil
    }

    private static func number(_ value: JSONValue, _ reading: Reading) -> Double? {
        if reading == .exact { return value.double }
        return value.double ?? value.string.flatMap { try? JSONParser.parse(Array($0.utf8)).double }
    }

    private static func text(_ number: Double) -> String {
        String(decoding: number.canonicalBytes(), as: UTF8.self)
    }
}

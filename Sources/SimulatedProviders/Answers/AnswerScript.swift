internal import CanonicalJSON
internal import Determinism

/// What the simulated provider answers: a pure function of the request's body.
enum AnswerScript {
    /// The text of an answer and why it ended.
    struct Answer: Equatable {
        var text: String
        var finish = "stop"
        /// The text of the request at which it stopped.
        var stoppedBy: String?
    }

    /// The answer to a request, whose body's digest is the seed of every choice.
    static func answer(to request: SimulatedRequest, seed: Digest) -> Answer {
        var generator = SeededGenerator(seed: seed.word(0))
        let text: String
        if let judging = JudgeScript(request) {
            text = judging.answer(seed: seed)
        } else if let schema = request.schema {
            text = SchemaScript.value(of: schema, &generator).text
        } else {
            text = conversationalText(request, &generator)
        }
        return limited(Answer(text: text), by: request)
    }

    private static func conversationalText(_ request: SimulatedRequest, _ generator: inout SeededGenerator) -> String {
        let questions = request.texts(of: "user")
        let said = request.texts(of: "assistant")
        let topics = Topics(questions.last ?? "", else: questions.first ?? "")
        let quality = Personality(model: request.model).quality
        let count = 2 + Int(generator.uniform(below: 3))
        var sentences: [String] = []
        for _ in 0..<count {
            let choices = Sentence.of(grade(quality, &generator))
            let sentence = choices[Int(generator.uniform(below: UInt64(choices.count)))]
            let (first, second) = topics.pair(&generator)
            let text = sentence.text(first, second)
            if !sentences.contains(text) { sentences.append(text) }
        }
        if let last = said.last { sentences.insert(callback(to: last, turn: said.count, &generator), at: 0) }
        return sentences.joined(separator: " ")
    }

    /// What a model says that it thought before it answered.
    static func reasoning(of request: SimulatedRequest) -> String {
        let questions = request.texts(of: "user")
        var generator = SeededGenerator(seed: request.seed.word(1))
        let (first, second) = Topics(questions.last ?? "", else: questions.first ?? "").pair(&generator)
        return "The question names \(first) and \(second). First \(first), then \(second); keep it short."
    }

    /// A sentence's grade: the model's quality, a little up or down.
    private static func grade(_ quality: Double, _ generator: inout SeededGenerator) -> Sentence.Grade {
        let drawn = quality + 0.4 * (generator.unitInterval() - 0.5)
        return drawn > 0.72 ? .careful : drawn < 0.45 ? .hasty : .average
    }

    /// A reference to what the model said before, so that a conversation hangs together.
    private static func callback(to answer: String, turn: Int, _ generator: inout SeededGenerator) -> String {
        let (topic, _) = Topics(answer, else: "").pair(&generator)
        return turn == 1 ? "Coming back to \(topic):" : "As I said \(turn) answers ago and since, about \(topic):"
    }

    /// The answer cut where the request says that it ends.
    private static func limited(_ answer: Answer, by request: SimulatedRequest) -> Answer {
        var answer = answer
        for stop in request.stop where !stop.isEmpty {
            guard let range = answer.text.firstRange(of: stop) else { continue }
            answer.text = String(answer.text[..<range.lowerBound])
            answer.stoppedBy = stop
        }
        if let limit = request.maxTokens, Tokens.count(answer.text) > limit {
            answer.text = Tokens.prefix(of: answer.text, limit)
            answer.finish = "length"
            answer.stoppedBy = nil
        }
        return answer
    }
}

/// Tokens as the simulated provider counts them: four bytes each.
enum Tokens {
    static func count(_ text: String) -> Int { (text.utf8.count + 3) / 4 }

    /// The beginning of a text that is at most so many tokens long, in whole characters.
    static func prefix(of text: String, _ limit: Int) -> String {
        var (result, bytes) = ("", 0)
        for character in text {
            bytes += character.utf8.count
            guard bytes <= 4 * max(limit, 0) else { break }
            result.append(character)
        }
        return result
    }
}

/// The words of a text that carry its meaning, as far as their length can tell.
struct Topics {
    private let words: [String]

    init(_ text: String, else other: String) {
        let found = Self.words(of: text)
        words = found.isEmpty ? Self.words(of: other) : found
    }

    /// Two of the words, different if there are two; "this" and "that" if there are none.
    func pair(_ generator: inout SeededGenerator) -> (String, String) {
        guard !words.isEmpty else { return ("this", "that") }
        let first = Int(generator.uniform(below: UInt64(words.count)))
        guard words.count > 1 else { return (words[first], "the rest") }
        let step = 1 + Int(generator.uniform(below: UInt64(words.count - 1)))
        return (words[first], words[(first + step) % words.count])
    }

    private static func words(of text: String) -> [String] {
        var (words, word): ([String], [UInt8]) = ([], [])
        for byte in Array(text.utf8.prefix(2_000)) + [0x20] {
            if byte &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "A") < 26 || byte >= 0x80 {
                word.append(byte)
            } else {
                if word.count >= 4 {
                    let text = String(decoding: word, as: UTF8.self).lowercased()
                    if !stopWords.contains(text), !words.contains(text) { words.append(text) }
                }
                word.removeAll(keepingCapacity: true)
                if words.count == 12 { break }
            }
        }
        return words
    }

    private static let stopWords: Set<String> = [
        "about", "after", "again", "also", "answer", "basically", "because", "been", "before", "between", "both",
        "case",
        "clear", "coming", "could", "does", "each", "explain", "first", "from", "generally", "give", "have", "here",
        "idea", "into", "just", "know", "like", "made", "make", "makes", "many", "more", "most", "much", "must", "name",
        "need", "only", "other", "over", "part", "people", "please", "point", "probably", "question", "said", "same",
        "short", "should", "some", "something", "such", "take", "tell", "than", "that", "their", "them", "then",
        "there",
        "these", "they", "this", "those", "very", "want", "well", "were", "what", "when", "where", "which", "while",
        "will",
        "with", "word", "words", "would", "write", "your",
    ]
}

/// Values that follow a JSON Schema, for requests that ask for one.
enum SchemaScript {
    /// A value of a schema; what the schema leaves open is the simplest there is.
    static func value(of schema: JSONValue, depth: Int = 0, _ generator: inout SeededGenerator) -> JSONValue {
        if let choices = schema["enum"]?.array, !choices.isEmpty {
            return choices[Int(generator.uniform(below: UInt64(choices.count)))]
        }
        guard depth < 16 else { return .null }
        switch schema["type"]?.string {
        case "object":
            var object = JSONObject()
            for (key, member) in schema["properties"]?.object ?? [:] {
                object[key] = value(of: member, depth: depth + 1, &generator)
            }
            return .object(object)
        case "array": return [value(of: schema["items"] ?? .null, depth: depth + 1, &generator)]
        case "integer": return JSONValue(Int(within(schema, &generator).rounded()))
        case "number": return .number(within(schema, &generator).rounded())
        case "boolean": return .bool(generator.uniform(below: 2) == 0)
        case "string": return "simulated"
        default: return .null
        }
    }

    private static func within(_ schema: JSONValue, _ generator: inout SeededGenerator) -> Double {
        let low = max(min(schema["minimum"]?.double ?? 0, 1e12), -1e12)
        let high = max(min(schema["maximum"]?.double ?? low + 10, 1e12), low)
        return low + generator.unitInterval() * (high - low)
    }
}

extension JSONValue {
    /// The canonical text.
    var text: String { String(decoding: canonicalBytes(), as: UTF8.self) }
}

internal import CanonicalJSON
internal import Determinism

/// An answer with all that a provider says about it; each format writes it in its own way.
///
/// No clock and no counter: ids and times follow from the request's digest, so the same request has the same answer.
struct Completion {
    /// Why an answer ended.
    enum Finish: Equatable {
        case stop
        /// At one of the texts that the request gave.
        case stopText(String)
        case length
        case refusal
        case contentFilter
        /// The question was not let through: there is no answer at all.
        case promptBlocked
        /// Cut by the provider for want of machines.
        case resource
    }

    struct Usage: Equatable {
        var input: Int
        /// Part of the input.
        var cached: Int
        /// The visible answer's.
        var output: Int
        var reasoning: Int
    }

    let request: SimulatedRequest
    /// The digest that ids are made of.
    let digest: Digest
    var text: String
    var finish: Finish
    /// What the model says it thought; nil if the request asked for none.
    var reasoning: String?
    /// Absent where the provider doesn't tell.
    var usage: Usage?

    init(_ answer: AnswerScript.Answer, to request: SimulatedRequest, digest: Digest) {
        self.request = request
        self.digest = digest
        text = answer.text
        finish =
            answer.finish == "length" ? .length : answer.stoppedBy.map(Finish.stopText) ?? .stop
        reasoning = request.reasons ? AnswerScript.reasoning(of: request) : nil
        usage = Usage(request, text: answer.text, reasoning: reasoning)
    }

    /// The first second of 2026; answers are dated within the year that follows.
    static let firstSecond = 1_767_225_600
    private static let secondsPerYear: UInt64 = 31_536_000

    var created: Int { Self.firstSecond + Int(digest.word(1) % Self.secondsPerYear) }

    /// 24 hexadecimal digits.
    var id: String { String(digest.hex.prefix(24)) }

    /// Of the form of a UUID, though nothing of it is random.
    var dashedID: String {
        let digits = Array(digest.hex.utf8.prefix(32))
        var text: [UInt8] = []
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { text.append(UInt8(ascii: "-")) }
            text.append(digit)
        }
        return String(decoding: text, as: UTF8.self)
    }

    var fingerprint: String { "fp_" + Digest(of: Personality.snapshot(of: request.model)).hex.prefix(10) }

    /// The pieces in which a stream brings a text, of about four tokens each.
    static func pieces(of text: String) -> [String] {
        var pieces: [String] = []
        var piece = ""
        for character in text {
            piece.append(character)
            if piece.utf8.count >= 16 {
                pieces.append(piece)
                piece = ""
            }
        }
        if !piece.isEmpty { pieces.append(piece) }
        return pieces
    }
}

extension Completion.Usage {
    init(_ request: SimulatedRequest, text: String, reasoning: String?) {
        let sizes = request.messages.map { 4 + Tokens.count($0.text) }
        input = sizes.reduce(3, +)
        // What an earlier turn sent is in the cache, in blocks of 128 tokens, once it is long enough.
        let earlier = request.messages.contains { $0.role == "assistant" } ? sizes.dropLast(2).reduce(3, +) : 0
        cached = earlier >= 1_024 ? earlier / 128 * 128 : 0
        output = Tokens.count(text)
        self.reasoning = reasoning.map(Tokens.count) ?? 0
    }

    /// The answer and what was thought before it.
    var billed: Int { output + reasoning }
}

extension Completion {
    static let refusalText = "I'm sorry, I can't help with that."

    /// The same request, met with a refusal.
    func refused() -> Completion { ended(.refusal, text: "") }

    /// The same request, its answer stopped by a filter after the first words.
    func filtered() -> Completion { ended(.contentFilter, text: Tokens.prefix(of: text, 2)) }

    /// The same request, not let through.
    func blocked() -> Completion { ended(.promptBlocked, text: "") }

    /// The same answer, cut.
    func shortened(_ finish: Finish) -> Completion {
        ended(finish, text: Tokens.prefix(of: text, max(Tokens.count(text) / 2, 1)))
    }

    private func ended(_ finish: Finish, text: String) -> Completion {
        var copy = self
        copy.finish = finish
        copy.text = text
        copy.reasoning = nil
        let said = finish == .refusal ? Self.refusalText : text
        copy.usage = Usage(request, text: said, reasoning: nil)
        return copy
    }
}

internal import Determinism

/// The sentences that answers are made of.
///
/// Each begins with a mark by which a judge knows it again.
struct Sentence {
    enum Grade: CaseIterable {
        case hasty, average, careful

        /// How good a sentence of this grade is, from 0 to 1.
        var merit: Double {
            switch self {
            case .hasty: 0.1
            case .average: 0.55
            case .careful: 1
            }
        }
    }

    let grade: Grade
    /// Its first words, found in no other sentence.
    let mark: String
    /// What follows, cut at the words of the question that stand in it.
    private let pieces: [Piece]

    /// A word of the question, and the text behind it.
    private struct Piece {
        let isFirstWord: Bool
        let rest: String
    }
    private let beginning: String

    /// In the rest, `A` and `B` in braces stand for words of the question.
    private init(_ grade: Grade, _ mark: String, _ rest: String) {
        self.grade = grade
        self.mark = mark
        let parts = rest.split(separator: "{", omittingEmptySubsequences: false)
        beginning = mark + parts[0]
        pieces = parts.dropFirst().map { Piece(isFirstWord: $0.hasPrefix("A}"), rest: String($0.dropFirst(2))) }
    }

    func text(_ first: String, _ second: String) -> String {
        pieces.reduce(into: beginning) { text, piece in
            text += piece.isFirstWord ? first : second
            text += piece.rest
        }
    }

    static let all: [Sentence] = [
        Sentence(.careful, "Start from what is certain:", " the question is about {A}, and {B} only follows from it."),
        Sentence(.careful, "The deciding point is", " {A}; without it, nothing could be said about {B}."),
        Sentence(.careful, "One caveat:", " {A} depends on circumstances that the question leaves open."),
        Sentence(.careful, "A concrete case makes it clear:", " take {A} on an ordinary day and compare it with {B}."),
        Sentence(.careful, "This can be checked:", " change {A}, keep {B} as it is, and see what moves."),
        Sentence(.careful, "Taken together,", " {A} comes first, {B} second, and the rest is detail."),
        Sentence(.average, "Generally,", " {A} goes together with {B}."),
        Sentence(.average, "It helps to know", " that {A} is only a part of the picture."),
        Sentence(.average, "Most people would name", " {A} first and then think of {B}."),
        Sentence(.average, "That said,", " {B} plays a role as well."),
        Sentence(.average, "As a rule of thumb,", " the more {A}, the less {B}."),
        Sentence(.hasty, "Probably something with", " {A}."),
        Sentence(.hasty, "Basically it's", " {A}, more or less."),
        Sentence(.hasty, "No idea about", " {B}, but {A} should be fine."),
        Sentence(.hasty, "I would just go with", " {A} and move on."),
        Sentence(.hasty, "Whatever it is,", " {A} and so on."),
    ]

    private static let byGrade: [Grade: [Sentence]] = Dictionary(grouping: all, by: \.grade)

    /// Sentences of a grade, in the order of `all`.
    static func of(_ grade: Grade) -> [Sentence] { byGrade[grade] ?? [] }

    private static let marks: [(first: UInt8, mark: [UInt8], merit: Double)] = all.map {
        let mark = Array($0.mark.utf8)
        return (mark[0], mark, $0.grade.merit)
    }
    private static let firstBytes = Set(marks.map(\.first))

    /// The mean merit of the known sentences in a text; nil if it has none.
    static func merit(of text: [UInt8]) -> Double? {
        var (sum, count) = (0.0, 0)
        for index in text.indices where isUppercase(text[index]) && firstBytes.contains(text[index]) {
            for known in marks where known.first == text[index] && text[index...].starts(with: known.mark) {
                sum += known.merit
                count += 1
            }
        }
        return count == 0 ? nil : sum / Double(count)
    }

    private static func isUppercase(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "A") < 26 }
}

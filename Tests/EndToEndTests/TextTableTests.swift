import Cairn
import Testing

@testable import CairnCLI

@Suite struct TextTableTests {
    @Test func `columns align, and lines have no trailing spaces`() {
        let table = TextTable(
            columns: [
                TextTable.Column(title: "model"), TextTable.Column(title: "mean", alignment: .right),
                TextTable.Column(title: "note"),
            ],
            rows: [["careful", "0.5", ""], ["x", "12.25", "good"]])
        #expect(
            table.rendered() == """
                MODEL     MEAN  NOTE
                careful    0.5
                x        12.25  good

                """)
    }

    @Test func `no cell reaches the terminal as a command`() {
        let table = TextTable(columns: [TextTable.Column(title: "a")], rows: [["\u{1B}[31mred\u{9B}\u{7F}"]])
        #expect(table.rendered() == "A\n␛[31mred\u{FFFD}\u{FFFD}\n")
    }

    @Test func `what somebody else wrote stays in its line`() {
        #expect("a\nb\u{1B}[2J\u{202E}c\u{2028}é 漢".inOneLine == "a␊b␛[2J\u{FFFD}c\u{FFFD}é 漢")
        let problem = Problem(code: "failed", message: "can't read x\u{1B}[2J:\nsecond line", remedy: "mend it")
        #expect(problem.words == "cairn: can't read x␛[2J:\nsecond line; mend it\n")
    }

    @Test func `the header alone is emphasised`() {
        let table = TextTable(columns: [TextTable.Column(title: "a")], rows: [["b"]])
        #expect(table.rendered { "<\($0)>" } == "<A>\nb\n")
    }
}

import Cairn
import Testing

/// Comma-separated values are those of RFC 4180.
@Suite struct CSVTextTests {
    private func text(_ rows: [[TableValue]]) -> String {
        var lines: [UInt8] = []
        for row in rows { CSVText.append(row, to: &lines) }
        return String(decoding: lines, as: UTF8.self)
    }

    @Test func aRowEndsWithBothCharacters() {
        #expect(text([[.integer(-3), .real(0.25), .text("plain")]]) == "-3,0.25,plain\r\n")
    }

    @Test func unknownIsNothingAndAnEmptyTextIsQuotes() {
        #expect(text([[.null, .text(""), .null]]) == ",\"\",\r\n")
    }

    @Test(arguments: [
        ("a,b", "\"a,b\""), ("say \"yes\"", "\"say \"\"yes\"\"\""), ("two\nlines", "\"two\nlines\""),
        ("carriage\rreturn", "\"carriage\rreturn\""), ("ünïcode 鳥", "ünïcode 鳥"), (" spaces ", " spaces "),
    ])
    func whatNeedsQuotesHasThem(value: String, expected: String) {
        #expect(text([[.text(value)]]) == expected + "\r\n")
    }

    @Test func theHeaderNamesTheColumnsInOrder() {
        var lines: [UInt8] = []
        CSVText.append(header: [TableColumn("a", .integer, "x"), TableColumn("b", .text, "y")], to: &lines)
        #expect(String(decoding: lines, as: UTF8.self) == "a,b\r\n")
    }
}

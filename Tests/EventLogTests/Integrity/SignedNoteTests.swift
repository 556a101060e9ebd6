import Testing

@testable import EventLog

@Suite struct SignedNoteTests {
    private static let lines = ["example/thing/v1", "a thing", "2 things"]

    private static func signer(_ seed: UInt8) throws -> NoteSigner {
        try NoteSigner(name: "example", seed: Array(repeating: seed, count: 32))
    }

    @Test func `a note is read as it was written, and is signed by its key alone`() throws {
        let (one, two) = (try Self.signer(1), try Self.signer(2))
        let note = try SignedNote(Self.lines, signedBy: one)
        #expect(try SignedNote(Array(note.text.utf8), of: "the note") == note)
        #expect(note.text.hasPrefix("example/thing/v1\na thing\n2 things\n\n\u{2014} example "))
        #expect(note.isSigned(by: one.key) == true && note.isSigned(by: two.key) == nil)
    }

    @Test func `a note that was changed isn't signed any more`() throws {
        let signer = try Self.signer(1)
        let text = try SignedNote(Self.lines, signedBy: signer).text.replacing("2 things", with: "3 things")
        #expect(try SignedNote(Array(text.utf8), of: "the note").isSigned(by: signer.key) == false)
    }

    @Test(arguments: [[], [""], ["one", ""], ["one\ntwo"]])
    func `what isn't lines of text isn't signed`(_ lines: [String]) throws {
        let signer = try Self.signer(1)
        #expect(throws: NoteError.self) { try SignedNote(lines, signedBy: signer) }
    }

    @Test func `a note without a signature is none`() {
        #expect(throws: NoteError.self) { try SignedNote(Array("one\n\n".utf8), of: "the note") }
    }
}

import CanonicalJSON
import EventLog
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite struct TamperingTests {
        @Test func `every way of tampering is found by the command that the documentation names`() async throws {
            let evidence = try await Evidence()
            for (number, tampering) in Tampering.all.enumerated() {
                let store = try evidence.copy("forged-\(number)")
                try await tampering.forge(evidence, store)
                let words = tampering.command.split(separator: " ").map(String.init)
                let result = try await evidence.place.start(words, environment: ["CAIRN_STORE": store]).result
                let said = result.text + result.errorText
                #expect(result.status == tampering.status, "\(tampering.what): \(result.status), \(said)")
                #expect(said.contains(tampering.says), "\(tampering.what): \(said)")
                try evidence.remove(store)
            }
        }

        @Test func `the same commands find nothing where nobody has tampered`() async throws {
            let evidence = try await Evidence()
            try evidence.place.write(try evidence.text("seen.checkpoint"), "tampered.checkpoint")
            try evidence.place.write(try evidence.text("event.tlog-proof"), "tampered.tlog-proof")
            for command in Set(Tampering.all.map(\.command)).sorted() {
                // The last row's checkpoint is the earlier one.
                let command = command.replacing("--from tampered.checkpoint", with: "--from old.checkpoint")
                let result = try await evidence.place.start(command.split(separator: " ").map(String.init)).result
                #expect(result.status == 0, "cairn \(command): \(result.text) \(result.errorText)")
            }
        }

        @Test func `the table in the documentation has these rows and no others`() throws {
            let file = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
                .appendingPathComponent("../../../Sources/Cairn/Cairn.docc/Tampering.md").standardized
            let rows = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
                .filter { $0.hasPrefix("| ") && $0.contains("`cairn ") }.map(String.init)
            #expect(rows == Tampering.all.map(\.row))
            #expect(rows.count >= 14)
        }
    }
}

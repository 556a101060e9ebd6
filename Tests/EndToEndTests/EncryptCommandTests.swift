import Cairn
import CanonicalJSON
import Determinism
import EventLog
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite struct EncryptCommandTests {
        private static func experiment() -> String {
            Experiment(turns: 2, concurrency: 8).text
                .replacingOccurrences(
                    of: #"{topic: "virtue number 1"}"#, with: #"{topic: "s3cret virtue", subject: participant-7}"#)
        }

        /// How many files below a directory have a text in them.
        private static func files(with text: String, in directory: String) throws -> Int {
            let names = try #require(FileManager.default.enumerator(atPath: directory)).compactMap { $0 as? String }
            return try names.count { name in
                let url = URL(fileURLWithPath: directory + "/" + name)
                guard try url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else { return false }
                return try Data(contentsOf: url).range(of: Data(text.utf8)) != nil
            }
        }

        private static func place(encryptedFirst: Bool) async throws -> Workplace {
            let place = try Workplace()
            try place.write(experiment(), "experiment.yaml")
            if encryptedFirst { _ = try await place.json("store", "encrypt") }
            let run = try await place.cairn("run", place.experiment)
            try #require(run.status == 0, "\(run.errorText)")
            if !encryptedFirst {
                #expect(try files(with: "s3cret", in: place.store) > 0, "the search finds what isn't sealed")
                #expect((try await place.json("store", "encrypt")["sealed"]?.int ?? 0) > 20)
            }
            return place
        }

        @Test(arguments: [true, false])
        func `a sealed store does all that another does, and its files tell nothing`(first: Bool) async throws {
            let place = try await Self.place(encryptedFirst: first)
            #expect(try Self.files(with: "s3cret", in: place.store) == 0)
            let audit = try await place.json("audit", "verify")
            #expect(audit["valid"] == true && audit["sealed"] == 0, "\(audit)")
            let turns = try #require(try await place.json("query", "transcripts").array)
            #expect(turns.allSatisfy { $0["requestBody"] != nil && $0["answer"] != nil })
            #expect(try await place.json("replay", "verify")["identical"] == true)
            #expect(try await place.json("replay", "execute")["identical"] == true)
            let made = try #require(try await place.json("audit", "trail").array).filter {
                $0["data"]?["change"] == "created"
            }
            let scopes = Set(made.compactMap { $0["data"]?["scope"]?.string })
            #expect(scopes.contains("subject:participant-7") && scopes.contains { $0.hasPrefix("run:") }, "\(scopes)")
            let mode = try FileManager.default.attributesOfItem(atPath: place.store + "/keys/store.key")
            #expect((mode[.posixPermissions] as? Int) == 0o600)
            #expect(try await place.json("store", "encrypt")["sealed"] == 0, "repeating it is harmless")
        }

        @Test func `with a dropped key a copy of the store loses what it sealed, and the store nothing else`()
            async throws
        {
            let place = try await Self.place(encryptedFirst: true)
            let copy = place.directory.path("copy")
            try FileManager.default.copyItem(atPath: place.store, toPath: copy)
            let names = try FileManager.default.contentsOfDirectory(atPath: place.store + "/keys/data")
            let keys = try names.map { name in
                try Data(contentsOf: URL(fileURLWithPath: place.store + "/keys/data/" + name))
            }
            let outcome = try await place.json(
                "audit", "redact", "--subject", "participant-7", "--reason", "withdrew consent")
            #expect((outcome["erased"]?.int ?? 0) > 0, "\(outcome)")
            let left = try FileManager.default.contentsOfDirectory(atPath: place.store + "/keys/data")
            #expect(left.count == names.count - 1)
            let dropped = try #require(Set(names).subtracting(left).first)
            let bytes = try #require(names.firstIndex(of: dropped).map { keys[$0] })
            let sealed = try #require(try JSONParser.parse([UInt8](bytes))["sealed"]?.string)
            #expect(try Self.files(with: sealed, in: place.store) == 0, "the key's bytes are nowhere")

            let audit = try await place.json("audit", "verify")
            #expect(audit["valid"] == true && (audit["erased"]?.int ?? 0) > 0 && audit["sealed"] == 0, "\(audit)")
            let turns = try #require(try await place.json("query", "transcripts").array)
            for turn in turns {
                let isTheirs = turn["labels"]?["scenario"] == "s1"
                #expect((turn["answer"] == nil) == isTheirs && (turn["erased"] != nil) == isTheirs)
            }
            // What a copy has of their blobs can't be opened any more; the events are whole.
            try FileManager.default.removeItem(atPath: copy + "/keys")
            try FileManager.default.copyItem(atPath: place.store + "/keys", toPath: copy + "/keys")
            let copied = try #require(try await place.json("query", "transcripts", "--store", copy).array)
            #expect(copied.contains { $0["answer"] == nil } && copied.contains { $0["answer"] != nil })
            #expect(copied.allSatisfy { ($0["answer"] == nil) == ($0["labels"]?["scenario"] == "s1") })
            let there = try await place.json("audit", "verify", "--store", copy)
            #expect(there["valid"] == true && (there["sealed"]?.int ?? 0) > 0, "\(there)")
        }

        @Test func `without its keys a store is verified and not written`() async throws {
            let place = try await Self.place(encryptedFirst: true)
            try FileManager.default.removeItem(atPath: place.store + "/keys")
            let audit = try await place.json("audit", "verify")
            #expect(audit["valid"] == true && (audit["sealed"]?.int ?? 0) > 0, "\(audit)")
            let executed = try await place.cairn("replay", "execute", "--json")
            #expect(executed.status == 1, "\(executed.errorText)")
            #expect(try JSONParser.parse(executed.output)["passedOver"]?[0]?["state"] == "sealed")
            let run = try await place.cairn("run", place.experiment, "--label", "another")
            #expect(run.status != 0 && run.errorText.contains("its keys aren't here"), "\(run.errorText)")
            let derived = try await place.json("replay", "verify")
            #expect(derived["identical"] == true && derived["erased"] == 0, "\(derived)")
            #expect((derived["sealed"]?.int ?? 0) > 0, "\(derived)")
            // What is sealed is neither erased nor missing, whoever tells of it.
            let turns = try #require(try await place.json("query", "transcripts").array)
            #expect(turns.allSatisfy { $0["sealed"]?["request"] != nil && $0["erased"] == nil && $0["missing"] == nil })
            let words = try await place.json("query", "sql", "SELECT DISTINCT texts FROM turns")
            #expect(words == [["texts": "sealed"]], "\(words)")
            let lines = try await place.cairn("export", "jsonl", "--blobs", "inline").text
            #expect(lines.contains(#"{"sealed":true}"#) && !lines.contains(#"{"missing":true}"#))
            let inspect = try await place.cairn("export", "inspect", "-o", "logs")
            #expect(inspect.status == 1 && inspect.errorText.contains("is sealed"), "\(inspect.errorText)")
            let name = try #require(try await place.json("query", "runs")[0]?["run"]?.string)
            let bundle = try await place.cairn("bundle", "create", name, "-o", "run.cairn.zip")
            #expect(bundle.status == 1 && bundle.errorText.contains("is sealed"), "\(bundle.errorText)")
            #expect(bundle.errorText.contains("keys/"), "\(bundle.errorText)")
            let redaction = try await place.cairn("audit", "redact", "--subject", "participant-7", "--reason", "x")
            #expect(redaction.status == 1, "\(redaction.errorText)")
            #expect(redaction.errorText.contains("can't be known") && redaction.errorText.contains("keys/data/"))
            // A key that signs nothing isn't made, nor recorded.
            #expect(!bundle.errorText.contains("signing key"), "\(bundle.errorText)")
            #expect(!(try await place.cairn("audit", "trail").text.contains("signing key")))
            #expect(!FileManager.default.fileExists(atPath: place.directory.path("run.cairn.zip")))
        }
    }
}

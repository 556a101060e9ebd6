import CanonicalJSON
import Determinism
import EventLog
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite struct PruneCommandTests {
        private static let flow = """
            {"kind": "tell", "name": "first", "input": {"says": "secret-first"}}
            {"kind": "tell", "name": "second", "input": {"says": "told-by-two"}}
            {"kind": "tell", "name": "third", "input": {"says": "secret-third"}, "after": ["first"]}
            {"kind": "tell", "name": "fourth", "input": {"says": "told-by-two", "fails": true}, "attempts": 1}
            """

        /// Says on its standard error, far from how it stands in the job's input, what it was told to say.
        private static let program = """
            #!/bin/sh
            read -r job
            said=${job#*'"says":"'}
            echo "${said%%'"'*} in other words" | tr a-z n-za-m >&2
            case "$job" in
            *'"fails":true'*) echo '{"error": {"class": "told", "message": "told to", "retryable": false}}'; exit 1 ;;
            esac
            echo '{}'
            """

        private static func place() async throws -> Workplace {
            let place = try Workplace()
            try place.write(flow, "flow.jsonl")
            try place.write(program, "tell.sh")
            try place.write("kinds:\n  tell:\n    command: [./tell.sh]\n", "handlers.yaml")
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: place.directory.path("tell.sh"))
            _ = try await place.json("submit", "flow.jsonl", "--id", "night-7")
            let worked = try await place.json("work", "--handlers", "handlers.yaml", "--until-empty")
            try #require(worked["tally"]?["completed"] == 3 && worked["tally"]?["failed"] == 1, "\(worked)")
            return place
        }

        /// How often a text, as the program told it, stands in the files of the store.
        private static func count(_ text: String, in place: Workplace) throws -> Int {
            let told = String(
                decoding: text.utf8.map { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "m"): byte + 13
                    case UInt8(ascii: "n")...UInt8(ascii: "z"): byte - 13
                    default: byte
                    }
                }, as: UTF8.self)
            let files = try #require(FileManager.default.enumerator(atPath: place.store)).compactMap { $0 as? String }
            return try files.reduce(0) { count, name in
                let url = URL(fileURLWithPath: place.store + "/" + name)
                guard try url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else { return count }
                let data = try Data(contentsOf: url)
                var (from, found) = (data.startIndex, 0)
                while let range = data.range(of: Data(told.utf8), in: from..<data.endIndex) {
                    found += 1
                    from = range.upperBound
                }
                return count + found
            }
        }

        private static func names(_ place: Workplace) async throws -> [String] {
            try #require(try await place.json("query", "jobs", "--submission", "night-7").array)
                .compactMap { $0["name"]?.string }.sorted()
        }

        @Test func `pruned jobs leave the lists and their evidence the files, and the log verifies`() async throws {
            let place = try await Self.place()
            #expect(try Self.count("secret-first", in: place) > 0)
            let before = try await place.json("store", "stats")
            let misspelt = try await place.cairn("jobs", "prune", "--keep", "0", "--queue", "defualt")
            #expect(misspelt.status == 2 && misspelt.errorText.contains("there is default"), "\(misspelt.errorText)")
            let preview = try await place.json("jobs", "prune", "--keep", "0", "--dry-run")
            #expect(preview["total"] == 3 && preview["erasedBlobs"] == nil)
            #expect(try await place.json("store", "stats")["head"] == before["head"])

            #expect(try await place.json("jobs", "prune", "--older-than", "1h")["total"] == 0)
            #expect(try await place.json("jobs", "prune", "--keep", "3")["total"] == 0)
            let pruned = try await place.json("jobs", "prune", "--keep", "0")
            #expect(pruned["total"] == 3 && pruned["jobs"]?["completed"] == 3, "\(pruned)")
            // What the second said, the fourth said too, and that one stays.
            #expect(pruned["erasedBlobs"] == 2, "\(pruned)")
            #expect(try await Self.names(place) == ["fourth"])
            #expect(try await place.events("queue.pruned").count == 1)
            #expect(try await place.events("blob.erased").count == 1)

            let audit = try await place.json("audit", "verify")
            #expect(audit["valid"] == true && audit["erased"] == 2, "\(audit)")
            let replayed = try await place.json("replay", "verify")
            #expect(replayed["identical"] == true)
            #expect(try await place.json("replay", "rebuild")["identical"] == true)
            let words = try await place.cairn("audit", "verify")
            #expect(words.text.contains("2 of them to blobs erased on purpose"), "\(words.text)")

            let head = try await place.json("store", "stats")["head"]
            let compacted = try await place.json("store", "compact")
            #expect(compacted["head"] == head)
            #expect(try Self.count("secret-first", in: place) == 0)
            #expect(try Self.count("secret-third", in: place) == 0)
            #expect(try Self.count("told-by-two", in: place) > 0)
            #expect(try await place.json("audit", "verify")["valid"] == true)
            #expect(try await Self.names(place) == ["fourth"])

            // The submission is still known by its id, and appends nothing.
            let again = try await place.json("submit", "flow.jsonl", "--id", "night-7")
            #expect(again["new"] == 0)
        }

        @Test func `a blob that is lost and not erased is still damage`() async throws {
            let place = try await Self.place()
            let evidence = try await place.events("job.completed").compactMap {
                $0["metadata"]?["cause"]?["blobs"]?[0]?.string
            }
            let lost = try #require(evidence.first.flatMap { Digest(hex: $0) })
            do {
                let log = try LMDBLog.open(at: place.store)
                defer { log.close() }
                let end = Position(try log.head().size)
                #expect(try log.eraseBlobs([lost: end]) { _ in [] }.count == 1)
            }
            let audit = try await place.cairn("audit", "verify", "--json")
            #expect(audit.status == 4)
            let report = try JSONParser.parse(audit.output)
            #expect(report["finding"]?["message"]?.string?.contains("isn't in the store") == true, "\(report)")
        }

        @Test(arguments: [
            [], ["--keep", "-1"], ["--older-than", "30"], ["--older-than", "xd"], ["--keep", "1", "--state", "ready"],
            ["--keep", "1", "--tag", "night"],
        ])
        func `a policy that says nothing or nonsense is refused`(arguments: [String]) async throws {
            let place = try Workplace()
            let log = try LMDBLog.open(at: place.store)
            log.close()
            let result = try await place.start(["jobs", "prune"] + arguments).result
            #expect(result.status == 2, "\(result.errorText)")
        }
    }
}

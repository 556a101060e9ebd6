import CanonicalJSON
import Determinism
import EventLog
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite struct StoreCommandTests {
        /// A store with some thousand events in many streams, each with a blob of its own.
        private static func filled(_ place: Workplace, _ events: Range<Int>) async throws {
            let log = try LMDBLog.open(at: place.store, .init(durability: .noSync))
            defer { log.close() }
            for result in await log.append(try events.map { try commit($0) }) { _ = try result.get() }
        }

        private static func commit(_ number: Int) throws -> Commit {
            var generator = SeededGenerator(seed: UInt64(number))
            let blob = Blob((0..<1_500).map { _ in UInt8(truncatingIfNeeded: generator.next()) })
            let event = NewEvent(
                type: EventType("sample.recorded"), version: 1, time: Timestamp(microseconds: Int64(number)),
                data: Array(#"{"number":\#(number)}"#.utf8),
                metadata: EventMetadata(cause: Cause(blobs: [blob.digest])).canonicalBytes())
            return Commit(
                stream: try StreamName(category: "sample", id: "\(number % 500)"), expected: .any, events: [event],
                blobs: [blob])
        }

        private static func partials(_ place: Workplace) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: place.directory.path)
                .filter { $0.contains(".partial-") }
        }

        @Test func `a backup is a store with a head that the store had, made while others append`() async throws {
            let place = try Workplace()
            try await Self.filled(place, 0..<3_000)
            let log = try LMDBLog.open(at: place.store, .init(access: .mustExist))
            defer { log.close() }
            let appending = Task {
                for number in 3_000..<3_300 { _ = try await log.append(Self.commit(number)) }
            }
            let backup = try await place.json("store", "backup", place.directory.path("backup"))
            try await appending.value
            let events = try #require(backup["events"]?.int)
            #expect(events >= 3_000)
            #expect(try log.head(ofSize: UInt64(events))?.root.hex == backup["head"]?.string)
            #expect(backup["size"]?.int == events, "the tree's size, next to its root")
            let audit = try await place.json("audit", "verify", "--store", place.directory.path("backup"))
            #expect(audit["valid"] == true)
            #expect(audit["head"] == backup["head"])
            #expect(audit["blobs"]?.int == events)

            let again = try await place.cairn("store", "backup", place.directory.path("backup"), "--json")
            #expect(again.status == 2, "\(again.errorText)")
            #expect(try again.problem()?["code"] == "usage")
            let restored = try await place.json(
                "store", "restore", place.directory.path("backup"), place.directory.path("restored"))
            #expect(restored["head"] == backup["head"])
            let stats = try await place.json("store", "stats", "--store", place.directory.path("restored"))
            #expect(stats["events"]?.int == events)
            #expect(stats["head"] == backup["head"])
            #expect(stats["streams"]?.int == 500)
            #expect(try Self.partials(place).isEmpty)
        }

        @Test(arguments: [
            ("nowhere", "there is nothing of that name"), ("empty", "it has no store.json"),
            ("file", "it is no directory"), ("other", "store.json is not JSON"),
        ])
        func `what is no backup can't be restored, and nobody is told to make a store`(
            path: String, reason: String
        ) async throws {
            let place = try Workplace()
            for directory in ["empty", "other"] {
                try FileManager.default.createDirectory(
                    atPath: place.directory.path(directory), withIntermediateDirectories: false)
            }
            try place.write("text", "file")
            try place.write("text", "other/store.json")
            let result = try await place.cairn("store", "restore", path, "restored", "--json")
            let problem = try #require(try result.problem())
            #expect(result.status == 5 && problem["code"] == "notAStore", "\(problem)")
            let message = problem["message"]?.string ?? ""
            #expect(message.hasPrefix("there is no backup at \(path): \(reason)"), "\(problem)")
            let remedy = problem["remedy"]?.string ?? ""
            #expect(remedy.hasPrefix("check the path; ") && !remedy.contains("cairn run"), "\(problem)")
            #expect(!FileManager.default.fileExists(atPath: place.directory.path("restored")))
        }

        @Test func `a backup of what is no store, and one into the store itself, are refused`() async throws {
            let place = try Workplace()
            let missing = try await place.cairn("store", "backup", place.directory.path("backup"), "--json")
            let problem = try #require(try missing.problem())
            #expect(missing.status == 5 && problem["code"] == "notAStore", "\(problem)")
            #expect(problem["message"]?.string?.contains("there is no store.json") == true, "\(problem)")
            #expect(problem["remedy"]?.string?.contains("CAIRN_STORE names another") == true, "\(problem)")
            #expect(!FileManager.default.fileExists(atPath: place.directory.path("backup")))
            try await Self.filled(place, 0..<3)
            try FileManager.default.createSymbolicLink(
                atPath: place.directory.path("link"), withDestinationPath: place.store)
            for target in ["store/backup", "link/deep/backup", "store"] {
                let inside = try await place.cairn("store", "backup", target, "--json")
                let problem = try #require(try inside.problem())
                #expect(inside.status == 2 && problem["code"] == "usage", "\(problem)")
                #expect(problem["message"]?.string?.contains("in the directory that is to be copied") == true)
            }
            let beside = try await place.json("store", "backup", "store-monday")
            #expect(beside["events"] == 3)
        }

        @Test func `a backup that was killed is none, and its rest is removed by the next one`() async throws {
            let place = try Workplace()
            try await Self.filled(place, 0..<20_000)
            let target = place.directory.path("backup")
            var killedMidway = 0
            for round in 1...12 {
                let program = try place.start(["store", "backup", target])
                while try Self.partials(place).isEmpty, !FileManager.default.fileExists(atPath: target) {
                    await Task.yield()
                }
                for _ in 0..<round * round * 40 { await Task.yield() }
                program.child.send(SIGKILL)
                _ = await program.result
                if FileManager.default.fileExists(atPath: target) {
                    let audit = try await place.json("audit", "verify", "--store", target)
                    #expect(audit["valid"] == true && audit["events"] == 20_000)
                    try FileManager.default.removeItem(atPath: target)
                    continue
                }
                killedMidway += 1
                let rest = try #require(try Self.partials(place).first)
                let restored = try await place.cairn(
                    "store", "restore", place.directory.path(rest), place.directory.path("restored\(round)"))
                if restored.status == 0 {
                    // Killed after the copy was whole, before it had its name.
                    let audit = try await place.json(
                        "audit", "verify", "--store", place.directory.path("restored\(round)"))
                    #expect(audit["valid"] == true && audit["events"] == 20_000)
                }
            }
            #expect(killedMidway > 0)
            _ = try await place.json("store", "backup", target)
            #expect(try Self.partials(place).isEmpty)
        }

        @Test func `a damaged backup isn't restored`() async throws {
            let place = try Workplace()
            try await Self.filled(place, 0..<500)
            let backup = place.directory.path("backup")
            _ = try await place.json("store", "backup", backup)
            let file = URL(fileURLWithPath: backup + "/log/data.mdb")
            var data = try Data(contentsOf: file)
            let found = try #require(data.range(of: Data(#"{"number":321}"#.utf8)))
            data[found.lowerBound + 10] ^= 1
            try data.write(to: file)
            let target = place.directory.path("restored")
            let result = try await place.cairn("store", "restore", backup, target, "--json")
            #expect(result.status == 5, "\(result.errorText)")
            #expect(try result.problem()?["code"] == "damaged")
            #expect(try result.problem()?["message"]?.string?.contains("position 321") == true)
            #expect(!FileManager.default.fileExists(atPath: target))
            #expect(try Self.partials(place).isEmpty)
        }

        @Test func `a store that another process has open isn't compacted`() async throws {
            let place = try Workplace()
            try await Self.filled(place, 0..<100)
            do {
                let log = try LMDBLog.open(at: place.store, .init(access: .mustExist))
                defer { log.close() }
                let result = try await place.cairn("store", "compact", "--json")
                #expect(result.status == 1, "\(result.errorText)")
                #expect(try result.problem()?["code"] == "conflict")
                #expect(try result.problem()?["message"]?.string?.contains("process \(getpid()) has it open") == true)
                _ = try await log.append(Self.commit(100))
            }
            let compacted = try await place.json("store", "compact")
            #expect(compacted["events"] == 101)
            let before = try #require(compacted["before"]?.int)
            #expect(try #require(compacted["after"]?.int) <= before)
            let audit = try await place.json("audit", "verify")
            #expect(audit["valid"] == true && audit["head"] == compacted["head"])
        }

        @Test func `stats says what a store holds, and of a missing one that it is missing`() async throws {
            let place = try Workplace()
            try await Self.filled(place, 0..<100)
            let words = try await place.cairn("store", "stats")
            #expect(words.status == 0, "\(words.errorText)")
            #expect(words.text.contains("100 events, 100 streams, 100 blobs"), "\(words.text)")
            #expect(words.text.contains("head 100:"))
            let missing = try await place.cairn("store", "stats", "--store", place.directory.path("none"))
            #expect(missing.status == 5)
        }
    }
}

import CanonicalJSON
import EventLog
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite struct DamageTests {
        /// A finished run in a store that nobody has open.
        private static func place() async throws -> Workplace {
            let place = try Workplace(Experiment(scenarios: 8))
            let run = try await place.cairn("run", place.experiment)
            try #require(run.status == 0, "\(run.errorText)")
            return place
        }

        private static func data(_ place: Workplace) throws -> Data {
            try Data(contentsOf: URL(fileURLWithPath: place.store + "/log/data.mdb"))
        }

        /// Makes a change in every copy of an event's record, in pages that are in use and in others.
        private static func change(
            _ place: Workplace, at position: Position, _ change: (inout [UInt8]) throws -> Void
        ) throws {
            let log = try LMDBLog.open(at: place.store)
            let record = try #require(try log.event(at: position)).record
            log.close()
            var changed = record
            try change(&changed)
            try #require(changed.count == record.count)
            var data = try Self.data(place)
            var from = data.startIndex
            while let found = data.range(of: Data(record), in: from..<data.endIndex) {
                data.replaceSubrange(found, with: changed)
                from = found.upperBound
            }
            try #require(from > data.startIndex)
            try Self.replace(place, data)
        }

        private static func replace(_ place: Workplace, _ data: Data) throws {
            try data.write(to: URL(fileURLWithPath: place.store + "/log/data.mdb"))
        }

        @Test func `a byte changed in the middle of the log is found, and its position named`() async throws {
            let place = try await Self.place()
            let log = try LMDBLog.open(at: place.store)
            let position = try log.head().size / 2
            log.close()
            try Self.change(place, at: Position(position)) { $0[$0.count - 3] ^= 1 }
            let audit = try await place.cairn("audit", "verify", "--json")
            #expect(audit.status == 4, "\(audit.errorText)")
            let report = try JSONParser.parse(audit.output)
            #expect(report["valid"] == false)
            #expect(report["finding"]?["position"]?.int == Int(position), "\(report)")
            let words = try await place.cairn("audit", "verify")
            #expect(words.status == 4 && words.text.contains("\(position)"), "\(words.text)")
        }

        @Test func `replay names the event whose cause can't be read any more`() async throws {
            let place = try await Self.place()
            let log = try LMDBLog.open(at: place.store)
            var position: Position?
            try log.scan(from: .first, matching: .all) { event in
                if position == nil, !(try event.metadata().cause?.blobs ?? []).isEmpty { position = event.position }
            }
            log.close()
            let damaged = try #require(position)
            try Self.change(place, at: damaged) { record in
                let start = try #require(record.firstRange(of: Array(#""blobs":[""#.utf8))).upperBound
                record[start] ^= 0x40
            }
            let words = try await place.cairn("replay", "verify")
            #expect(words.status == 4, "\(words.status) \(words.errorText)")
            #expect(words.text.contains("position \(damaged) in "), "\(words.text)")
            #expect(words.text.contains("its metadata can't be read"), "\(words.text)")
            #expect(words.text.hasSuffix("\nDIFFERENT: 1 derived event comes out otherwise\n"), "\(words.text)")
            let report = try JSONParser.parse(try await place.cairn("replay", "verify", "--json").output)
            #expect(report["firstDivergence"]?["position"]?.int == Int(damaged.rawValue), "\(report)")
        }

        @Test func `an import says how many blobs didn't come along`() async throws {
            let place = try await Self.place()
            _ = try await place.cairn("audit", "export", "-o", "bare.jsonl")
            _ = try await place.cairn("audit", "export", "--blobs", "inline", "-o", "whole.jsonl")
            let whole = try await place.cairn("audit", "import", "whole.jsonl", "--store", "whole", "--json")
            #expect(whole.status == 0 && whole.errorText.isEmpty, "\(whole.errorText)")
            #expect(try JSONParser.parse(whole.output)["missingBlobs"]?.int == 0)
            let bare = try await place.cairn("audit", "import", "bare.jsonl", "--store", "bare", "--json")
            let count = try #require(try JSONParser.parse(bare.output)["missingBlobs"]?.int)
            #expect(bare.status == 0 && count > 5)
            #expect(
                bare.errorText.contains("\(count) blobs that events name aren't in bare.jsonl"), "\(bare.errorText)")
        }

        @Test func `a store with a stream of thousands of events is sound to every command that looks`() async throws {
            let place = try await Self.place()
            _ = try await place.cairn("audit", "export", "-o", "events.jsonl")
            let log = try LMDBLog.open(at: place.store)
            var sample: Event?
            try log.scan(from: .first, matching: .all) { event in
                if event.type.text == "access.exported" { sample = event.detached }
            }
            let event = try #require(sample)
            let same = NewEvent(
                type: event.type, version: event.version, time: event.time, data: event.dataBytes,
                metadata: event.metadataBytes)
            for _ in 0..<3 {
                _ = try await log.append(
                    Commit(stream: event.stream, expected: .any, events: Array(repeating: same, count: 1_000)))
            }
            log.close()
            for command in ["audit verify", "doctor", "store backup copy", "store compact"] {
                let result = try await place.start(command.split(separator: " ").map(String.init)).result
                #expect(result.status == 0, "\(command): \(result.status) \(result.text) \(result.errorText)")
            }
        }

        @Test func `a data file cut short is no store, and nobody dies of it`() async throws {
            let place = try await Self.place()
            let data = try Self.data(place)
            for length in [0, 100, 8_192, data.count / 2, data.count * 3 / 4] {
                try Self.replace(place, data.prefix(length))
                for command in ["audit verify", "query runs", "replay verify", "run experiment.yaml", "audit export"] {
                    let words = command.split(separator: " ").map(String.init)
                    let result = try await place.start(words).result
                    #expect(result.status == 5, "\(command) on \(length) bytes: \(result.status) \(result.errorText)")
                    let said = result.errorText + result.text
                    #expect(said.contains("restore it from a copy"), "\(command) on \(length): \(said)")
                }
            }
        }

        @Test func `a store that can't be written can still be asked`() async throws {
            let place = try await Self.place()
            let program = place.directory.path("program")
            try FileManager.default.copyItem(atPath: place.program, toPath: program)
            try #require(FileManager.default.subpaths(atPath: place.store)).forEach {
                chmod(place.store + "/" + $0, 0o555)
            }
            // The locks alone may be taken: readers write their names there.
            for table in ["log", "blobs"] { chmod(place.store + "/\(table)/lock.mdb", 0o666) }
            chmod(place.store, 0o555)
            // The superuser may write anything.
            let user = geteuid() == 0 ? ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : []
            func cairn(_ arguments: String...) async throws -> ChildProcess.Result {
                let words = user + [program] + arguments
                return try await place.start(words[0], Array(words.dropFirst())).result
            }
            let asked = try await cairn("query", "rankings", "--json")
            #expect(asked.status == 0, "\(asked.errorText)")
            #expect(try JSONParser.parse(asked.output).array?.count == 1)
            #expect(try await cairn("audit", "verify").status == 0)
            #expect(try await cairn("replay", "execute").status == 0)
            try place.write(Experiment(scenarios: 9).text, "other.yaml")
            let run = try await cairn("run", "other.yaml")
            #expect(run.status == 5 && run.output.isEmpty, "\(run.status): \(run.errorText)")
            #expect(run.errorText.contains("must be writable"), "\(run.errorText)")
        }
    }
}

import CanonicalJSON
import EventLog
import Foundation
import LMDB
import TestSupport
import Testing

extension EndToEndTests {
    /// What is signed agrees with the log, and what is handed out with what is signed.
    @Suite struct SigningTests {
        private static func place() async throws -> Workplace {
            let place = try Workplace(Experiment(scenarios: 2))
            let run = try await place.cairn("run", place.experiment)
            try #require(run.status == 0, "\(run.errorText)")
            _ = try await place.json("audit", "key", "create")
            return place
        }

        /// Changes the bytes of the first event of which `change` makes other ones.
        private static func forge(
            _ place: Workplace, _ change: (Position, [UInt8]) -> [UInt8]?
        ) throws {
            var forged: (position: Position, record: [UInt8])?
            let log = try LMDBLog.open(at: place.store, .init(access: .readOnly))
            try log.scan { event in
                if forged == nil, let record = change(event.position, event.record) {
                    forged = (event.position, record)
                }
            }
            log.close()
            let found = try #require(forged)
            let environment = try Environment.open(at: place.store + "/log")
            defer { environment.close() }
            let events = try environment.openTable("events", flags: .integerKey, create: false)
            try environment.write { try $0.put(found.record, at: found.position.rawValue, in: events) }
        }

        /// The same bytes but for one, in a name that occurs in them.
        private static func renamed(_ record: [UInt8]) -> [UInt8]? {
            guard let range = Data(record).range(of: Data("sim-careful".utf8)) else { return nil }
            var record = record
            record[range.upperBound - 1] = UInt8(ascii: "L")
            return record
        }

        @Test func `a head isn't signed whose last record isn't the one that the tree was made of`() async throws {
            let place = try await Self.place()
            let end = try #require(try await place.json("audit", "head")["events"]?.int)
            try Self.forge(place) { position, record in
                guard Int(position.rawValue) == end - 1 else { return nil }
                return record.dropLast() + [record[record.count - 1] ^ 1]
            }
            let signed = try await place.cairn("audit", "head", "--sign")
            #expect(signed.status == 5 && signed.text.isEmpty, "\(signed.errorText)")
            #expect(signed.errorText.contains("cairn audit verify"), "\(signed.errorText)")
            #expect(!FileManager.default.fileExists(atPath: place.store + "/checkpoints"))
        }

        @Test func `nothing leaves under a signature that its records don't lead to`() async throws {
            let place = try await Self.place()
            _ = try await place.json("audit", "head", "--sign")
            try Self.forge(place) { _, record in Self.renamed(record) }
            for words in [
                ["bundle", "create", "-o", "run.zip"],
                ["bundle", "prove-sample", "--model", "sim-careful", "--scenario", "s0", "-o", "sample.zip"],
            ] {
                let result = try await place.start(words).result
                #expect(result.status == 5, "\(words): \(result.errorText)")
                #expect(result.errorText.contains("the records don't lead to it any more"), "\(result.errorText)")
            }
            let names = try FileManager.default.contentsOfDirectory(atPath: place.directory.path)
            #expect(names.sorted() == ["experiment.yaml", "store"])
            #expect(try await place.json("audit", "trail").array?.count == 1, "the key alone")
        }
    }
}

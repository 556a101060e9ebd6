import Audit
import Cairn
import CanonicalJSON
import Determinism
import EventLog
import Foundation
import TestSupport
import Testing

/// Recorded bundles of each format: every release verifies, replays and imports them, and says of them what was said then.
@Suite struct BundleFixtureTests {
    /// One directory of `replay-fixtures/` that holds a bundle.
    struct Recorded: Sendable, CustomTestStringConvertible {
        let name: String
        var testDescription: String { name }
        var file: String { path("run.cairn.zip") }

        func expected() throws -> JSONValue {
            try JSONParser.parse([UInt8](Data(contentsOf: URL(fileURLWithPath: path("expected.json")))))
        }

        private func path(_ file: String) -> String {
            Fixture.directory.appendingPathComponent(name).appendingPathComponent(file).path
        }

        static let all: [Recorded] = {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: Fixture.directory.path)) ?? []
            return names.sorted().map(Recorded.init).filter { FileManager.default.fileExists(atPath: $0.file) }
        }()
    }

    @Test func thereIsABundleOfEachFormat() throws {
        let formats = try Recorded.all.map { try $0.expected()["format"]?.int }
        #expect(Set(formats) == Set(BundleIndex.Format.allCases.map(\.rawValue)))
    }

    @Test(arguments: Recorded.all) func aRecordedBundleIsWhatItWas(bundle: Recorded) async throws {
        let expected = try bundle.expected()
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: bundle.file)))
        #expect(expected["sha256"]?.string == Digest(of: bytes).hex, "a recorded bundle is never edited")
        let key = try VerifierKey(text: try #require(expected["key"]?.string))
        let verified = try await BundleCheck.run(bundle.file, trusting: [key])
        #expect(verified.verdict == "signed", "\(verified.problems)")
        #expect(verified.isManifestSigned == ((expected["format"]?.int ?? 0) >= 4))
        let replayed = try await BundleCheck.run(bundle.file, trusting: [key], replaying: true)
        let verdict = try JSONParser.parse(replayed.canonicalBytes())
        // A later release may say more, and nothing else.
        for (name, value) in try #require(expected["verdict"]?.object) {
            #expect(verdict[name] == value, "\(name)")
        }
    }

    @Test(arguments: Recorded.all) func aRecordedBundleMakesTheSameStore(bundle: Recorded) async throws {
        let expected = try bundle.expected()
        let directory = try TemporaryDirectory("bundle-fixture")
        let report = try await BundleRestore.run(bundle.file, into: directory.path("copy"))
        let copy = try #require(expected["copy"])
        #expect(report.events == copy["events"]?.int && report.elsewhere == copy["withheld"]?.int.map(UInt64.init))
        #expect(report.head.root.hex == copy["head"]?.string && report.head.size == copy["size"]?.int.map(UInt64.init))
        #expect(report.isOriginal == (copy["original"] == true))
        let log = try LMDBLog.open(at: directory.path("copy"), .init(access: .mustExist))
        defer { log.close() }
        #expect(try Auditor(log: log, catalogue: Catalogues.events).verify().isValid)
    }

    /// What reads a recorded bundle without Cairn came with it.
    @Test(arguments: Recorded.all) func aRecordedBundleIsCheckedByItsOwnProgram(bundle: Recorded) throws {
        let directory = try TemporaryDirectory("bundle-fixture")
        let python = "/usr/bin/python3"
        let place = directory.path("unpacked")
        try #require(try ChildProcess.run(python, ["-m", "zipfile", "-e", bundle.file, place]).status == 0)
        let key = try #require(try bundle.expected()["key"]?.string)
        let result = try ChildProcess.run(python, [place + "/verify.py", place, "--key", key])
        #expect(result.status == 0 && result.text.hasPrefix("whole: "), "\(result.text) \(result.errorText)")
    }
}

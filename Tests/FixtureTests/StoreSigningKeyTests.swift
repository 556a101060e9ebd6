import Cairn
import EventLog
import Foundation
import Testing

/// A key that others hear of has its private half on disk, whatever fails while it is made.
@Suite struct StoreSigningKeyTests {
    private struct Full: Error {}

    private static func path(_ name: String, _ log: LMDBLog) -> String { "\(log.directory)/keys/\(name)" }

    private static func record(_ key: VerifierKey, in log: LMDBLog) async throws {
        let what = Access.keyChange(.created, .signing, key: key.text)
        _ = try await AccessTrail.record(what, by: .user("ada"), in: log)
    }

    @Test func aKeyThatCouldNotBeRecordedIsKeptAndTheNextTryGoesOnWithIt() async throws {
        let source = try await Fixture(name: "clean-run").imported()
        let log = source.store.log
        var heard: VerifierKey?
        await #expect(throws: Full.self) {
            _ = try await StoreSigningKey.make(for: log) { key in
                heard = key
                let kept = try String(contentsOfFile: Self.path("signing.key.new", log), encoding: .utf8)
                #expect(try NoteSigner(privateText: String(kept.dropLast())).key == key, "it was on disk before")
                throw Full()
            }
        }
        #expect(try StoreSigningKey.read(of: log) == nil)
        #expect(try StoreSigningKey.publicKeys(of: log).isEmpty)
        let made = try await StoreSigningKey.make(for: log) { try await Self.record($0, in: log) }
        #expect(made.key == heard)
        #expect(try StoreSigningKey.read(of: log)?.key == heard)
        #expect(try StoreSigningKey.publicKeys(of: log) == [made.key])
        #expect(try AccessTrail.entries(of: log).count == 1)
        #expect(!FileManager.default.fileExists(atPath: Self.path("signing.key.new", log)))
    }

    @Test func aKeyThatWasRecordedAndDidNotComeIntoUseIsNotRecordedAgain() async throws {
        let source = try await Fixture(name: "clean-run").imported()
        let log = source.store.log
        await #expect(throws: Full.self) {
            _ = try await StoreSigningKey.make(for: log) { key in
                try await Self.record(key, in: log)
                throw Full()
            }
        }
        _ = try await StoreSigningKey.make(for: log) { _ in Issue.record("the log has it") }
        #expect(try AccessTrail.entries(of: log).count == 1)
    }

    @Test func aKeyThatReplacesAnotherIsInUseOnlyWhenItIsRecorded() async throws {
        let source = try await Fixture(name: "clean-run").imported()
        let log = source.store.log
        let first = try await StoreSigningKey.make(for: log) { try await Self.record($0, in: log) }
        await #expect(throws: Full.self) { _ = try await StoreSigningKey.make(for: log) { _ in throw Full() } }
        #expect(try StoreSigningKey.read(of: log)?.key == first.key)
        #expect(try StoreSigningKey.publicKeys(of: log) == [first.key])
        let second = try await StoreSigningKey.make(for: log) { try await Self.record($0, in: log) }
        #expect(second.key != first.key)
        #expect(try StoreSigningKey.publicKeys(of: log) == [first.key, second.key])
    }

    @Test func thePublicHalfIsMadeOfThePrivateOneWhereItsFileIsGone() async throws {
        let source = try await Fixture(name: "clean-run").imported()
        let log = source.store.log
        let first = try await StoreSigningKey.make(for: log) { try await Self.record($0, in: log) }
        try FileManager.default.removeItem(atPath: Self.path("signing.vkeys", log))
        #expect(try StoreSigningKey.publicKeys(of: log) == [first.key])
        let second = try await StoreSigningKey.make(for: log) { try await Self.record($0, in: log) }
        #expect(try StoreSigningKey.publicKeys(of: log) == [first.key, second.key])
    }
}

import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite struct KeyFileCommandTests {
        /// An experiment whose model needs a key, at a place where nobody listens.
        private static let experiment = Experiment(baseURL: "http://127.0.0.1:9/v1", keyVariable: "SOME_KEY")
        private static let secret = "sk-CAIRN-secret"

        @Test func `a key may stand in a file of one's own, and shows nowhere`() async throws {
            let place = try Workplace(Self.experiment)
            let missing = try await place.cairn("run", place.experiment)
            #expect(missing.status == 2 && missing.errorText.contains("SOME_KEY"), "\(missing.errorText)")
            #expect(missing.errorText.contains("CAIRN_KEYS_FILE"))
            let environment = try Self.write("SOME_KEY=\(Self.secret)\n", mode: 0o600, in: place)
            let run = try await place.cairn("run", place.experiment, environment: environment)
            #expect(run.status != 2, "\(run.errorText)")
            #expect(!(run.text + run.errorText).contains(Self.secret))
            let files = try #require(FileManager.default.enumerator(atPath: place.store))
            for case let file as String in files {
                guard let bytes = FileManager.default.contents(atPath: "\(place.store)/\(file)") else { continue }
                #expect(bytes.range(of: Data(Self.secret.utf8)) == nil, "\(file)")
            }
        }

        @Test(arguments: [0o644, 0o660, 0o601, 0o700])
        func `a file of keys that is open to others is refused with the remedy`(mode: Int) async throws {
            let place = try Workplace(Self.experiment)
            let environment = try Self.write("SOME_KEY=\(Self.secret)\n", mode: mode, in: place)
            for arguments in [["run", place.experiment], ["doctor", "--offline"]] {
                let result = try await place.start(arguments, environment: environment).result
                #expect(result.status == 2, "\(arguments)")
                let words = result.text + result.errorText
                #expect(words.contains("chmod 600 \(place.directory.path("keys"))"), "\(words)")
                #expect(!words.contains(Self.secret))
            }
        }

        @Test func `a file of keys that can't be read is refused by line, and its words aren't quoted`() async throws {
            let place = try Workplace(Self.experiment)
            let environment = try Self.write("# mine\n\(Self.secret)\n", mode: 0o600, in: place)
            let result = try await place.cairn("run", place.experiment, environment: environment)
            #expect(result.status == 2 && result.errorText.contains("line 2: "), "\(result.errorText)")
            #expect(!result.errorText.contains(Self.secret))
            let dashed = try Self.write("SOME-API-KEY=\(Self.secret)\n", mode: 0o600, in: place)
            let named = try await place.cairn("run", place.experiment, environment: dashed)
            #expect(named.errorText.contains("“SOME-API-KEY” isn't the name of a variable"), "\(named.errorText)")
            #expect(!named.errorText.contains(Self.secret))
            let gone = try await place.cairn(
                "run", place.experiment, environment: ["CAIRN_KEYS_FILE": place.directory.path("nowhere")])
            #expect(gone.status == 2 && gone.errorText.contains("nowhere can't be read"), "\(gone.errorText)")
        }

        private static func write(_ text: String, mode: Int, in place: Workplace) throws -> [String: String?] {
            let path = place.directory.path("keys")
            try place.write(text, "keys")
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            return ["CAIRN_KEYS_FILE": path]
        }
    }
}

import CanonicalJSON
import Determinism
import EventLog
import Foundation
import LMDB
import TestSupport
import Testing

extension EndToEndTests {
    @Suite struct ProofCommandTests {
        /// A store with one small run.
        private static func place() async throws -> Workplace {
            let place = try Workplace(Experiment(scenarios: 2))
            let run = try await place.cairn("run", place.experiment)
            try #require(run.status == 0, "\(run.errorText)")
            return place
        }

        private static func text(_ place: Workplace, _ name: String) throws -> String {
            try String(contentsOfFile: place.directory.path(name), encoding: .utf8)
        }

        private static func mode(_ path: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }

        @Test func `a key is made on demand, shown, replaced and told of, and its private half stays where it is`()
            async throws
        {
            let place = try await Self.place()
            let none = try await place.cairn("audit", "key", "show")
            #expect(none.status == 1 && none.errorText.contains("cairn audit key create"))
            let key = try #require(try await place.json("audit", "key", "create")["key"]?.string)
            #expect(try await place.json("audit", "key", "create")["key"]?.string == key)
            #expect(try Self.mode(place.store + "/keys/signing.key") == 0o600)
            #expect(try Self.mode(place.store + "/keys") == 0o700)
            let signed = try await place.json("audit", "head", "--sign")
            #expect(signed["key"]?.string == key)
            let old = try await place.cairn("audit", "head", "--sign")
            let secret = try Self.text(place, "store/keys/signing.key").split(separator: "\n").first.map(String.init)
            let rotated = try await place.json("audit", "key", "rotate", "--reason", "a laptop was lost")
            #expect(rotated["key"]?.string != key)
            #expect(rotated["retired"] == .array([.string(key)]))
            let trail = try await place.events("access.keyChanged")
            #expect(trail.map { $0["data"]?["change"]?.string } == ["created", "created", "dropped"])
            #expect(trail.map { $0["data"]?["key"]?.string } == [key, rotated["key"]?.string, key])
            #expect(trail.last?["data"]?["reason"]?.string == "a laptop was lost")
            // The old key's signatures stay what they were.
            try place.write(old.text, "old.checkpoint")
            #expect(
                try await place.cairn("audit", "verify", "--checkpoint", "old.checkpoint", "--key", key).status == 0)
            // PRIVATE+KEY+NAME+ID+BASE64, and Base64 has plus signs, too.
            let seed = try #require(secret?.split(separator: "+", maxSplits: 4).last)
            for output in [signed.canonicalBytes(), rotated.canonicalBytes(), none.errors, old.errors] {
                #expect(!String(decoding: output, as: UTF8.self).contains(seed))
            }
            for file in ["log/data.mdb", "blobs/data.mdb", "views/data.mdb"] {
                #expect(
                    try Data(contentsOf: URL(fileURLWithPath: "\(place.store)/\(file)")).range(of: Data(seed.utf8))
                        == nil)
            }
        }

        @Test func `a key that others may read isn't used`() async throws {
            let place = try await Self.place()
            _ = try await place.json("audit", "key", "create")
            chmod(place.store + "/keys/signing.key", 0o644)
            let result = try await place.cairn("audit", "head", "--sign")
            #expect(result.status == 2 && result.errorText.contains("chmod 600"), "\(result.errorText)")
        }

        @Test func `what can't be read as a proof proves nothing`() async throws {
            let place = try await Self.place()
            _ = try await place.json("audit", "prove", "5", "-o", "a.tlog-proof")
            let key = try #require(try await place.json("audit", "key")["key"]?.string)
            let proof = try Self.text(place, "a.tlog-proof")
            let malformed = ["", "no proof\n", String(proof.dropLast(40)), "x" + proof, "\u{0}\u{1}"]
            for text in malformed + [proof.replacing("index", with: "indox")] {
                try place.write(text, "b.tlog-proof")
                let result = try await place.cairn("audit", "check-proof", "b.tlog-proof", "--key", key)
                let said = result.errorText
                #expect(
                    result.status == 4 && said.contains("b.tlog-proof proves nothing: "), "\(result.status) \(said)")
            }
            #expect(try await place.cairn("audit", "check-proof", "missing", "--key", key).status == 2)
        }

        @Test func `a head is signed once, and the heads before it can be, too`() async throws {
            let place = try await Self.place()
            let first = try await place.cairn("audit", "head", "--sign")
            #expect(try await place.cairn("audit", "head", "--sign").text == first.text)
            let checkpoint = try SignedCheckpoint(first.output)
            let key = try VerifierKey(text: try #require(try await place.json("audit", "key")["key"]?.string))
            guard case .valid(.some) = checkpoint.judgement(of: key) else { throw Wrong("the head has no signed time") }
            let plain = try await place.cairn("audit", "head").text
            #expect(plain == "\(checkpoint.head.size):\(checkpoint.head.root.hex)\n")
            let earlier = try SignedCheckpoint(try await place.cairn("audit", "head", "--at", "7", "--sign").output)
            #expect(earlier.head.size == 7 && earlier.judgement(of: key) == .valid(at: nil))
            #expect(try await place.cairn("audit", "head", "--at", "7").text == "7:\(earlier.head.root.hex)\n")
            #expect(try await place.cairn("audit", "head", "--at", "100000").status == 2)
        }

        @Test func `an event is proven to somebody who has the key alone`() async throws {
            let place = try await Self.place()
            let proof = try await place.json("audit", "prove", "5", "-o", "a.tlog-proof")
            let key = try #require(try await place.json("audit", "key")["key"]?.string)
            try place.write(key + "\n", "lab.vkey")
            #expect(try Self.text(place, "a.tlog-proof").utf8.count < 10_000)
            #expect(try Self.text(place, "a.tlog-proof") == proof["proof"]?.string)
            try FileManager.default.moveItem(atPath: place.store, toPath: place.directory.path("elsewhere"))
            let report = try await place.json("audit", "check-proof", "a.tlog-proof", "--key", "lab.vkey")
            #expect(report["position"]?.int == 5 && report["leaf"] == proof["leaf"])
            #expect(report["event"]?["stream"] == proof["stream"])
            #expect(report["signature"]?["time"]?.int != nil)
            let stream = try #require(proof["stream"]?.string)
            let revision = try #require(proof["revision"]?.int)
            let elsewhere = ["CAIRN_STORE": place.directory.path("elsewhere")]
            let same = try await place.json(
                "audit", "prove", "--stream", stream, "--revision", "\(revision)", "--without-event", "-o",
                "b.tlog-proof",
                environment: elsewhere)
            #expect(same["position"]?.int == 5)
            let bare = try await place.cairn("audit", "check-proof", "b.tlog-proof", "--key", key)
            #expect(bare.status == 2 && bare.errorText.contains("--record FILE"), "\(bare.errorText)")
            let log = try LMDBLog.open(at: place.directory.path("elsewhere"), .init(access: .readOnly))
            let record = try #require(try log.event(at: Position(5))).record
            log.close()
            try Data(record).write(to: URL(fileURLWithPath: place.directory.path("record")))
            _ = try await place.json("audit", "check-proof", "b.tlog-proof", "--key", key, "--record", "record")
            #expect(try await place.cairn("audit", "check-proof", "a.tlog-proof").status == 2)
        }

        @Test func `growth is proven from a checkpoint, from a head, and from nothing`() async throws {
            let place = try await Self.place()
            let old = try await place.cairn("audit", "head", "--sign", "--at", "20")
            try place.write(old.text, "old.checkpoint")
            let head = try await place.cairn("audit", "head", "--at", "30").text.dropLast()
            let key = try #require(try await place.json("audit", "key")["key"]?.string)
            for (from, earlier) in [
                ("old.checkpoint", "old.checkpoint"), (String(head), String(head)), ("30", String(head)),
            ] {
                let growth = try await place.cairn("audit", "consistency", "--from", from, "-o", "growth")
                #expect(growth.status == 0, "\(growth.errorText)")
                let report = try await place.json("audit", "check-proof", "growth", "--from", earlier, "--key", key)
                #expect(report["from"]?.int == (from == "old.checkpoint" ? 20 : 30))
            }
            let empty = try await place.cairn("audit", "consistency", "--from", "0")
            #expect(empty.text.hasPrefix("old 0\n\ncairn/store/"))
            let wrong = "30:" + String(repeating: "0", count: 64)
            #expect(try await place.cairn("audit", "consistency", "--from", wrong).status == 4)
            #expect(try await place.cairn("audit", "check-proof", "growth", "--from", wrong, "--key", key).status == 4)
        }

        @Test func `what doesn't fit a proof is told with what does`() async throws {
            let place = try await Self.place()
            _ = try await place.json("audit", "prove", "5", "-o", "event.proof")
            let key = try #require(try await place.json("audit", "key")["key"]?.string)
            _ = try await place.json("audit", "consistency", "--from", "20", "-o", "growth.proof")
            try place.write("no key\n", "no.vkey")
            let cases: [([String], String)] = [
                (["check-proof", "growth.proof", "--key", key, "--from", "20"], "--from 20 is a size without a root"),
                (["check-proof", "growth.proof", "--key", key], "proves growth from a head of the size 20"),
                (["check-proof", "event.proof", "--key", key, "--from", "20"], "--from is for a proof of growth"),
                (["check-proof", "event.proof", "--key", "nofile"], "neither a public key"),
                (["check-proof", "event.proof", "--key", "no.vkey"], "line 1 of the file isn't a public key"),
                (["check-proof", "growth.proof", "--key", key, "--from", "nofile"], "neither a size, nor SIZE:ROOT"),
                (["head", "--at", "foo"], "a size is a whole number from 0: 100 means the first 100 events"),
                (["head", "--at", "-3"], "begins with a dash"),
                (["head", "--at=-3"], "a size is a whole number from 0"),
                (["prove", "-3"], "-3 was taken for an option"),
                (["verify", "--expect", "foo"], "Usage: cairn audit verify"),
                (["verify", "--checkpoint", "nofile"], "it isn't the file of a checkpoint"),
            ]
            for (arguments, words) in cases {
                let result = try await place.start(["audit"] + arguments).result
                #expect(result.status == 2, "\(arguments): \(result.status) \(result.errorText)")
                #expect(result.errorText.contains(words), "\(arguments): \(result.errorText)")
            }
            for at in ["foo", "-1"] {
                let result = try await place.start(["query", "runs", "--at=\(at)"]).result
                #expect(
                    result.status == 2 && result.errorText.contains("a moment is a position"), "\(result.errorText)")
            }
        }

        @Test func `verify says the strongest thing that is true`() async throws {
            let place = try await Self.place()
            _ = try await place.cairn("audit", "head", "--sign", "-o", "seen.checkpoint")
            let key = try #require(try await place.json("audit", "key")["key"]?.string)
            let witnesses = try [1, 2, 3].map {
                try NoteSigner(name: "w\($0).example", seed: Array(repeating: $0, count: 32))
            }
            let keys = witnesses.map { $0.key.of(kind: .cosignature).text }
            var checkpoint = try SignedCheckpoint(Array(try Self.text(place, "seen.checkpoint").utf8))
            let unsigned = checkpoint
            for witness in witnesses.prefix(2) {
                checkpoint.cosign(by: witness, at: Timestamp(microseconds: 1_790_000_000_000_000))
            }
            try place.write(checkpoint.text, "witnessed.checkpoint")
            func verdict(_ arguments: String...) async throws -> JSONValue {
                let result = try await place.start(["audit", "verify", "--json"] + arguments).result
                try #require(!result.output.isEmpty, "\(arguments): \(result.status) \(result.errorText)")
                return try JSONParser.parse(result.output)
            }
            #expect(try await verdict()["verdict"] == "unanchored")
            #expect(try await verdict("--against", "seen.checkpoint")["verdict"] == "matchesExpectedHead")
            let signed = try await verdict("--checkpoint", "seen.checkpoint", "--key", key)
            #expect(signed["verdict"] == "signed" && signed["signature"]?["time"]?.int != nil)
            #expect(try await verdict("--key", key)["verdict"] == "signed")
            let all = keys.flatMap { ["--witness", $0] }
            let witnessed = try await place.start(
                ["audit", "verify", "--json", "--checkpoint", "witnessed.checkpoint", "--quorum", "2"] + all
            ).result
            let report = try JSONParser.parse(witnessed.output)
            #expect(report["verdict"] == "witnessed" && report["witnesses"]?["of"]?.int == 3, "\(report)")
            #expect(report["witnesses"]?["by"]?.array?.count == 2)
            let short = try await place.start(
                ["audit", "verify", "--checkpoint", "witnessed.checkpoint", "--quorum", "3"] + all
            ).result
            #expect(short.status == 4 && short.text.contains("2 of 3"))
            // The store takes in what witnesses have signed, and nothing else.
            try place.write(checkpoint.signatures.suffix(2).map(\.line).joined(), "answer")
            _ = try await place.json("audit", "witness", "add", "answer", "--witness", keys[0], "--witness", keys[1])
            #expect(try await verdict("--witness", keys[0], "--quorum", "1")["verdict"] == "witnessed")
            var other = unsigned
            other.cosign(by: witnesses[2], at: .epoch)
            let line = try #require(other.signatures.last).line.replacing("A", with: "B")
            try place.write(line, "forged")
            #expect(try await place.cairn("audit", "witness", "add", "forged", "--witness", keys[2]).status != 0)
            #expect(try await place.cairn("audit", "witness", "add", "answer", "--witness", keys[2]).status == 4)
        }

        @Test func `tiles hold the log as C2SP tlog-tiles says, and grow`() async throws {
            let place = try await Self.place()
            let first = try await place.json("audit", "tiles", "-o", "public/log")
            let size = try #require(first["events"]?.int)
            let checkpoint = try SignedCheckpoint(Array(try Self.text(place, "public/log/checkpoint").utf8))
            #expect(checkpoint.head.size == size)
            var leaves: [UInt8] = []
            for start in stride(from: 0, to: size, by: 256) {
                let width = min(256, size - start)
                let name = "00\(start / 256)" + (width < 256 ? ".p/\(width)" : "")
                let bundle = Array(
                    try Data(contentsOf: URL(fileURLWithPath: place.directory.path("public/log/tile/entries/\(name)"))))
                let tile = Array(
                    try Data(contentsOf: URL(fileURLWithPath: place.directory.path("public/log/tile/0/\(name)"))))
                var rest = bundle[...]
                var hashes: [UInt8] = []
                while let high = rest.popFirst(), let low = rest.popFirst() {
                    let length = Int(high) << 8 | Int(low)
                    hashes += Digest.leaf(Array(rest.prefix(length))).bytes
                    rest = rest.dropFirst(length)
                }
                #expect(hashes == tile)
                leaves += hashes
            }
            #expect(leaves.count == 32 * size)
            let second = try await place.json("audit", "tiles", "-o", "public/log")
            #expect(second["events"]?.int == size + 1, "the export itself is an event")
            let exports = try await place.events("access.exported")
            #expect(exports.map { $0["data"]?["format"]?.string }.prefix(2) == ["tlog-tiles", "tlog-tiles"])
        }

        @Test func `tiles of another log, or of a head that this one hasn't passed, are left alone`() async throws {
            let place = try await Self.place()
            _ = try await place.json("audit", "tiles", "-o", "public")
            let own = try Self.text(place, "public/checkpoint")
            let before = try #require(try await place.json("audit", "head")["events"]?.int)
            let key = try NoteSigner(name: "other.example", seed: Array(repeating: 9, count: 32))
            let checkpoint = try SignedCheckpoint(Array(own.utf8))
            let (size, root) = (checkpoint.head.size, Digest(of: "another history"))
            let lying =
                try [
                    ("cairn/store/another", checkpoint.head), (checkpoint.origin, TreeHead(size: 100_000, root: root)),
                    (checkpoint.origin, TreeHead(size: size, root: root)),
                ].map { try SignedCheckpoint(origin: $0.0, head: $0.1, signedBy: key).text } + ["not a checkpoint\n"]
            let words = [
                "the tiles there are of cairn/store/another", "the head there is of 100000 events",
                "never had the head of \(size) events", "isn't one",
            ]
            for (text, words) in zip(lying, words) {
                try place.write(text, "public/checkpoint")
                let result = try await place.cairn("audit", "tiles", "-o", "public")
                #expect(result.status == 1 && result.errorText.contains(words), "\(result.errorText)")
                #expect(result.errorText.contains("name another directory"), "\(result.errorText)")
                #expect(try Self.text(place, "public/checkpoint") == text)
            }
            #expect(try await place.json("audit", "head")["events"]?.int == before, "a refusal is no export")
            // Full tiles that no head vouches for are made anew; those of an earlier head go on.
            try FileManager.default.removeItem(atPath: place.directory.path("public/checkpoint"))
            _ = try await place.json("audit", "tiles", "-o", "public")
            try place.write(own, "public/checkpoint")
            let grown = try await place.json("audit", "tiles", "-o", "public")
            #expect(try Self.text(place, "public/checkpoint") == grown["checkpoint"]?.string)
        }

        @Test func `tiles of a changed record, or of a log that was rolled back, are neither written nor recorded`()
            async throws
        {
            let evidence = try await Evidence()
            let place = evidence.place
            let flipped = try evidence.copy("flipped")
            var record = try evidence.record(20)
            record[record.count - 3] ^= 1
            try evidence.events(flipped) { try $0.put(record, at: 20, in: $1) }
            let rolledBack = try evidence.copy("rolled-back")
            try evidence.remove(rolledBack + "/log")
            try FileManager.default.copyItem(atPath: place.directory.path("old/log"), toPath: rolledBack + "/log")
            let cases: [(store: String, status: Int32, says: String)] = [
                (flipped, 4, "the record at position 20 "), (rolledBack, 5, "it was rolled back"),
            ]
            for (store, status, says) in cases {
                let before = try await place.cairn("audit", "head", "--store", store).text
                let kept = try FileManager.default.contentsOfDirectory(atPath: store + "/checkpoints").sorted()
                let result = try await place.cairn("audit", "tiles", "-o", "public/log", "--store", store)
                #expect(result.status == status && result.errorText.contains(says), "\(result.errorText)")
                #expect(try await place.cairn("audit", "head", "--store", store).text == before)
                #expect(try FileManager.default.contentsOfDirectory(atPath: store + "/checkpoints").sorted() == kept)
                #expect(!FileManager.default.fileExists(atPath: place.directory.path("public")))
            }
        }

        @Test func `tiles take away what a killed process left of them`() async throws {
            let place = try await Self.place()
            let left = ["checkpoint", "tile/entries/000", "tile/entries/000.p/7", "tile/0/x001/002"]
            let others = ["notes", "tile/notes"]
            for name in left + others {
                let path = place.directory.path("public/\(name).999999999.partial")
                try FileManager.default.createDirectory(
                    at: URL(fileURLWithPath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data("left".utf8).write(to: URL(fileURLWithPath: path))
            }
            _ = try await place.json("audit", "tiles", "-o", "public")
            for name in left + others {
                let path = place.directory.path("public/\(name).999999999.partial")
                #expect(FileManager.default.fileExists(atPath: path) == others.contains(name), "\(name)")
            }
        }

        @Test func `a witness that is named twice is one`() async throws {
            let place = try await Self.place()
            _ = try await place.cairn("audit", "head", "--sign", "-o", "seen.checkpoint")
            _ = try await place.json("audit", "prove", "5", "-o", "unwitnessed.proof")
            let key = try #require(try await place.json("audit", "key")["key"]?.string)
            let signer = try NoteSigner(name: "w.example", seed: Array(repeating: 7, count: 32))
            let alias = try NoteSigner(name: "v.example", seed: Array(repeating: 7, count: 32))
            let other = try NoteSigner(name: "o.example", seed: Array(repeating: 8, count: 32))
            try place.write(signer.key.of(kind: .cosignature).text + "\n", "w.vkey")
            var checkpoint = try SignedCheckpoint(Array(try Self.text(place, "seen.checkpoint").utf8))
            for witness in [signer, alias] { checkpoint.cosign(by: witness, at: .epoch) }
            try place.write(checkpoint.text, "witnessed.checkpoint")
            let proof = try TlogProof(Array(try Self.text(place, "unwitnessed.proof").utf8))
            var head = proof.checkpoint
            for witness in [signer, alias] { head.cosign(by: witness, at: .epoch) }
            let text = try Self.text(place, "unwitnessed.proof")
            try #require(text.contains(proof.checkpoint.text))
            try place.write(text.replacing(proof.checkpoint.text, with: head.text), "event.proof")
            let commands = [
                ["audit", "verify", "--checkpoint", "witnessed.checkpoint"],
                ["audit", "check-proof", "event.proof", "--key", key],
            ]
            for command in commands {
                for second in ["w.vkey", signer.key.text, alias.key.text] {
                    let twice = ["--witness", "w.vkey", "--witness", second]
                    let two = try await place.start(command + twice + ["--quorum", "2"]).result
                    #expect(two.status == 2, "\(two.status) \(two.text)")
                    #expect(two.errorText.contains("names 1 key, some more than once"), "\(two.errorText)")
                    let one = try await place.start(command + twice + ["--quorum", "1"]).result
                    #expect(one.status == 0 && one.text.contains("witnessed by 1 of 1"), "\(one.text) \(one.errorText)")
                    let more = try await place.start(
                        command + twice + ["--witness", other.key.text, "--quorum", "2"]
                    ).result
                    let said = more.text + more.errorText
                    #expect(more.status == 4 && said.contains("1 of 2 witnesses have cosigned, 2 are due"), "\(said)")
                }
            }
        }

        private struct Wrong: Error {
            let what: String
            init(_ what: String) { self.what = what }
        }
    }
}

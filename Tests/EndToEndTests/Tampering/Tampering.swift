import CanonicalJSON
import Determinism
import EventLog
import Foundation
import LMDB
import TestSupport
import Testing

/// One way to tamper with a store or a proof, the command that finds it, and what that says.
///
/// The same rows are in the documentation's `Tampering.md`.
struct Tampering: Sendable {
    let what: String
    /// As it is typed behind `cairn`, in the directory of the evidence.
    let command: String
    /// The exit code.
    var status: Int32 = 4
    /// A part of what the command says.
    let says: String
    let forge: @Sendable (Evidence, String) async throws -> Void

    /// The row of the table in the documentation.
    var row: String { "| \(what) | `cairn \(command)` | \(says) |" }

    static let all = records + histories + signatures + proofs

    /// What the log's own hashes show.
    private static let records: [Tampering] = [
        Tampering(what: "Flip: a bit in an event's record", command: "audit verify", says: "BROKEN at position 20") {
            evidence, store in
            var record = try evidence.record(20)
            record[record.count - 3] ^= 1
            try evidence.events(store) { try $0.put(record, at: 20, in: $1) }
        },
        Tampering(
            what: "Drop: an event taken out of the middle", command: "audit verify", says: "BROKEN at position 20"
        ) {
            evidence, store in
            try evidence.events(store) { _ = try $0.delete(20, in: $1) }
        },
        Tampering(
            what: "Insert: an event put behind the last one", command: "audit verify",
            says: "the log has events after its last one"
        ) { evidence, store in
            let (record, end) = (try evidence.record(20), try await evidence.end(of: store))
            try evidence.events(store) { try $0.put(record, at: end, in: $1) }
        },
        Tampering(what: "Reorder: two events exchanged", command: "audit verify", says: "BROKEN at position 20") {
            evidence, store in
            let (first, second) = (try evidence.record(20), try evidence.record(21))
            try evidence.events(store) { transaction, events in
                try transaction.put(second, at: 20, in: events)
                try transaction.put(first, at: 21, in: events)
            }
        },
        Tampering(
            what: "Splice: an event of another place put over one", command: "audit verify",
            says: "BROKEN at position 20"
        ) { evidence, store in
            let record = try evidence.record(evidence.size - 1)
            try evidence.events(store) { try $0.put(record, at: 20, in: $1) }
        },
        Tampering(what: "Truncate: the last event removed", command: "audit verify", says: "BROKEN at position") {
            evidence, store in
            let end = try await evidence.end(of: store)
            try evidence.events(store) { _ = try $0.delete(end - 1, in: $1) }
        },
        Tampering(
            what: "Cut: the data file's second half gone", command: "audit verify", status: 5, says: "BROKEN"
        ) { _, store in
            let file = URL(fileURLWithPath: store + "/log/data.mdb")
            let data = try Data(contentsOf: file)
            try data.prefix(data.count / 2).write(to: file)
        },
        Tampering(
            what: "Index: a stream's place in the log changed", command: "audit verify", says: "the entry of the stream"
        ) { evidence, store in
            try evidence.value(store + "/log", "streams", where: { _, _ in true }) { [$0[0], 0xFF] + $0.dropFirst(2) }
        },
        Tampering(
            what: "Swap a blob: other bytes under the same hash", command: "audit verify", says: "BROKEN at position"
        ) { evidence, store in
            try evidence.value(store + "/blobs", "blobs", where: { _, _ in true }) { _ in [0] + Array("other".utf8) }
        },
        Tampering(
            what: "Edit a read model: another rank in a ranking", command: "replay rebuild", says: "DIFFERENT"
        ) { evidence, store in
            try evidence.value(store + "/views", "rows", where: { $1.contains(#""rank":1"#) }) { value in
                Array(String(decoding: value, as: UTF8.self).replacing(#""rank":1"#, with: #""rank":2"#).utf8)
            }
        },
    ]

    /// What is whole in itself, and only what was signed or kept elsewhere shows.
    private static let histories: [Tampering] = [
        Tampering(
            what: "Cut the end off, and make hashes, head and indexes fit", command: "audit verify",
            says: "the end is missing"
        ) { evidence, store in
            try await evidence.remake(store, upTo: evidence.old)
        },
        Tampering(
            what: "Roll back to an old copy of the whole store",
            command: "audit verify --checkpoint seen.checkpoint --key lab.vkey", says: "the end is missing"
        ) { evidence, store in
            try evidence.remove(store)
            try FileManager.default.copyItem(atPath: evidence.place.directory.path("old"), toPath: store)
        },
        Tampering(
            what: "Roll back the log alone, then sign its head", command: "audit head --sign", status: 5,
            says: "it was rolled back"
        ) { evidence, store in
            try evidence.remove(store + "/log")
            try FileManager.default.copyItem(
                atPath: evidence.place.directory.path("old") + "/log", toPath: store + "/log")
        },
        Tampering(
            what: "The same, and asked for a proof", command: "audit prove 5", status: 5, says: "it was rolled back"
        ) { evidence, store in
            try evidence.remove(store + "/log")
            try FileManager.default.copyItem(
                atPath: evidence.place.directory.path("old") + "/log", toPath: store + "/log")
        },
        Tampering(
            what: "Rewrite the beginning: one event changed, every hash and id made anew",
            command: "audit verify --checkpoint seen.checkpoint",
            says: "this isn't the history that it vouches for"
        ) { evidence, store in
            try evidence.forget(store)
            try await evidence.remake(store, upTo: evidence.size, changing: Self.otherLane)
        },
        Tampering(
            what: "The same, and asked for a proof of growth", command: "audit consistency --from old.checkpoint",
            says: "the log hasn't grown from it"
        ) { evidence, store in
            try evidence.forget(store)
            try await evidence.remake(store, upTo: evidence.size, changing: Self.otherLane)
        },
        Tampering(
            what: "A score changed, and everything made to fit", command: "replay verify", says: "scoring.judge"
        ) { evidence, store in
            try await evidence.remake(store, upTo: evidence.size, changing: Self.otherScore)
        },
        Tampering(
            what: "A whole new history with a valid tree, under the store's id",
            command: "audit verify --checkpoint seen.checkpoint --key lab.vkey",
            says: "this isn't the history that it vouches for"
        ) { evidence, store in
            try await evidence.replaceHistory(of: store)
        },
        Tampering(
            what: "Swap the store's identity", command: "audit verify --checkpoint seen.checkpoint",
            says: "and this store is cairn/store/"
        ) { evidence, store in
            try evidence.forget(store)
            let file = store + "/store.json"
            let id = try #require(try await evidence.place.json("store", "stats")["id"]?.string)
            let text = try String(contentsOfFile: file, encoding: .utf8)
            try text.replacing(id, with: String(id.reversed())).write(toFile: file, atomically: true, encoding: .utf8)
        },
    ]

    /// What signatures show.
    private static let signatures: [Tampering] = [
        Tampering(
            what: "Sign again with another key", command: "audit verify --key lab.vkey",
            says: "no checkpoint is signed by"
        ) { evidence, store in
            try evidence.forget(store)
            let result = try await evidence.place.start(
                ["audit", "head", "--sign"], environment: ["CAIRN_STORE": store]
            ).result
            try #require(result.status == 0, "\(result.errorText)")
        },
        Tampering(
            what: "Another size in a signed checkpoint",
            command: "audit verify --checkpoint tampered.checkpoint --key lab.vkey", says: "the end is missing"
        ) { evidence, _ in
            let text = try evidence.text("seen.checkpoint")
            try evidence.place.write(
                text.replacing("\n\(evidence.size)\n", with: "\n\(evidence.size + 1_000)\n"), "tampered.checkpoint")
        },
        Tampering(
            what: "Another root and size in a signed checkpoint, of an earlier head that the log had",
            command: "audit verify --checkpoint tampered.checkpoint --key lab.vkey", says: "a signature that isn't by"
        ) { evidence, _ in
            let (old, seen) = (try evidence.text("old.checkpoint"), try evidence.text("seen.checkpoint"))
            let body = old.split(separator: "\n\n").first ?? ""
            let signatures = seen.split(separator: "\n\n").last ?? ""
            try evidence.place.write("\(body)\n\n\(signatures)", "tampered.checkpoint")
        },
        Tampering(
            what: "Another time in a witness's cosignature",
            command: "audit verify --witness witness.vkey --quorum 1", says: "a signature that isn't by"
        ) { evidence, store in
            try evidence.cosignature(in: store) { $0[7] ^= 1 }
        },
        Tampering(
            what: "A witness's cosignature taken away",
            command: "audit verify --witness witness.vkey --quorum 1", says: "0 of 1 witnesses have cosigned"
        ) { evidence, store in
            try evidence.cosignature(in: store) { $0 = [] }
        },
    ]

    /// What a proof shows to somebody without the store.
    private static let proofs: [Tampering] = [
        Tampering(
            what: "A proof with its index off by one",
            command: "audit check-proof tampered.tlog-proof --key lab.vkey", says: "don't lead from the event"
        ) { evidence, _ in
            try evidence.proof {
                $0.replacing("\nindex \(Evidence.proven)\n", with: "\nindex \(Evidence.proven + 1)\n")
            }
        },
        Tampering(
            what: "A proof for another size, with that size's signed head",
            command: "audit check-proof tampered.tlog-proof --key lab.vkey", says: "don't lead from the event"
        ) { evidence, _ in
            let old = try evidence.text("old.checkpoint")
            try evidence.proof { text in
                let head = text.range(of: "\n\n").map { text[..<$0.upperBound] } ?? ""
                return head + old
            }
        },
        Tampering(
            what: "A proof with another event in it",
            command: "audit check-proof tampered.tlog-proof --key lab.vkey", says: "don't lead from the event"
        ) { evidence, _ in
            let record = Data(try evidence.record(Evidence.proven)).base64EncodedString()
            let other = Data(try evidence.record(Evidence.proven + 1)).base64EncodedString()
            try evidence.proof { $0.replacing("extra \(record)", with: "extra \(other)") }
        },
        Tampering(
            what: "A proof with two of its hashes exchanged",
            command: "audit check-proof tampered.tlog-proof --key lab.vkey", says: "don't lead from the event"
        ) { evidence, _ in
            try evidence.proof { text in
                var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
                lines.swapAt(3, 4)
                return lines.joined(separator: "\n")
            }
        },
        Tampering(
            what: "A proof signed with another key",
            command: "audit check-proof tampered.tlog-proof --key lab.vkey", says: "isn't signed by"
        ) { evidence, _ in
            let proof = try TlogProof(evidence.bytes("event.tlog-proof"))
            let signer = try NoteSigner(name: proof.checkpoint.origin, seed: Array(repeating: 5, count: 32))
            let forged = try SignedCheckpoint(
                origin: proof.checkpoint.origin, head: proof.checkpoint.head, signedBy: signer)
            try evidence.place.write(
                try TlogProof(proof.inclusion, in: forged, extra: proof.extra).text, "tampered.tlog-proof")
        },
        Tampering(
            what: "A proof of growth from another head of the same size",
            command: "audit check-proof growth.txt --from tampered.checkpoint --key lab.vkey", says: "has not grown"
        ) { evidence, _ in
            let old = try SignedCheckpoint(evidence.bytes("old.checkpoint"))
            let signer = try NoteSigner(name: old.origin, seed: Array(repeating: 5, count: 32))
            let forged = try SignedCheckpoint(
                origin: old.origin, head: TreeHead(size: old.head.size, root: Digest(of: "other")), signedBy: signer)
            try evidence.place.write(forged.text, "tampered.checkpoint")
        },
    ]

    /// Another lane in one of the first jobs that were submitted; nil for all other events.
    private static let otherLane: @Sendable (Event) -> [UInt8]? = { event in
        guard event.position == Position(4) else { return nil }
        return Array(String(decoding: event.dataBytes, as: UTF8.self).replacing("simulated", with: "simulatet").utf8)
    }

    /// Full marks in every score; nil for all other events.
    private static let otherScore: @Sendable (Event) -> [UInt8]? = { event in
        guard event.type == EventType("score.computed") else { return nil }
        let data = String(decoding: event.dataBytes, as: UTF8.self)
        guard let start = data.range(of: #""total":"#) else { return nil }
        let end = data[start.upperBound...].firstIndex { $0 == "," || $0 == "}" } ?? data.endIndex
        return Array(data.replacingCharacters(in: start.upperBound..<end, with: "1").utf8)
    }
}

extension Evidence {
    /// How many events a store has.
    fileprivate func end(of store: String) async throws -> UInt64 {
        let log = try LMDBLog.open(at: store, .init(access: .readOnly))
        defer { log.close() }
        return try log.head().size
    }

    /// Another run under the same id, with as many events at least.
    fileprivate func replaceHistory(of store: String) async throws {
        let manifest = try Data(contentsOf: URL(fileURLWithPath: store + "/store.json"))
        try remove(store)
        try place.write(Experiment(models: ["sim-new", "sim-newer"], scenarios: 6).text, "forged.yaml")
        let result = try await place.start(["run", "forged.yaml"], environment: ["CAIRN_STORE": store]).result
        try #require(result.status == 0, "\(result.errorText)")
        try manifest.write(to: URL(fileURLWithPath: store + "/store.json"))
        let log = try LMDBLog.open(at: store, .init(access: .readOnly))
        defer { log.close() }
        try #require(try log.head().size >= size, "the forged history has to be long enough")
    }

    /// Writes the proof with something changed; it must have been changed.
    fileprivate func proof(_ change: (String) -> String) throws {
        let text = try text("event.tlog-proof")
        let changed = change(text)
        try #require(changed != text, "nothing was changed")
        try place.write(changed, "tampered.tlog-proof")
    }

    /// Changes what follows the key's id in the witness's line of the newest checkpoint; empty means without the line.
    fileprivate func cosignature(in store: String, _ change: (inout [UInt8]) -> Void) throws {
        let name = "\(store)/checkpoints/\(String(repeating: "0", count: 20 - "\(size)".count))\(size).checkpoint"
        let text = try String(contentsOfFile: name, encoding: .utf8)
        let line = try #require(text.split(separator: "\n").last { $0.contains("witness.example") })
        let encoded = try #require(line.split(separator: " ").last)
        var bytes = Array(try #require(Data(base64Encoded: String(encoded))))
        var signature = Array(bytes.dropFirst(4))
        change(&signature)
        bytes = Array(bytes.prefix(4)) + signature
        let changed =
            signature.isEmpty
            ? text.replacing(line + "\n", with: "")
            : text.replacing(encoded, with: Data(bytes).base64EncodedString())
        try changed.write(toFile: name, atomically: true, encoding: .utf8)
    }
}

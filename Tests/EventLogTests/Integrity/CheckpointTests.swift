import Determinism
import Testing

@testable import EventLog

@Suite struct CheckpointTests {
    /// The examples of c2sp.org/signed-note and c2sp.org/tlog-cosignature, as published there.
    private static let published = """
        example.com/behind-the-sofa
        20852163
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

        \u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
        \u{2014} witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==

        """

    private static let head = TreeHead(size: 4_096, root: Digest(of: "root"))
    private static let origin = SignedCheckpoint.origin(ofStore: "0123456789abcdef0123456789abcdef")
    private static let time = Timestamp(microseconds: 1_679_315_147_000_000)

    private static func signer(_ seed: UInt8, _ name: String = origin) throws -> NoteSigner {
        try NoteSigner(name: name, seed: Array(repeating: seed, count: 32))
    }

    @Test func `the published example is read and written back byte for byte`() throws {
        let checkpoint = try SignedCheckpoint(Array(Self.published.utf8))
        #expect(checkpoint.origin == "example.com/behind-the-sofa")
        #expect(checkpoint.head.size == 20_852_163)
        #expect(checkpoint.head.root.base64 == "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
        #expect(checkpoint.signatures.map(\.name) == ["example.com/behind-the-sofa", "witness.example.com/w1"])
        #expect(checkpoint.signatures.map { String($0.keyID, radix: 16) } == ["33de0ae", "8d66cf3f"])
        #expect(checkpoint.text == Self.published)
    }

    @Test func `keys and signatures are those of RFC 8032 and Go's note package`() throws {
        // RFC 8032 §7.1, test 1: the public key of this seed.
        let seed = try #require(
            Hexadecimal.bytes("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
        let signer = try NoteSigner(name: "example", seed: seed)
        #expect(
            Hexadecimal.text(signer.key.publicKey)
                == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
        #expect(
            Hexadecimal.text(signer.signature(of: []))
                == "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
                + "d25bf5f0595bbe24655141438e7a100b")
        // The key of the documentation of golang.org/x/mod/sumdb/note.
        let peter = try VerifierKey(text: "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
        #expect(peter.name == "PeterNeumann" && peter.idText == "c74f20a3" && peter.kind == .note)
        let skey = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
        let private1 = try NoteSigner(privateText: skey)
        #expect(private1.key == peter && private1.privateText == skey)
    }

    @Test func `Go's signed note verifies with its key`() throws {
        let peter = try VerifierKey(text: "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
        let text =
            "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
        let signature = try NoteSignature(
            line:
                "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
        )
        #expect(signature.keyID == peter.id)
        #expect(peter.accepts(signature.bytes[...], of: Array(text.utf8)))
        #expect(!peter.accepts(signature.bytes[...], of: Array(text.utf8.dropLast())))
    }

    @Test func `a checkpoint says who signed it, and when`() throws {
        let signer = try Self.signer(1)
        let timed = try SignedCheckpoint(origin: Self.origin, head: Self.head, signedBy: signer, at: Self.time)
        let plain = try SignedCheckpoint(origin: Self.origin, head: Self.head, signedBy: signer)
        #expect(timed.judgement(of: signer.key) == .valid(at: Self.time))
        #expect(timed.judgement(of: signer.key.of(kind: .cosignature)) == .valid(at: Self.time))
        #expect(plain.judgement(of: signer.key) == .valid(at: nil))
        #expect(plain.judgement(of: signer.key.of(kind: .cosignature)) == .absent)
        #expect(plain.judgement(of: try Self.signer(2).key) == .absent)
        #expect(try SignedCheckpoint(Array(timed.text.utf8)) == timed)
    }

    @Test func `a witness's cosignature is added once, and judged with its time`() throws {
        var checkpoint = try SignedCheckpoint(origin: Self.origin, head: Self.head, signedBy: try Self.signer(1))
        let witness = try Self.signer(7, "witness.example/w1")
        var cosigned = checkpoint
        cosigned.cosign(by: witness, at: Self.time)
        let line = try #require(cosigned.signatures.last).line.dropLast()
        for _ in 0..<2 { checkpoint.add(try NoteSignature(line: String(line))) }
        #expect(checkpoint.signatures.count == 2)
        #expect(checkpoint.judgement(of: witness.key.of(kind: .cosignature)) == .valid(at: Self.time))
        #expect(checkpoint.judgement(of: witness.key) == .absent)
    }

    @Test func `any byte changed in a checkpoint makes it invalid or no checkpoint`() throws {
        let signer = try Self.signer(1)
        let checkpoint = try SignedCheckpoint(origin: Self.origin, head: Self.head, signedBy: signer, at: Self.time)
        let bytes = Array(checkpoint.text.utf8)
        for index in bytes.indices {
            for bit in [UInt8(1), 32] {
                var changed = bytes
                changed[index] ^= bit
                guard let read = try? SignedCheckpoint(changed) else { continue }
                let judgement = read.judgement(of: signer.key)
                // A change in one of the two signature lines may take that line away from the key.
                let isWeaker = judgement == .valid(at: nil) && read.body == checkpoint.body
                #expect(judgement == .absent || judgement == .invalid || isWeaker, "byte \(index)")
            }
        }
    }

    @Test(arguments: [
        ("", "line feed"), ("a\n", "origin"), ("a\n1\n\n", "origin"), ("a\n01\n@\n\n\u{2014} a AAAAAAA=\n", "origin"),
        ("a\n+1\n@\n\n\u{2014} a AAAAAAA=\n", "origin"), ("a\n1\n@\n", "signature"), ("a\n1\n@\n\n", "signature"),
        ("a\n1\n@\n\nx\n", "em dash"), ("a\n1\n@\n\n\u{2014} a AAAA\n", "em dash"),
        ("a\n1\n@\n\n\u{2014} a+b AAAAAAA=\n", "em dash"), ("a\n1\n@\n\n\u{2014}  AAAAAAA=\n", "em dash"),
        ("a\n1\n@\n\n\u{2014} a\u{A0}b AAAAAAA=\n", "em dash"), ("a\r\n1\n@\n\n\u{2014} a AAAAAAA=\n", "control"),
        ("a\n1\n@\n\n\u{2014} a AAAAAAA=", "line feed"), ("a\n1\n@\n\n\u{2014} a AAAAAAA=\n\n", "em dash"),
        ("\n1\n@\n\n\u{2014} a AAAAAAA=\n", "origin"),
    ])
    func `what isn't a checkpoint is refused`(_ text: String, _ reason: String) {
        let text = text.replacing("@", with: Self.head.root.base64)
        let error = #expect(throws: NoteError.self) { try SignedCheckpoint(Array(text.utf8)) }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }

    @Test func `a checkpoint may have extension lines and unknown signatures`() throws {
        let signer = try Self.signer(1)
        let plain = try SignedCheckpoint(origin: Self.origin, head: Self.head, signedBy: signer)
        let text = plain.body + "more\n\n" + plain.signatures[0].line + "\u{2014} else.where AAAAAAA=\n"
        let extended = try SignedCheckpoint(Array(text.utf8))
        #expect(extended.extensions == ["more"] && extended.text == text)
        #expect(extended.judgement(of: signer.key) == .invalid)
    }

    @Test func `a file may have many checkpoints`() throws {
        let signer = try Self.signer(1)
        let checkpoints = try (1...3).map {
            try SignedCheckpoint(
                origin: Self.origin, head: TreeHead(size: $0, root: Digest(of: "\($0)")), signedBy: signer,
                at: Self.time)
        }
        for separator in ["", "\n"] {
            let file = checkpoints.map(\.text).joined(separator: separator)
            #expect(try SignedCheckpoint.all(in: Array(file.utf8)) == checkpoints)
        }
        #expect(throws: NoteError.self) { try SignedCheckpoint.all(in: Array((checkpoints[0].text + "x\n").utf8)) }
    }

    @Test(arguments: [
        "", "name", "name+12345678", "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T", "a b+c74f20a3+AQ==",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ])
    func `what isn't a key is refused`(_ text: String) {
        #expect(throws: NoteError.self) { try VerifierKey(text: text) }
    }

    @Test func `a signer shows its secret nowhere but in its private text`() throws {
        let signer = try Self.signer(0xAB)
        let secret = Base64.text(Array(repeating: 0xAB, count: 32)).prefix(16)
        var dumped = ""
        dump(signer, to: &dumped)
        for text in ["\(signer)", String(reflecting: signer), dumped] {
            #expect(!text.contains(secret) && !text.contains("171") && !text.contains("PRIVATE"), "\(text)")
        }
        let wrong = "PRIVATE+KEY+\(Self.origin)+00000000+" + signer.privateText.split(separator: "+", maxSplits: 4)[4]
        let error = #expect(throws: NoteError.self) { try NoteSigner(privateText: wrong) }
        #expect(error?.description.contains(String(secret)) == false)
    }
}

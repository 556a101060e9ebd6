import Determinism
import Testing

@Suite struct DigestTests {
    @Test(
        "the published examples of SHA-256 come out",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func published(text: String, hex: String) {
        let bytes = Array(text.utf8)
        #expect(Digest(of: bytes).hex == hex)
        #expect(Digest(of: bytes.span.bytes).hex == hex)
        #expect(Digest(of: text).hex == hex)
        #expect(Digest(hex: hex) == Digest(of: bytes))
    }

    @Test("pieces hash like the whole, however it is cut")
    func pieces() {
        var builder = DigestBuilder()
        for _ in 0..<1_000 { builder.update([UInt8](repeating: UInt8(ascii: "a"), count: 1_000)) }
        #expect(builder.digest().hex == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
        var mixed = DigestBuilder()
        mixed.update("ab")
        #expect(mixed.digest() == Digest(of: "ab"))
        mixed.update(Array("c".utf8).span.bytes)
        #expect(mixed.digest() == Digest(of: "abc"))
        mixed.update(UInt64(0x0102))
        #expect(mixed.digest() == Digest(of: Array("abc".utf8) + [2, 1, 0, 0, 0, 0, 0, 0]))
    }

    @Test("leaves and nodes of a Merkle tree are prefixed as in RFC 6962")
    func merkle() {
        let empty = Digest.leaf([])
        #expect(empty.hex == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")
        let zero = Digest.leaf([0])
        #expect(zero.hex == "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7")
        #expect(Digest.node(empty, zero).hex == "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125")
        #expect(Digest.node(empty, zero) == Digest(of: [1] + empty.bytes + zero.bytes))
        #expect(Digest.node(zero, empty) != Digest.node(empty, zero))
    }

    @Test("bytes and hex make the same digest again")
    func conversions() {
        let digest = Digest(of: "x")
        #expect(Digest(bytes: digest.bytes) == digest)
        #expect(digest.withBytes { Digest(bytes: $0) } == digest)
        #expect(digest.bytes.count == Digest.byteCount)
        #expect("\(digest)" == digest.hex)
    }

    @Test(
        "other texts and lengths are no digest",
        arguments: [
            "", "e3b0", "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
            "g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8550",
            "é3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85",
        ])
    func refused(text: String) {
        #expect(Digest(hex: text) == nil)
        #expect(Digest(bytes: Array(text.utf8.prefix(31))) == nil)
    }

    @Test("digests sort as their bytes do", arguments: seeds)
    func order(seed: UInt64) {
        let digests = (0..<200).map { Digest(of: "\(seed) \($0)") }
        #expect(digests.sorted().map(\.hex) == digests.map(\.hex).sorted())
        #expect(Set(digests).count == 200)
    }

    @Test("hexadecimal text goes both ways")
    func hexadecimal() {
        #expect(Hexadecimal.text([0x00, 0xAF, 0x10]) == "00af10")
        #expect(Hexadecimal.bytes("00af10") == [0x00, 0xAF, 0x10])
        #expect(Hexadecimal.bytes("00AF") == nil)
        #expect(Hexadecimal.bytes("0") == nil)
        #expect(Hexadecimal.bytes("") == [])
    }
}

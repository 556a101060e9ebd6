import Archive
import Foundation
import TestSupport
import Testing

@Suite("Reading ZIP archives that anybody may have made")
struct ZipReaderTests {
    private let content = Array(String(repeating: "one of many words ", count: 40).utf8)

    private func sound() throws -> [UInt8] { try Archives.bytes([("dir/aa", content), ("dir/bb", content + [1])]) }

    private static func beside(_ reader: ZipReader) -> String? {
        do {
            try reader.refuseBytesBeside()
            return nil
        } catch {
            return error.message
        }
    }

    private func code(_ body: () throws -> some Any) -> ArchiveError.Code? {
        do {
            _ = try body()
            return nil
        } catch {
            return (error as? ArchiveError)?.code
        }
    }

    @Test("names that lead elsewhere are refused", arguments: ["../aaa", "/ir/aa", "dir\\aa", "d/./aa", "d//aaa"])
    func traversal(name: String) throws {
        let bytes = try sound().replacing("dir/aa", by: name)
        #expect(code { try Archives().files(in: bytes) } == .unsafe)
    }

    @Test("two files of one name are refused")
    func twice() throws {
        let bytes = try sound().replacing("dir/bb", by: "dir/aa")
        #expect(code { try Archives().files(in: bytes) } == .unsafe)
    }

    @Test("a header that names another file than the directory is refused")
    func otherHeader() throws {
        var bytes = try sound()
        let header = try #require(bytes.offsets(of: Array("dir/aa".utf8)).first)
        bytes.replaceSubrange(header..<header + 6, with: Array("dir/cc".utf8))
        #expect(code { try Archives().files(in: bytes) } == .damaged)
    }

    @Test("a file that claims more than it can hold is refused before it is unpacked")
    func bomb() throws {
        var bytes = try sound()
        let central = try #require(bytes.offsets(of: [0x50, 0x4B, 0x01, 0x02]).first)
        bytes.replaceSubrange(central + 24..<central + 28, with: [0, 0, 0, 0x08])
        #expect(code { try Archives().files(in: bytes) } == .unsafe)
    }

    @Test("a file never unpacks to more than it claims")
    func lyingSize() throws {
        var bytes = try sound()
        let central = try #require(bytes.offsets(of: [0x50, 0x4B, 0x01, 0x02]).first)
        bytes.replaceSubrange(central + 24..<central + 28, with: [10, 0, 0, 0])
        #expect(code { try Archives().files(in: bytes) } == .damaged)
    }

    @Test("limits on files and bytes hold")
    func limits() throws {
        var few = ZipReader.Limits()
        few.entries = 1
        var small = ZipReader.Limits()
        small.entryBytes = 100
        var little = ZipReader.Limits()
        little.totalBytes = content.count + 10
        let bytes = try sound()
        for limits in [few, small, little] {
            #expect(code { try Archives().files(in: bytes, limits: limits) } == .unsafe)
        }
    }

    @Test("files that share bytes are refused")
    func overlap() throws {
        var bytes = try sound()
        let central = try #require(bytes.offsets(of: [0x50, 0x4B, 0x01, 0x02]).last)
        bytes.replaceSubrange(central + 42..<central + 46, with: [4, 0, 0, 0])
        #expect(code { try Archives().files(in: bytes) } == .unsafe)
    }

    @Test("a file that was cut off gives an error and no crash")
    func cuts() throws {
        let bytes = try sound()
        for length in stride(from: 0, to: bytes.count, by: 7) {
            #expect(code { try Archives().files(in: Array(bytes.prefix(length))) } == .damaged)
        }
    }

    @Test("no flipped byte goes unseen but in fields without meaning", arguments: [1, 0x80])
    func flips(mask: UInt8) throws {
        let bytes = try sound()
        let whole = try Archives().files(in: bytes)
        for offset in bytes.indices {
            var changed = bytes
            changed[offset] ^= mask
            // A version, a date or an attribute may change; what the files hold and are called may not.
            if let files = try? Archives().files(in: changed) { #expect(files == whole, "at \(offset)") }
        }
    }

    @Test("what is in an archive and in none of its files is told")
    func beside() throws {
        let archives = try Archives()
        let path = archives.directory.path("p.zip")
        let script = """
            import sys, zipfile
            path, what = sys.argv[1:]
            class OneWay:
                def __init__(self, file): self.write, self.flush = file.write, file.flush
            def packed(name, extra):
                info = zipfile.ZipInfo(name)
                info.extra = extra
                z.writestr(info, "y")
            open(path, "wb").write(b"hello" if what == "before" else b"")
            with open(path, "r+b") as file:
                file.seek(0, 2)
                with zipfile.ZipFile(OneWay(file) if what.startswith("descriptor") else file, "a" if what == "before" else "w") as z:
                    z.writestr("x.txt", "x")
                    if what == "between": file.write(b"hello")
                    if what == "descriptor filled": z.fp.write(b"hello")
                    if what == "empty": z.writestr("d/", "")
                    if what == "directory": z.writestr("d/", "hello")
                    if what == "comment": z.comment = b"hello"
                    if what == "note": z.getinfo("x.txt").comment = b"hello"
                    if what == "time": packed("y.txt", b"UT\\5\\0\\1abcd")
                    if what == "extra": packed("y.txt", b"hi\\5\\0hello")
                    if what == "loose extra": packed("y.txt", b"UT\\5\\0\\1abcdx")
                    if what == "central extra": z.getinfo("x.txt").extra = b"hi\\5\\0hello"
                    if what == "last": file.write(b"hello")
                    if what in ("between", "last", "descriptor filled"): z.start_dir = z.fp.tell()
                    if what == "between": z.writestr("y.txt", "y")
            """
        let cases = [
            ("nothing", nil), ("empty", nil), ("time", nil), ("descriptor", nil),
            ("before", "bytes before its first file"), ("comment", "a comment"),
            ("directory", "bytes in the directory d/"), ("note", "a comment of x.txt"),
            ("between", "bytes behind x.txt"), ("last", "bytes behind x.txt"),
            ("descriptor filled", "bytes behind x.txt"),
            ("extra", "an unknown extra field of y.txt"), ("loose extra", "an unknown extra field of y.txt"),
            ("central extra", "an unknown extra field of x.txt"),
        ]
        for (what, expected) in cases {
            let result = try ChildProcess.run("/usr/bin/env", ["python3", "-c", script, path, what])
            #expect(result.status == 0, "\(result.errors)")
            let reader = try ZipReader(path)
            #expect(reader.entries.first?.name == "x.txt", "\(what)")
            #expect(Self.beside(reader) == expected.map { "it has \($0), which nothing vouches for" }, "\(what)")
        }
    }

    @Test("an archive that Python packed is read, directories and all")
    func python() throws {
        let archives = try Archives()
        let path = archives.directory.path("p.zip")
        let script = """
            import sys, zipfile
            with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as z:
                z.mkdir('d') if hasattr(z, 'mkdir') else None
                z.writestr('d/x.txt', 'x' * 1000)
                with z.open('d/y.txt', 'w', force_zip64=True) as f: f.write(b'y' * 1000)
                z.comment = b'a comment'
            """
        let result = try ChildProcess.run("/usr/bin/env", ["python3", "-c", script, path])
        #expect(result.status == 0, "\(result.errors)")
        let reader = try ZipReader(path)
        #expect(reader.entries.map(\.name) == ["d/x.txt", "d/y.txt"])
        #expect(Self.beside(reader) == "it has a comment, which nothing vouches for")
        #expect(try reader.bytes(named: "d/y.txt") == Array(repeating: UInt8(ascii: "y"), count: 1_000))
    }
}

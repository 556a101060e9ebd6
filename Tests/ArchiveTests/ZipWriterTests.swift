import Archive
import Foundation
import TestSupport
import Testing

@Suite("Writing ZIP archives")
struct ZipWriterTests {
    private let files: [(String, [UInt8])] = [
        ("a/long.txt", Array(String(repeating: "the same again, ", count: 400).utf8)),
        ("a/short.txt", Array("hi".utf8)),
        ("empty", []),
        ("noise", (0..<3_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }),
        ("ünïcode.json", Array("{}".utf8)),
    ]

    @Test("the same files give the same bytes, whatever the time zone")
    func deterministic() throws {
        let first = try Archives.bytes(files)
        let zone = ProcessInfo.processInfo.environment["TZ"]
        setenv("TZ", "Pacific/Auckland", 1)
        defer { if let zone { setenv("TZ", zone, 1) } else { unsetenv("TZ") } }
        tzset()
        #expect(try Archives.bytes(files) == first)
    }

    @Test("what is written is read, packed or stored", arguments: [0, 1, 6, 9])
    func roundTrip(level: Int) throws {
        let read = try Archives().files(in: Archives.bytes(files, level: level))
        #expect(read == Dictionary(uniqueKeysWithValues: files))
        let archives = try Archives()
        try ZipReader(archives.write(Archives.bytes(files, level: level))).refuseBytesBeside()
    }

    @Test("Python's zipfile finds the same files and nothing to complain of")
    func python() throws {
        let archives = try Archives()
        let path = try archives.write(try Archives.bytes(files))
        let script = """
            import sys, zipfile, json, hashlib
            with zipfile.ZipFile(sys.argv[1]) as z:
                assert z.testzip() is None
                print(json.dumps([[i.filename, hashlib.sha256(z.read(i)).hexdigest(), list(i.date_time)] for i in z.infolist()]))
            """
        let result = try ChildProcess.run("/usr/bin/env", ["python3", "-c", script, path])
        #expect(result.status == 0, "\(result.errors)")
        let found = try #require(
            try JSONSerialization.jsonObject(with: Data(result.output)) as? [[Any]])
        #expect(found.compactMap { $0.first as? String } == files.map(\.0))
        #expect(found.allSatisfy { ($0[2] as? [Int]) == [1980, 1, 1, 0, 0, 0] })
    }

    @Test("an archive of more than 65,535 files is read by us and by Python")
    func manyFiles() throws {
        let archives = try Archives()
        let names = (0..<65_600).map { "f/\($0)" }
        let path = try archives.write(try Archives.bytes(names.map { ($0, []) }))
        #expect(try ZipReader(path).entries.map(\.name) == names)
        let script = "import sys, zipfile; print(len(zipfile.ZipFile(sys.argv[1]).namelist()))"
        let result = try ChildProcess.run("/usr/bin/env", ["python3", "-c", script, path])
        #expect(String(decoding: result.output, as: UTF8.self) == "65600\n")
    }

    @Test(
        "a name that could leave the archive is refused",
        arguments: ["../x", "/x", "a//b", "a/../b", "", "a\\b", "c:x"])
    func names(name: String) {
        #expect(throws: ArchiveError.self) { try Archives.bytes([(name, [])]) }
    }

    @Test("the same name twice is refused")
    func twice() {
        #expect(throws: ArchiveError.self) { try Archives.bytes([("a", []), ("a", [1])]) }
    }
}

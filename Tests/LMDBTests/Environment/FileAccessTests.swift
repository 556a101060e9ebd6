import TestSupport
import Testing

@testable import LMDB

@Suite struct FileAccessTests {
    @Test func `network file systems are known by their numbers, and local ones aren't among them`() throws {
        let network: [UInt32: String] = [0x6969: "NFS", 0xFF53_4D42: "CIFS", 0xFE53_4D42: "SMB2"]
        for (number, name) in network { #expect(FileDescriptor.networkFileSystemName(type: number) == name) }
        for local in [0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994, 0x794C_7630] as [UInt32] {
            #expect(FileDescriptor.networkFileSystemName(type: local) == nil)
        }
        let directory = try TemporaryDirectory()
        let descriptor = try FileDescriptor(reading: directory.path, directory: true)
        let name = descriptor.networkFileSystem()
        #expect(name == nil)
    }

    @Test func `a reading ends at the end of the file`() throws {
        let directory = try TemporaryDirectory()
        try Environment.open(at: directory.path).close()
        let file = try FileDescriptor(reading: directory.path("data.mdb"))
        let size = try file.size()
        let bytes = try file.read(100, at: size - 10)
        #expect(bytes.count == 10)
    }
}

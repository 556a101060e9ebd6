import Archive
import Foundation
import TestSupport

/// Archives made for a test, in a directory of their own.
struct Archives {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory("archive") }

    /// The bytes of an archive of these files.
    static func bytes(_ files: [(String, [UInt8])], level: Int = 6) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var writer = ZipWriter { bytes += $0 }
        for (name, content) in files { try writer.add(name, content, level: level) }
        try writer.finish()
        return bytes
    }

    func write(_ bytes: [UInt8], as name: String = "a.zip") throws -> String {
        let path = directory.path(name)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// The files that the reader finds, unpacked.
    func files(in bytes: [UInt8], limits: ZipReader.Limits = .init()) throws -> [String: [UInt8]] {
        let reader = try ZipReader(write(bytes), limits: limits)
        var files: [String: [UInt8]] = [:]
        for entry in reader.entries { files[entry.name] = try reader.bytes(of: entry) }
        return files
    }
}

extension [UInt8] {
    /// The offsets at which some bytes stand.
    func offsets(of part: [UInt8]) -> [Int] {
        guard count >= part.count else { return [] }
        return (0...count - part.count).filter { self[$0..<$0 + part.count].elementsEqual(part) }
    }

    /// A copy in which each occurrence of a text is another of the same length.
    func replacing(_ text: String, by other: String) -> [UInt8] {
        precondition(text.utf8.count == other.utf8.count, "lengths must agree")
        var copy = self
        for offset in offsets(of: Array(text.utf8)) {
            copy.replaceSubrange(offset..<offset + text.utf8.count, with: Array(other.utf8))
        }
        return copy
    }
}

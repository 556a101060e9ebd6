import Glibc

/// Tells one boot of this machine from the next: what wasn't synced may be damaged after it.
package enum BootID {
    /// Empty where the system doesn't say.
    package static var current: String { firstLine(of: "/proc/sys/kernel/random/boot_id") ?? "" }

    /// The first line of a short file; nil when it can't be opened.
    static func firstLine(of path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        let bytes = [UInt8](unsafeUninitializedCapacity: 128) { buffer, count in
            count = max(0, read(file, buffer.baseAddress, buffer.count))
        }
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}

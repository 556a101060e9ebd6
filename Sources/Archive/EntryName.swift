/// The names that entries of an archive may have: relative paths that stay inside of where they are unpacked.
package enum EntryName {
    /// The most bytes of a name.
    package static let longest = 1_024

    /// What is wrong with a name; nil when nothing is.
    package static func problem(_ name: String) -> String? {
        if name.isEmpty { return "it has no name" }
        if name.utf8.count > longest { return "its name is longer than \(longest) bytes" }
        if name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) { return "its name holds a control character" }
        if name.contains("\\") { return "its name holds a backslash" }
        if name.dropFirst().first == ":" { return "its name begins with a drive" }
        if name.hasPrefix("/") { return "its name is an absolute path" }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        if parts.contains("..") || parts.contains(".") { return "its name leads out of the archive" }
        return parts.contains("") ? "its name has an empty part" : nil
    }
}

/// A file of an archive, ready to be written: made apart from the writer, so that several can be packed at once.
package struct PackedEntry: Sendable {
    /// How an entry's bytes are kept (APPNOTE 4.4.5).
    enum Method: UInt16, Sendable {
        case stored = 0
        case deflated = 8
    }

    package let name: String
    /// The bytes of the file.
    package let size: Int
    let method: Method
    let checksum: UInt32
    let packed: [UInt8]

    /// Packs a file; `level` is zlib's, from 1 (fast) to 9 (small), and 0 stores.
    package init(_ name: String, _ bytes: [UInt8], level: Int = 6) {
        self.name = name
        size = bytes.count
        checksum = Deflate.checksum(bytes)
        let deflated = level == 0 ? nil : Deflate.packed(bytes, level: level)
        method = deflated == nil ? .stored : .deflated
        packed = deflated ?? bytes
    }
}

import CZlib

/// Raw DEFLATE (RFC 1951) and CRC-32 of whole values in memory, by zlib.
enum Deflate {
    /// The most bytes that zlib's inflation makes of one: what claims more is no honest entry.
    static let mostExpansion = 1_032

    /// The bytes in less room; nil when there is nothing to gain.
    static func packed(_ bytes: [UInt8], level: Int) -> [UInt8]? {
        var stream = unsafe z_stream()
        guard bytes.count > 32, bytes.count < Int(UInt32.max),
            unsafe cairn_deflate_init(&stream, Int32(level)) == Z_OK
        else { return nil }
        defer { unsafe deflateEnd(&stream) }
        // No larger than the bytes themselves: what doesn't fit is better stored.
        var length = 0
        let packed = unsafe [UInt8](unsafeUninitializedCapacity: bytes.count - 1) { room, count in
            length = unsafe bytes.withUnsafeBytes { source in
                unsafe stream.next_in = unsafe UnsafeMutablePointer(
                    mutating: source.baseAddress?.assumingMemoryBound(to: UInt8.self))
                unsafe stream.avail_in = UInt32(source.count)
                unsafe stream.next_out = room.baseAddress
                unsafe stream.avail_out = UInt32(room.count)
                return unsafe deflate(&stream, Z_FINISH) == Z_STREAM_END ? room.count - Int(stream.avail_out) : 0
            }
            count = length
        }
        return length > 0 ? packed : nil
    }

    /// Exactly `count` bytes; nil when the packed ones make fewer, more or none.
    static func unpacked(_ packed: [UInt8], count: Int) -> [UInt8]? {
        var stream = unsafe z_stream()
        guard count < Int(UInt32.max), packed.count < Int(UInt32.max), unsafe cairn_inflate_init(&stream) == Z_OK else {
            return nil
        }
        defer { unsafe inflateEnd(&stream) }
        var isWhole = false
        // One byte of room more than expected, so that what is too long shows.
        var bytes = unsafe [UInt8](unsafeUninitializedCapacity: count + 1) { room, filled in
            unsafe packed.withUnsafeBytes { source in
                unsafe stream.next_in = unsafe UnsafeMutablePointer(
                    mutating: source.baseAddress?.assumingMemoryBound(to: UInt8.self))
                unsafe stream.avail_in = UInt32(source.count)
                unsafe stream.next_out = room.baseAddress
                unsafe stream.avail_out = UInt32(count + 1)
                let ended = unsafe inflate(&stream, Z_FINISH) == Z_STREAM_END
                isWhole = unsafe ended && stream.avail_out == 1 && stream.avail_in == 0
                filled = unsafe count + 1 - Int(stream.avail_out)
            }
        }
        guard isWhole else { return nil }
        if bytes.count > count { bytes.removeLast(bytes.count - count) }
        return bytes
    }

    /// CRC-32 as in ZIP.
    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        unsafe bytes.withUnsafeBytes { source in
            UInt32(
                truncatingIfNeeded: unsafe crc32_z(
                    0, source.baseAddress?.assumingMemoryBound(to: UInt8.self), source.count))
        }
    }
}

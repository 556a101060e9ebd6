import CZstd
import Determinism

/// A blob as it is kept: a codec byte, then the bytes, compressed where it pays.
struct EncodedBlob: Sendable {
    let digest: Digest
    /// What it is sealed with in an encrypted store; nil in others.
    let key: DataKey?
    private let bytes: [UInt8]
    private let isEncoded: Bool

    init(_ blob: Blob, key: DataKey? = nil) {
        digest = blob.digest
        self.key = key
        bytes = BlobCodec.encode(blob.bytes)
        isEncoded = true
    }

    /// One that is in the store, and so most likely needn't be encoded.
    init(present blob: Blob, key: DataKey? = nil) {
        digest = blob.digest
        self.key = key
        bytes = blob.bytes
        isEncoded = false
    }

    /// The kept form, before it is sealed.
    var kept: [UInt8] { isEncoded ? bytes : BlobCodec.encode(bytes) }
}

/// The kept form of blobs: 0x00 and the bytes, or 0x01 and one zstd frame with its content size.
enum BlobCodec {
    static let plain: UInt8 = 0
    static let zstd: UInt8 = 1
    /// The largest blob.
    static let largest = 256 << 20
    /// Smaller blobs share a page with others either way; setting up a compressor for them costs more than it saves.
    private static let leastCompressed = 1_024
    private static let level: Int32 = 3

    /// The kept form.
    static func encode(_ bytes: [UInt8]) -> [UInt8] {
        compressed(bytes) ?? [plain] + bytes
    }

    /// The bytes of a kept form; nil when it is not one, or would be larger than any blob.
    static func decode(_ kept: RawSpan) -> [UInt8]? {
        guard kept.byteCount > 0 else { return nil }
        let rest = kept.extracting(1..<kept.byteCount)
        switch kept.u8(at: 0) {
        case plain: return unsafe rest.withUnsafeBytes { unsafe Array($0) }
        case zstd: return decompressed(rest)
        default: return nil
        }
    }

    /// The compressed form, if it saves at least an eighth.
    private static func compressed(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count >= leastCompressed else { return nil }
        let room = bytes.count - bytes.count / 8
        let kept = unsafe [UInt8](unsafeUninitializedCapacity: room + 1) { buffer, count in
            unsafe buffer[0] = zstd
            let size = unsafe bytes.withUnsafeBytes { source in
                unsafe ZSTD_compress(
                    buffer.baseAddress.map { unsafe $0 + 1 }, room, source.baseAddress, source.count, level)
            }
            count = ZSTD_isError(size) == 0 ? size + 1 : 0
        }
        return kept.isEmpty ? nil : kept
    }

    private static func decompressed(_ frame: RawSpan) -> [UInt8]? {
        unsafe frame.withUnsafeBytes { source in
            let size = unsafe ZSTD_getFrameContentSize(source.baseAddress, source.count)
            guard size <= UInt64(largest) else { return nil }
            var isWhole = false
            let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, count in
                let written = unsafe ZSTD_decompress(buffer.baseAddress, Int(size), source.baseAddress, source.count)
                isWhole = ZSTD_isError(written) == 0 && written == Int(size)
                count = isWhole ? written : 0
            }
            return isWhole ? bytes : nil
        }
    }
}

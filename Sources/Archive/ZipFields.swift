/// The numbers of the ZIP format (PKWARE's APPNOTE 6.3.10) that writer and reader share.
enum ZipFields {
    static let localHeader: UInt32 = 0x0403_4B50
    static let descriptor: UInt32 = 0x0807_4B50
    static let centralHeader: UInt32 = 0x0201_4B50
    static let end: UInt32 = 0x0605_4B50
    static let end64: UInt32 = 0x0606_4B50
    static let locator64: UInt32 = 0x0706_4B50

    static let localLength = 30
    static let centralLength = 46
    static let endLength = 22
    static let end64Length = 56
    static let locatorLength = 20

    /// The header of the extra field with 64-bit sizes and offsets.
    static let extra64: UInt16 = 0x0001
    /// The extra fields that an archive may have: of 64-bit sizes, and of what programs that pack anew note of each file,
    /// which is when it was changed (Info-ZIP's and NTFS's) and whose it is.
    static let extras: [UInt16: ClosedRange<Int>] = [
        extra64: 8...28, 0x5455: 1...13, 0x000A: 32...32, 0x5855: 8...12, 0x7855: 0...4, 0x7875: 3...19,
    ]
    /// A 32-bit field that says: look into the extra field.
    static let full32 = UInt32.max
    static let full16 = UInt16.max

    /// Names are UTF-8.
    static let utf8Flag: UInt16 = 1 << 11
    /// Sizes follow the data; the central directory has them too.
    static let descriptorFlag: UInt16 = 1 << 3
    /// 1980-01-01 00:00, the first moment that the format knows: archives say nothing of when they were made.
    static let date: UInt16 = 0x0021
    static let time: UInt16 = 0
    /// A plain file with mode 0644, as Unix writes it down.
    static let fileAttributes: UInt32 = 0o100644 << 16
    static let unix: UInt16 = 3 << 8
}

extension [UInt8] {
    /// Appends an integer, its lowest byte first.
    mutating func append(little value: some FixedWidthInteger) {
        for place in 0..<(value.bitWidth / 8) { append(UInt8(truncatingIfNeeded: value >> (8 * place))) }
    }

    /// The integer at an offset, its lowest byte first; the bytes must be there.
    func little<Value: FixedWidthInteger>(at offset: Int, _: Value.Type = Value.self) -> Value {
        (0..<Value.bitWidth / 8).reduce(0) { $0 | Value(truncatingIfNeeded: self[offset + $1]) << (8 * $1) }
    }
}

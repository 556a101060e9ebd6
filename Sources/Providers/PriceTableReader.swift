/// Reads an object of objects and keeps the text of its numbers, which a parser of doubles would lose.
///
/// The file is edited by many hands: of a key that comes twice the last counts, as in the program it is written for.
struct PriceTableReader {
    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The fields of each model that are numbers or strings.
    mutating func models() throws(PriceTableError) -> [String: [String: String]] {
        var models: [String: [String: String]] = [:]
        try object { (reader, id) throws(PriceTableError) in
            guard reader.peek() == UInt8(ascii: "{") else { return try reader.skip(depth: 0) }
            var fields: [String: String] = [:]
            try reader.object { (reader, name) throws(PriceTableError) in
                switch reader.peek() {
                case UInt8(ascii: "{"), UInt8(ascii: "["): try reader.skip(depth: 0)
                case UInt8(ascii: "\""): fields[name] = try reader.string()
                default: fields[name] = try reader.word()
                }
            }
            models[id] = fields
        }
        guard peek() == nil else { throw unexpected("the end of the table") }
        return models
    }

    private mutating func object(
        _ member: (inout PriceTableReader, String) throws(PriceTableError) -> Void
    ) throws(PriceTableError) {
        try take(UInt8(ascii: "{"))
        if peek() == UInt8(ascii: "}") { return index += 1 }
        while true {
            let key = try string()
            try take(UInt8(ascii: ":"))
            try member(&self, key)
            if peek() == UInt8(ascii: "}") { return index += 1 }
            try take(UInt8(ascii: ","))
        }
    }

    private mutating func skip(depth: Int) throws(PriceTableError) {
        guard depth < 64 else { throw unexpected("at most 64 levels") }
        switch peek() {
        case UInt8(ascii: "{"):
            try object { (reader, _) throws(PriceTableError) in try reader.skip(depth: depth + 1) }
        case UInt8(ascii: "["):
            index += 1
            if peek() == UInt8(ascii: "]") { return index += 1 }
            while true {
                try skip(depth: depth + 1)
                if peek() == UInt8(ascii: "]") { return index += 1 }
                try take(UInt8(ascii: ","))
            }
        case UInt8(ascii: "\""): _ = try string()
        default: _ = try word()
        }
    }

    /// A string; escapes other than of one character are kept as they are, since no price or id has them.
    private mutating func string() throws(PriceTableError) -> String {
        try take(UInt8(ascii: "\""))
        var text: [UInt8] = []
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            if bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count {
                if bytes[index + 1] == UInt8(ascii: "u") { text.append(bytes[index]) }
                index += 1
            }
            text.append(bytes[index])
            index += 1
        }
        try take(UInt8(ascii: "\""))
        return String(decoding: text, as: UTF8.self)
    }

    /// A number, `true`, `false` or `null`, as it stands there.
    private mutating func word() throws(PriceTableError) -> String {
        _ = peek()
        let start = index
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "E"),
                UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
                index += 1
                continue
            default: break
            }
            break
        }
        guard index > start else { throw unexpected("a value") }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func peek() -> UInt8? {
        while index < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) { index += 1 }
        return index < bytes.count ? bytes[index] : nil
    }

    private mutating func take(_ byte: UInt8) throws(PriceTableError) {
        guard peek() == byte else { throw unexpected("\"\(Character(UnicodeScalar(byte)))\"") }
        index += 1
    }

    private func unexpected(_ expected: String) -> PriceTableError {
        PriceTableError(
            message: "the price table is not JSON of the expected form: \(expected) belongs at byte \(index)")
    }
}

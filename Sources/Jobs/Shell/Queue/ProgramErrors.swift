import CanonicalJSON

/// What a program writes to its standard error: reports of progress, and text of which the last is kept.
///
/// A line that is a JSON object with a number `progress` from 0 to 1, and maybe a text `message`, is a report and isn't
/// kept. Standard error and not a third file, since every language can write there without knowing of us.
struct ProgramErrors {
    struct Report: Equatable {
        let thousandths: Int
        let message: String?
    }

    /// The most bytes that are kept.
    static let longestTail = 64 << 10
    /// A longer line is no report.
    private static let longestReport = 4 << 10

    private let limit: Int
    private var kept: [UInt8] = []
    /// The last line so far, while it may still become a report.
    private var line: [UInt8] = []
    /// Whether the last line so far is text, whatever follows.
    private var isText = false
    /// How many bytes are no longer kept.
    private var dropped = 0

    init(limit: Int = longestTail) { self.limit = limit }

    /// Takes what was written next; gives the reports that are now complete.
    mutating func take(_ bytes: some RandomAccessCollection<UInt8>) -> [Report] {
        var reports: [Report] = []
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let next = rest.index(after: end)
            append(rest[..<next])
            if let report = endLine() { reports.append(report) }
            rest = rest[next...]
        }
        append(rest)
        return reports
    }

    /// The last that was written, from the beginning of a line; says so when there was more.
    func tail() -> [UInt8] {
        let all = kept + line
        guard dropped > 0 || all.count > limit else { return all }
        var tail = all.suffix(limit)
        if let end = tail.firstIndex(of: UInt8(ascii: "\n")), end + 1 < tail.endIndex { tail = tail[(end + 1)...] }
        return Array("(\(dropped + all.count - tail.count) bytes before this are not kept)\n".utf8) + tail
    }

    private mutating func append(_ part: some Collection<UInt8>) {
        guard !isText else { return keep(part) }
        line += part
        let begun = line.first { $0 != UInt8(ascii: " ") }
        guard line.count > Self.longestReport || (begun != nil && begun != UInt8(ascii: "{")) else { return }
        isText = true
        keep(line)
        line = []
    }

    private mutating func endLine() -> Report? {
        defer { (line, isText) = ([], false) }
        if isText { return nil }
        if let report = Self.report(line) { return report }
        keep(line)
        return nil
    }

    /// Drops the oldest when there is twice too much, so that each byte is moved once at most.
    private mutating func keep(_ part: some Collection<UInt8>) {
        kept += part
        guard kept.count > 2 * limit else { return }
        dropped += kept.count - limit
        kept.removeFirst(kept.count - limit)
    }

    private static func report(_ line: [UInt8]) -> Report? {
        guard let value = try? JSONParser.parse(line), let share = value["progress"]?.double, (0...1).contains(share)
        else { return nil }
        return Report(thousandths: Int((share * 1_000).rounded()), message: value["message"]?.string)
    }
}

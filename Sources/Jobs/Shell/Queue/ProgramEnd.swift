import CanonicalJSON
import Determinism
import EventLog

/// How a program ended and what it left.
struct ProgramEnd: Equatable {
    enum Way: Equatable {
        case exited(Int32)
        case signaled(Int32)
        /// We ended it after so long.
        case timedOut(Microseconds)
        /// We ended it since it wrote more than so many bytes.
        case wroteTooMuch(Int)
    }

    let way: Way
    let output: [UInt8]
    /// The last of what it wrote to its standard error.
    let errors: [UInt8]
}

extension ProgramEnd {
    /// The class of a failure that the program itself doesn't name.
    static let programFailed = "programFailed"
    /// An answer that isn't one JSON object.
    static let invalidResult = "invalidResult"
    static let resultTooLarge = "resultTooLarge"
    static let timeout = "timeout"
    /// The most of an unreadable answer that is kept.
    private static let keptOutput = 64 << 10

    /// What it means for the job.
    var result: QueueResult {
        switch way {
        case .exited(0): completed
        case .exited(let code): reportedFailure ?? failed(Self.programFailed, "it ended with exit code \(code)")
        case .signaled(let signal):
            .crashed(message: said("it was ended by \(signalName(signal))"), evidence: evidence())
        case .timedOut(let length): failed(Self.timeout, "it took longer than \(length) and was ended")
        case .wroteTooMuch(let limit):
            failed(
                Self.resultTooLarge,
                "it wrote more than \(limit) bytes to its standard output and was ended; write the result to a file "
                    + "and answer with its name, or raise max_result", retryable: false)
        }
    }

    private var completed: QueueResult {
        do throws(JSONError) {
            let value = try JSONParser.parse(output)
            if value.object != nil { return .completed(value, evidence: evidence()) }
            return invalid("it is JSON, and not an object")
        } catch {
            return invalid(output.isEmpty ? "there is nothing" : "\(error)")
        }
    }

    private func invalid(_ finding: String) -> QueueResult {
        let message = "its standard output isn't one JSON object: \(finding); write all else to standard error"
        return .failed(
            class: Self.invalidResult, message: message, retryable: false,
            evidence: evidence() + (output.isEmpty ? [] : [Blob(Array(output.prefix(Self.keptOutput)))]))
    }

    /// The failure that the program names, as in
    /// `{"error": {"class": "rateLimited", "message": "…", "retryable": true, "retryAfterSeconds": 30}}`.
    ///
    /// All members may be missing: a failure is tried again unless it says otherwise.
    private var reportedFailure: QueueResult? {
        guard let value = try? JSONParser.parse(output), let error = value["error"], error.object != nil
        else { return nil }
        let after = error["retryAfterSeconds"]?.double.flatMap { seconds in
            (0...Self.longestWait).contains(seconds) ? Microseconds(Int64(seconds * 1_000_000)) : nil
        }
        return .failed(
            class: camelCase(error["class"]?.string ?? "") ?? Self.programFailed,
            message: (error["message"]?.string ?? "").prefix(codePoints: JobFailed.longestMessage),
            retryable: error["retryable"]?.bool ?? true, after: after, evidence: evidence())
    }

    /// In seconds; who asks for longer is mistaken.
    private static let longestWait = 30.0 * 86_400

    private func failed(_ class: String, _ message: String, retryable: Bool = true) -> QueueResult {
        .failed(class: `class`, message: said(message), retryable: retryable, evidence: evidence())
    }

    private func evidence() -> [Blob] { errors.isEmpty ? [] : [Blob(errors)] }

    /// The finding, and the last that the program said as far as there is room.
    private func said(_ finding: String) -> String {
        let errors = String(decoding: self.errors.suffix(4 * JobFailed.longestMessage), as: UTF8.self)
        let lines = errors.split(whereSeparator: \.isNewline).map { $0.filter { $0 == "\t" || !$0.isControl } }
        let last = lines.filter { !$0.allSatisfy(\.isWhitespace) }.suffix(3).joined(separator: " | ")
        guard !last.isEmpty else { return finding }
        let room = JobFailed.longestMessage - finding.unicodeScalars.count - 2
        return room > 0 ? finding + ": " + last.suffix(codePoints: room) : finding
    }
}

extension Character {
    fileprivate var isControl: Bool { unicodeScalars.allSatisfy { $0.properties.generalCategory == .control } }
}

/// A class as events have it: `RateLimitError`, `rate_limit` and `rate-limit` become `rateLimitError` and `rateLimit`.
///
/// Nil when nothing is left that could be one.
func camelCase(_ text: String) -> String? {
    let words = text.unicodeScalars.split {
        !$0.isASCII || !($0.properties.isAlphabetic || $0.properties.numericType != nil)
    }
    guard let first = words.first.map(String.init) else { return nil }
    let capitals = first.prefix { $0.isUppercase }
    let initial = capitals.count > 1 && capitals.count < first.count ? capitals.count - 1 : max(capitals.count, 1)
    let rest = words.dropFirst().map { word in
        let word = String(word)
        return word.prefix(1).uppercased() + word.dropFirst()
    }
    let joined = first.prefix(initial).lowercased() + first.dropFirst(initial) + rest.joined()
    let cut = String(joined.prefix(60))
    return isWord(cut) ? cut : nil
}

private func signalName(_ signal: Int32) -> String {
    let names: [Int32: String] = [
        1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
        9: "SIGKILL (perhaps since memory ran out)", 10: "SIGUSR1", 11: "SIGSEGV", 12: "SIGUSR2", 13: "SIGPIPE",
        14: "SIGALRM", 15: "SIGTERM", 24: "SIGXCPU", 25: "SIGXFSZ", 31: "SIGSYS",
    ]
    return names[signal] ?? "signal \(signal)"
}

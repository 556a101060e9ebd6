import CanonicalJSON
import Experiments
import Glibc
import Jobs

/// A file of jobs: one JSON object a line; empty lines and a byte order mark are skipped.
struct JobFile {
    let requests: [JobRequest]
    private let path: String
    /// Where each of the requests stands, from 1.
    private let lines: [Int]

    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Reads a file, or standard input for `-`; `retry` is the policy of a kind, as far as a job doesn't say.
    ///
    /// Throws a `Failure` with all that is wrong, as far as it can be said of what could be read.
    init(_ path: String, retry: (_ kind: String) -> RetryPolicy) throws {
        var requests: [JobRequest] = []
        var numbers: [Int] = []
        var mistakes: [SubmissionProblem] = []
        var knowsAllNames = true
        var bytes = try Self.bytes(of: path)[...]
        if bytes.starts(with: Self.byteOrderMark) { bytes = bytes.dropFirst(Self.byteOrderMark.count) }
        for (number, line) in zip(1..., bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)) {
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            guard mistakes.count < SubmissionProblems.most else {
                knowsAllNames = false
                break
            }
            let reading = Self.reading(Array(line), at: requests.count, retry)
            requests.append(reading.request)
            numbers.append(number)
            mistakes += reading.problems
            knowsAllNames = knowsAllNames && reading.isNameKnown
        }
        self.requests = requests
        self.path = path
        self.lines = numbers
        if mistakes.isEmpty { return }
        mistakes += SubmissionPlan.problems(requests, knowsAllNames: knowsAllNames)
        throw failure(SubmissionProblems(mistakes))
    }

    /// As in `flow.jsonl:3: `, for the job with this index.
    func place(of index: Int) -> String { "\(path):\(lines[index]): " }

    /// Tells problems with their lines.
    func failure(_ found: SubmissionProblems) -> Failure {
        let failures = found.problems.map { problem in
            var failure = Failure(problem, place(of: problem.index))
            failure.mistakes = [
                ExperimentProblem(
                    line: lines[problem.index], column: nil, path: problem.field, message: problem.message,
                    remedy: problem.remedy.isEmpty ? nil : problem.remedy)
            ]
            return failure
        }
        return failures.count == 1 ? failures[0] : Failure(path, failures)
    }

    private static func bytes(of path: String) throws -> [UInt8] {
        let file = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw unreadable(path) }
        defer { if file != STDIN_FILENO { close(file) } }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = part.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(path) }
            if count == 0 { return bytes }
            bytes += part[..<count]
        }
    }

    private static func unreadable(_ path: String) -> Failure {
        Failure(.usage, "can't read \(path): \(String(cString: strerror(errno)))")
    }

    private static func reading(
        _ line: [UInt8], at index: Int, _ retry: (_ kind: String) -> RetryPolicy
    ) -> JobReading {
        do throws(JSONError) {
            return JobReading(try JSONParser.parse(line), at: index, retry: retry)
        } catch {
            return JobReading(unread: SubmissionProblem(index, field: "", "\(error)", remedy: ""))
        }
    }
}

extension Failure {
    init(_ problem: SubmissionProblem, _ place: String) {
        let name = problem.name.map { "job “\($0)”: " } ?? ""
        let field = problem.field.isEmpty ? "" : problem.field + ": "
        self.init(
            .usage, place + name + field + problem.message, remedy: problem.remedy.isEmpty ? nil : problem.remedy)
    }
}

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

    /// How many mistakes are told at once.
    private static let mostMistakes = 20
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Reads a file, or standard input for `-`; `retry` is the policy of a kind, as far as a job doesn't say.
    init(_ path: String, retry: (_ kind: String) -> RetryPolicy) throws {
        var requests: [JobRequest] = []
        var numbers: [Int] = []
        var mistakes: [Failure] = []
        var bytes = try Self.bytes(of: path)[...]
        if bytes.starts(with: Self.byteOrderMark) { bytes = bytes.dropFirst(Self.byteOrderMark.count) }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (number, line) in zip(1..., lines) where mistakes.count < Self.mostMistakes {
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            do {
                requests.append(try Self.request(Array(line), at: number, in: path, retry))
                numbers.append(number)
            } catch let mistake as Failure {
                mistakes.append(mistake)
            }
        }
        if let mistake = mistakes.first { throw mistakes.count == 1 ? mistake : Failure(path, mistakes) }
        self.requests = requests
        self.path = path
        self.lines = numbers
    }

    /// As in `flow.jsonl:3: `, for the job with this index.
    func place(of index: Int) -> String { "\(path):\(lines[index]): " }

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

    private static func request(
        _ line: [UInt8], at number: Int, in path: String, _ retry: (_ kind: String) -> RetryPolicy
    ) throws -> JobRequest {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONParser.parse(line)
        } catch {
            var failure = Failure(.usage, "\(path):\(number): \(error)")
            failure.mistakes = [ExperimentProblem(line: number, column: nil, path: "", message: "\(error)")]
            throw failure
        }
        do throws(SubmissionProblem) {
            return try JobRequest(value, at: number - 1, retry: retry)
        } catch {
            var failure = Failure(.problem(error)) { _ in "\(path):\(number): " }
            failure.mistakes = [
                ExperimentProblem(
                    line: number, column: nil, path: error.field, message: error.message, remedy: error.remedy)
            ]
            throw failure
        }
    }
}

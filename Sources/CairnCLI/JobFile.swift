import CanonicalJSON
import Glibc
import Jobs

/// A file of jobs: one JSON object a line; empty lines are skipped.
enum JobFile {
    static func read(_ path: String) throws -> [JobRequest] {
        var requests: [JobRequest] = []
        let lines = try bytes(of: path).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (number, line) in lines.enumerated() {
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            requests.append(try request(Array(line), at: number, in: path))
        }
        return requests
    }

    /// The whole file, or standard input for `-`.
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

    private static func request(_ line: [UInt8], at number: Int, in path: String) throws -> JobRequest {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONParser.parse(line)
        } catch {
            throw Failure(.usage, "\(path):\(number + 1): \(error)")
        }
        do throws(SubmissionProblem) {
            return try JobRequest(value, at: number)
        } catch {
            throw Failure(.problem(error), in: path)
        }
    }
}

import CanonicalJSON
import Foundation
import Jobs

/// A file of jobs: one JSON object a line; empty lines are skipped.
enum JobFile {
    static func read(_ path: String) throws -> [JobRequest] {
        let data: Data
        do {
            data =
                path == "-" ? FileHandle.standardInput.readDataToEndOfFile() : try Data(contentsOf: URL(filePath: path))
        } catch {
            throw Failure(.usage, "can't read \(path): \(error.localizedDescription)")
        }
        var requests: [JobRequest] = []
        for (number, line) in data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            requests.append(try request(Array(line), at: number, in: path))
        }
        return requests
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

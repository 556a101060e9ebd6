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
            do throws(JSONError) {
                let value = try JSONParser.parse(Array(line))
                do throws(SubmissionProblem) {
                    requests.append(try JobRequest(value, at: number))
                } catch {
                    throw Failure(.problem(error), in: path)
                }
            } catch let error as JSONError {
                throw Failure(.usage, "\(path):\(number + 1): \(error)")
            }
        }
        return requests
    }
}

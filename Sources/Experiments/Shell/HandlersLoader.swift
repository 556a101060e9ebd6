import Glibc
package import Jobs

/// Reads `handlers.yaml` from disk.
package enum HandlersLoader {
    /// Larger files than anybody writes by hand.
    private static let largestFile = 4 << 20

    /// The catalogue in the file at a path; directories in it are relative to the folder that it is in.
    ///
    /// Throws `ExperimentLoader.Failure` when the file can't be read and `ExperimentProblems` when it is wrong.
    package static func load(_ path: String) throws -> HandlerCatalogue {
        let bytes = try ExperimentLoader.read(path, limit: largestFile)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let problem = ExperimentProblem(
                line: nil, column: nil, path: "", message: "the file isn't UTF-8", remedy: "save it as UTF-8")
            throw ExperimentProblems([problem])
        }
        return try HandlersFile.read(text, folder: folder(of: path))
    }

    /// As an absolute path without symbolic links, since programs run there whatever this process's directory is.
    private static func folder(of path: String) throws -> String {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        guard let resolved = realpath(folder, nil) else {
            throw ExperimentLoader.Failure(path: folder, reason: String(cString: strerror(errno)))
        }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}

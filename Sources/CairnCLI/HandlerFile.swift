import Experiments
import Jobs

/// The file that says which programs do which kinds of jobs.
enum HandlerFile {
    /// What it says; a mistake in it is told with its place.
    static func catalogue(_ path: String) throws -> HandlerCatalogue {
        do {
            return try HandlersLoader.load(path)
        } catch let problems as ExperimentProblems {
            throw Failure(path, problems)
        } catch let failure as ExperimentLoader.Failure {
            throw Failure(.usage, "can't read \(failure.path): \(failure.reason)")
        }
    }
}

import ArgumentParser
import Cairn
import Jobs

/// The one run that a command is about, by its place or by its name on the command line.
struct RunChoice: ParsableArguments {
    @Argument(help: "The run: its id, or the beginning of it; not needed when the store has only one.")
    var run: String?

    @Option(name: .customLong("run"), help: ArgumentHelp("The same, as an option.", valueName: "run"))
    var named: String?

    func validate() throws {
        if run != nil, named != nil { throw ValidationError("the run is given twice; leave out RUN or --run") }
    }

    func only(in store: Store) throws -> RunID { try only(Queries(store)) }

    /// The run as the store was then that queries are of.
    func only(_ queries: Queries) throws -> RunID {
        do {
            let runs = try queries.runIDs(Queries.Selection(run: run ?? named))
            guard runs.count != 1 else { return runs[0] }
            let none = queries.end == nil ? "the store has no runs" : "the store had no runs at that moment"
            throw Failure(
                .usage, runs.isEmpty ? none : "the store has \(runs.count) runs; name one (`cairn query runs`)")
        } catch let error as QueryError {
            throw Failure(.usage, "\(error)")
        }
    }
}

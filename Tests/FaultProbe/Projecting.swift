import EventLog
import Projections

/// Keeps a read model until the process is killed, or says what the read model holds.
enum Projecting {
    /// Small, so that a kill finds a batch under way.
    private static let batch = 64

    /// Catches up with each growth of the log, and prints `at POSITION`.
    static func follow(_ directory: String) async throws {
        let log = try LMDBLog.open(at: directory, LMDBLog.Options(access: .mustExist))
        let runner = try runner(log, directory)
        let start = try report(runner)
        for try await _ in log.subscribe(from: start) { _ = try report(runner) }
    }

    /// Prints the digest of the read model as it was kept, as built from nothing, and as folded in memory.
    static func digests(_ directory: String) throws {
        let log = try LMDBLog.open(at: directory, LMDBLog.Options(access: .mustExist))
        let runner = try runner(log, directory)
        Line.write("found \(try runner.progress([Chains.self])[0].position)")
        Line.write("kept \(try runner.digest(of: Chains.self))")
        try runner.rebuild(Chains.self)
        Line.write("rebuilt \(try runner.digest(of: Chains.self))")
        let memory = MemoryView(Chains.self)
        var events: [Event] = []
        try log.scan { events.append($0) }
        try memory.apply(events)
        Line.write("folded \(try memory.digest())")
    }

    private static func report(_ runner: ProjectionRunner) throws -> Position {
        let progress = try runner.catchUp([Chains.self])[0]
        if let error = progress.error { throw error }
        Line.write("at \(progress.position)")
        return progress.position
    }

    private static func runner(_ log: LMDBLog, _ directory: String) throws -> ProjectionRunner {
        try ProjectionRunner(
            log: log, directory: directory + "/views", storeID: log.manifest.id,
            catalogue: ProjectorCatalogue([Chains.self]), batch: batch)
    }
}

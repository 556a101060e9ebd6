import Determinism
package import EventLog
package import Projections

/// Builds every read model from nothing and compares it with the one that grew as events came in.
package struct Rebuild {
    private static let mostAttempts = 8

    private let log: any Log
    private let runner: ProjectionRunner

    package init(log: any Log, runner: ProjectionRunner) {
        self.log = log
        self.runner = runner
    }

    /// Begins again when others append meanwhile, and throws when they never stop.
    ///
    /// Only tables of the same position can be compared.
    package func run() throws -> RebuildReport {
        for _ in 0..<Self.mostAttempts {
            let report = try attempt()
            if report.position == (try log.head().size) { return report }
        }
        throw NoMomentOfRest(attempts: Self.mostAttempts)
    }

    private func attempt() throws -> RebuildReport {
        let position = try log.head().size
        for progress in try runner.catchUpAll() {
            if let error = progress.error { throw error }
        }
        let grown = try digests()
        for progress in try runner.rebuild(runner.catalogue.all, leavingReplaced: true) {
            if let error = progress.error { throw error }
        }
        let built = try digests(removingReplaced: true)
        return RebuildReport(
            position: position,
            models: zip(grown, built).map { RebuildReport.Model(name: $0.name, grown: $0.digest, built: $1.digest) })
    }

    /// The digests of all read models; the rows that were replaced are removed meanwhile.
    private func digests(removingReplaced: Bool = false) throws -> [(name: String, digest: Digest)] {
        let names = runner.catalogue.names
        var digests: [(name: String, digest: Digest)] = []
        let others = removingReplaced ? 1 : 0
        try OrderedWork.run(others + names.count) { [runner] number -> (name: String, digest: Digest)? in
            if number < others {
                try runner.removeReplaced()
                return nil
            }
            let name = names[number - others]
            return (name, try runner.digest(named: name))
        } take: { digest in
            if let digest { digests.append(digest) }
        }
        return digests
    }
}

/// Others appended all the time, so that read models of one moment couldn't be had.
package struct NoMomentOfRest: Error, Equatable, CustomStringConvertible {
    /// How often it was tried.
    package let attempts: Int

    package init(attempts: Int) { self.attempts = attempts }

    package var description: String {
        "the log grew each of \(attempts) times that its read models were built, and only those of one moment can be "
            + "compared; try when nothing works on the store, or on a copy (cairn store backup)"
    }
}

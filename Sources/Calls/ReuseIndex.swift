package import Determinism
package import EventLog

/// When an answer in the store may stand for a call that asks the same.
package enum ReusePolicy: String, Equatable, Sendable, CaseIterable {
    case never
    /// Answers of the same run.
    case sameRun = "same-run"
    /// Answers of any run in the store.
    case store
}

/// Answers by what was asked, and where each was used.
///
/// Samples of a scenario ask the same, and must not become copies of each other: an answer counts at most once for each
/// model, scenario and judge of the run, so n samples need n answers. The earliest one that is free is taken.
package struct ReuseIndex: Sendable {
    /// What makes two requests the same.
    package struct Fingerprint: Hashable, Sendable {
        package let adapter: String
        package let endpoint: String
        package let model: String
        package let request: Digest

        package init(adapter: String, endpoint: String, model: String, request: Digest) {
            self.adapter = adapter
            self.endpoint = endpoint
            self.model = model
            self.request = request
        }
    }

    /// Within which an answer counts once.
    package struct Scope: Hashable, Sendable {
        private let model: String
        private let scenario: String
        /// Empty for an answer that isn't a judge's.
        private let judge: String

        package init(labels: [String: String]) {
            model = labels["model"] ?? ""
            scenario = labels["scenario"] ?? ""
            judge = labels["judge"] ?? ""
        }
    }

    private struct Origin: Sendable {
        let position: Position
        let body: Digest
        var used: Set<Scope>
    }

    /// Each in the order of positions.
    private var origins: [Fingerprint: [Origin]] = [:]
    private var fingerprints: [Position: Fingerprint] = [:]

    package init() {}

    /// An answer; `scope` is where it is used already, as it is the run's own.
    package mutating func add(_ fingerprint: Fingerprint, at position: Position, body: Digest, usedIn scope: Scope?) {
        let origin = Origin(position: position, body: body, used: scope.map { [$0] } ?? [])
        origins[fingerprint, default: []].append(origin)
        fingerprints[position] = fingerprint
    }

    /// An answer stands for another call of the run.
    package mutating func use(_ position: Position, in scope: Scope) {
        guard let fingerprint = fingerprints[position],
            let index = origins[fingerprint]?.firstIndex(where: { $0.position == position })
        else { return }
        origins[fingerprint]?[index].used.insert(scope)
    }

    /// Takes the first free answer whose body is still there.
    package mutating func claim(
        _ fingerprint: Fingerprint, in scope: Scope, where isThere: (Digest) -> Bool
    ) -> Position? {
        guard let known = origins[fingerprint],
            let index = known.firstIndex(where: { !$0.used.contains(scope) && isThere($0.body) })
        else { return nil }
        origins[fingerprint]?[index].used.insert(scope)
        return known[index].position
    }
}

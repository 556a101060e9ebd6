import CanonicalJSON
import TestSupport
import Testing

extension Workplace {
    /// Whoever looks at the store finds it whole, and everything in it derivable: audit and the three replays.
    func expectSoundStore(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let audit = try await json("audit", "verify")
        #expect(audit["valid"]?.bool == true, sourceLocation: sourceLocation)
        for replay in ["verify", "rebuild", "execute"] {
            let report = try await json("replay", replay)
            #expect(report["identical"]?.bool == true, "replay \(replay): \(report)", sourceLocation: sourceLocation)
            if replay == "execute" { #expect(report["head"] == audit["head"], sourceLocation: sourceLocation) }
        }
    }

    /// What a run came to, whichever store and run it was: each request with its answer, and the ranking.
    func outcome() async throws -> Outcome {
        let turns = try #require(try await json("query", "transcripts").array)
        let rankings = try #require(try await json("query", "rankings").array)
        return Outcome(
            answers: turns.map { "\($0["request"]?.string ?? "?") \($0["answer"]?.string ?? "?")" }.sorted(),
            ranking: rankings.map { $0["ranking"]?["entries"] })
    }

    struct Outcome: Equatable {
        let answers: [String]
        let ranking: [JSONValue?]
    }

    /// The counts of the only run: every cell is in exactly one of them.
    func cells(of total: Int, sourceLocation: SourceLocation = #_sourceLocation) async throws -> [String: Int] {
        let runs = try #require(try await json("query", "runs").array)
        #expect(runs.count == 1, sourceLocation: sourceLocation)
        let counts = try #require(runs.first?["cells"]?.object).reduce(into: [:]) { $0[$1.0] = $1.1.int }
        #expect(counts.values.reduce(0, +) == total, "the counters add up: \(counts)", sourceLocation: sourceLocation)
        return counts
    }
}

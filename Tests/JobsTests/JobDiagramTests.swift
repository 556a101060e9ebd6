import CanonicalJSON
import DeciderTestSupport
import Deciders
import Determinism
import EventLog
import Foundation
import Testing

@testable import Jobs

/// The diagram in the documentation and the decider say the same.
@Suite struct JobDiagramTests {
    private static let repository = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static func document() throws -> [String] {
        let file = repository.appendingPathComponent("Sources/Cairn/Cairn.docc/JobQueue.md")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.trimmingCharacters(in: .whitespaces) }
    }

    /// The arrows of the diagram, as in `ready --> leased : leased`.
    private static func arrows() throws -> [String] {
        let lines = try document()
        let start = try #require(lines.firstIndex(of: "stateDiagram-v2"))
        return Array(lines[(start + 1)...].prefix { $0 != "```" })
    }

    private static func arrow(_ before: Job.State, _ events: [JobEvent], _ after: Job.State) -> String {
        let from = JobGrid.stage(of: before)
        return "\(from == "absent" ? "[*]" : from) --> \(JobGrid.stage(of: after)) : \(JobGrid.names(events))"
    }

    /// Every command in every stage, and in those leases that end otherwise than most.
    private static func possible() -> Set<String> {
        let losses = [JobGrid.hang, JobGrid.crash, Sample.failed()]
        let histories =
            JobGrid.stages.map { JobGrid.history($0) } + losses.map { JobGrid.leased(after: [$0, $0]) }
        var found: Set<String> = []
        for history in histories {
            let before = state(of: Job.self, given: history)
            for row in JobGrid.rows {
                guard case .success(let events) = decision(Job.self, given: history, when: row.command),
                    !events.isEmpty
                else { continue }
                found.insert(arrow(before, events, Job.fold(events, from: before)))
            }
        }
        return found
    }

    @Test func `every arrow is possible, and every possible transition has an arrow`() throws {
        let drawn = try Self.arrows().filter { !$0.hasSuffix("--> [*]") }
        #expect(Set(drawn).count == drawn.count)
        let possible = Self.possible().filter { !$0.hasSuffix(": resultLate") }
        #expect(drawn.sorted() == possible.sorted())
    }

    @Test func `late answers change no stage, as the text says`() {
        let late = Self.possible().filter { $0.hasSuffix(": resultLate") }
        let stages = Set(JobGrid.stages.filter { !["absent", "forestalled", "answered", "overdue"].contains($0) })
        #expect(late == Set(stages.map { "\($0) --> \($0) : resultLate" }))
    }

    @Test func `the stages that end in the diagram are those that nothing leaves`() throws {
        let arrows = try Self.arrows()
        let ending = arrows.filter { $0.hasSuffix(" --> [*]") }.map { String($0.dropLast(" --> [*]".count)) }
        let left = Set(Self.possible().filter { !$0.hasSuffix(": resultLate") }.map { $0.prefix { $0 != " " } })
        let stages = JobGrid.stages.filter { $0 != "absent" && $0 != "overdue" }
        #expect(ending == stages.filter { !left.contains(Substring($0)) })
    }

    @Test func `every event of a job is explained`() throws {
        let explained = try Self.document().compactMap { line -> String? in
            guard line.hasPrefix("| `job.") else { return nil }
            return String(line.dropFirst("| `".count).prefix { $0 != "`" })
        }
        #expect(explained.sorted() == JobEvent.types.map { $0.type.text }.sorted())
    }

    @Test func `a job that is given any commands keeps to the arrows`() throws {
        let drawn = Set(try Self.arrows())
        for seed in 1...200 as ClosedRange<UInt64> {
            let violation = randomWalk(Job.self, seed: seed, steps: 100) { generator, _ in
                RandomCommands.draw(&generator)
            } holds: { before, _, events, after in
                let arrow = Self.arrow(before, events, after)
                return events.isEmpty || drawn.contains(arrow) ? nil : "there is no arrow \(arrow)"
            }
            #expect(violation == nil, "\(violation.map { "\($0)" } ?? "")")
        }
    }
}

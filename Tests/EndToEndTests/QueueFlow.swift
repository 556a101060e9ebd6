import CanonicalJSON
import Determinism
import TestSupport
import Testing

/// A flow for queues: chains, diamonds, a job that fans out and one that fans in, a quarter of the jobs each.
struct QueueFlow {
    struct Job {
        let name: String
        let after: [String]
        /// How long it works, in milliseconds; zero is a job that does nothing.
        let milliseconds: UInt64
    }

    private(set) var jobs: [Job] = []
    private var random: SeededGenerator
    private let longest: UInt64

    /// Jobs that work for up to so many milliseconds each.
    init(jobs count: Int, longest: UInt64 = 0, seed: UInt64 = 1) {
        random = SeededGenerator(seed: seed)
        self.longest = longest
        let part = count / 4
        for chain in 0..<part / 10 {
            for link in 0..<10 { add("chain\(chain).\(link)", link == 0 ? [] : ["chain\(chain).\(link - 1)"]) }
        }
        for diamond in 0..<part / 4 {
            let name = "diamond\(diamond)"
            add("\(name).top", [])
            add("\(name).left", ["\(name).top"])
            add("\(name).right", ["\(name).top"])
            add("\(name).bottom", ["\(name).left", "\(name).right"])
        }
        add("out", [])
        for leaf in 1..<part { add("out.\(leaf)", ["out"]) }
        let leaves = (1..<part).map { "in.\($0)" }
        for leaf in leaves { add(leaf, []) }
        add("in", leaves)
    }

    private mutating func add(_ name: String, _ after: [String]) {
        let milliseconds = longest == 0 ? 0 : random.uniform(below: longest)
        jobs.append(Job(name: name, after: after, milliseconds: milliseconds))
    }

    /// One line for each job, children before their parents now and then.
    var text: String {
        let lines = jobs.map { job in
            let after =
                job.after.isEmpty ? "" : #", "after": [\#(job.after.map { #""\#($0)""# }.joined(separator: ", "))]"#
            let work =
                longest == 0
                ? #""kind": "noop""#
                : #""kind": "wait", "input": {"seconds": \#(Double(job.milliseconds) / 1_000)}"#
            return #"{"name": "\#(job.name)", \#(work)\#(after)}"#
        }
        return (lines.suffix(lines.count / 2) + lines.prefix(lines.count - lines.count / 2)).joined(separator: "\n")
    }
}

/// What the log says of one job.
struct QueueHistory {
    var counts: [String: Int] = [:]
    /// The attempts of its leases, in order.
    var attempts: [Int] = []
    var firstLease = Int.max
    var completed: Int?
}

extension Workplace {
    /// The histories of all jobs in queues, by the names that their submissions gave them, or by their ids.
    func queueHistories() async throws -> [String: QueueHistory] {
        let export = try await cairn("audit", "export")
        try #require(export.status == 0, "\(export.errorText)")
        var names: [String: String] = [:]
        var histories: [String: QueueHistory] = [:]
        for line in export.output.split(separator: UInt8(ascii: "\n")) {
            let event = try JSONParser.parse(Array(line))
            guard let type = event["type"]?.string, type.hasPrefix("job."), let stream = event["stream"]?.string else {
                continue
            }
            if type == "job.submitted" { names[stream] = event["data"]?["terms"]?["name"]?.string }
            let position = try #require(event["position"]?.int)
            histories[stream, default: QueueHistory()].take(type, event["data"], at: position)
        }
        return Dictionary(uniqueKeysWithValues: histories.map { (names[$0.key] ?? $0.key, $0.value) })
    }

    /// Every job of a flow was completed exactly once, after its parents, and each of its leases is accounted for.
    func expectDone(_ flow: QueueFlow, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let histories = try await queueHistories()
        #expect(histories.count == flow.jobs.count, sourceLocation: sourceLocation)
        for job in flow.jobs {
            let history = try #require(histories[job.name], "\(job.name) is nowhere", sourceLocation: sourceLocation)
            let counts = history.counts
            let isSound =
                counts["submitted"] == 1 && counts["completed"] == 1
                && ["failed", "crashed", "skipped", "cancelled"].allSatisfy { counts[$0] == nil }
                && counts["leased"] == 1 + counts["leaseExpired", default: 0] + counts["released", default: 0]
                && history.attempts.allSatisfy { $0 == 1 }
            #expect(isSound, "\(job.name): \(counts), attempts \(history.attempts)", sourceLocation: sourceLocation)
            let waited = job.after.allSatisfy { (histories[$0]?.completed ?? .max) < history.firstLease }
            #expect(waited, "\(job.name) was begun before its parents had ended", sourceLocation: sourceLocation)
        }
    }

    /// Whoever looks at a store with queues finds it whole, and everything in it derivable.
    func expectSoundQueues(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let audit = try await json("audit", "verify")
        #expect(audit["valid"]?.bool == true, sourceLocation: sourceLocation)
        for replay in ["verify", "rebuild", "execute"] {
            let report = try await json("replay", replay)
            #expect(report["identical"]?.bool == true, "replay \(replay): \(report)", sourceLocation: sourceLocation)
        }
    }
}

extension QueueHistory {
    fileprivate mutating func take(_ type: String, _ data: JSONValue?, at position: Int) {
        counts[String(type.dropFirst("job.".count)), default: 0] += 1
        if type == "job.leased" {
            firstLease = min(firstLease, position)
            attempts.append(data?["attempt"]?.int ?? 0)
        }
        if type == "job.completed" { completed = position }
    }
}

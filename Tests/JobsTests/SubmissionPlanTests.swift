import CanonicalJSON
import Testing

@testable import Jobs

/// What is wrong with the jobs of a submission, told in one go.
@Suite struct SubmissionPlanTests {
    private static func job(_ name: String?, after: [String] = [], _ change: (inout JobRequest) -> Void = { _ in })
        -> JobRequest
    {
        var request = JobRequest(kind: "work", name: name, after: after.map { JobRequest.Parent(.name($0)) })
        change(&request)
        return request
    }

    private static func problems(_ requests: [JobRequest]) -> [String] {
        do throws(SubmissionProblems) {
            _ = try SubmissionPlan(requests, submitID: "a")
            return []
        } catch {
            return error.problems.map { "\($0.index) \($0.field): \($0.message)" }
        }
    }

    @Test func `all that is wrong is told at once, in the order of the jobs`() {
        let requests = [
            Self.job("a", after: ["b"]) {
                $0.kind = "two words"
                $0.priority = 101
            },
            Self.job("b", after: ["a"]), Self.job("c", after: ["nobody", "d"]), Self.job("d"), Self.job("d"),
            Self.job("e") { $0.queue = "no queue" }, Self.job("f", after: ["a", "a"]) { $0.priority = -101 },
        ]
        #expect(
            Self.problems(requests) == [
                "0 after: these wait for each other: a → b → a", "0 kind: «two words» is no word in camel case",
                "0 priority: 101 is out of range", "2 after: no job of this submission is named “nobody”",
                "4 name: job 4 has the same name", "5 queue: «no queue» is no name of a queue",
                "6 after: it names “a” twice", "6 priority: -101 is out of range",
            ])
    }

    @Test func `every cycle is told, and what waits for one isn't part of it`() {
        let requests = [
            Self.job("a", after: ["c"]), Self.job("b", after: ["b"]), Self.job("c", after: ["a"]),
            Self.job("d", after: ["a", "b"]), Self.job("e", after: ["d", "f"]), Self.job("f", after: ["e"]),
        ]
        #expect(
            Self.problems(requests) == [
                "0 after: these wait for each other: a → c → a", "1 after: these wait for each other: b → b",
                "4 after: these wait for each other: e → f → e",
            ])
    }

    @Test func `a name that two jobs have leads to no cycle, since nobody knows who is meant`() {
        let requests = [Self.job("a", after: ["b"]), Self.job("b"), Self.job("b", after: ["a"])]
        #expect(Self.problems(requests) == ["2 name: job 2 has the same name"])
    }

    @Test func `two jobs with one key are told next to other mistakes, but not without an order`() {
        let key = QueueTerms.Unique("k")
        let twice = [
            Self.job("a") { $0.unique = key }, Self.job("b") { ($0.unique, $0.priority) = (key, 200) },
        ]
        #expect(
            Self.problems(twice) == ["1 priority: 200 is out of range", "1 unique: job 1 has the same key “k”"])
        #expect(Self.problems(twice + [Self.job("c", after: ["c"])]).count == 2)
    }

    @Test func `no more are told than somebody can read`() {
        let many = (0..<1_000).map { _ in Self.job("same") { $0.priority = 500 } }
        #expect(Self.problems(many).count == SubmissionProblems.most)
        let loops = (0..<1_000).map { Self.job("\($0)", after: ["\($0)"]) }
        #expect(Self.problems(loops).count == SubmissionProblems.most)
    }

    @Test func `a parent whose name may be that of a job that couldn't be read is no problem`() {
        let requests = [Self.job("a", after: ["b"]), JobRequest(kind: "unread")]
        #expect(SubmissionPlan.problems(requests, knowsAllNames: false).isEmpty)
        #expect(SubmissionPlan.problems(requests, knowsAllNames: true).map(\.field) == ["after"])
    }
}

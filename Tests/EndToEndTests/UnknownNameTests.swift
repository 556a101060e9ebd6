import CanonicalJSON
import TestSupport
import Testing

extension EndToEndTests {
    /// What is said to who asks the queues for names that nothing has.
    @Suite struct UnknownNameTests {
        @Test(arguments: [
            ("query jobs --kind nosuch", "no job of the kind nosuch was ever in this store; kinds here: count, noop"),
            ("query jobs --state dead --kind nosuch", "no job of the kind nosuch was ever in this store"),
            ("query jobs --queue nosuch", "no job was ever submitted to the queue nosuch; queues here: default, other"),
            (
                "query jobs --queue default --kind nosuch",
                "no job of the kind nosuch was ever in this store; kinds here: count, noop"
            ),
            ("query jobs --submission nosuch", "there is no submission «nosuch», or all of its jobs were dropped"),
            ("query jobs --tag nosuch=1", "no job of a queue has a tag nosuch; tags here: night"),
            ("query jobs --tag night=8", "no job of a queue has the tag night=8"),
            (
                "jobs prune --keep 0 --kind nosuch",
                "no job of the kind nosuch was ever in this store; kinds here: count, noop"
            ),
            ("jobs prune --keep 0 --tag nosuch=1", "no job of a queue has a tag nosuch"),
        ])
        func `who searches by a name that nothing has is told so, and finds nothing`(
            command: String, message: String
        ) async throws {
            let place = try Workplace()
            _ = try await place.json("submit", "--kind", "noop", "--tag", "night=7")
            _ = try await place.json("submit", "--kind", "count", "--queue", "other")
            _ = try await place.json("jobs", "configure", "empty", "--concurrency", "1")
            let words = command.split(separator: " ").map(String.init)
            for arguments in [words, words + ["--json"]] {
                let result = try await place.start(arguments).result
                #expect(result.status == 0 && result.errorText.contains("cairn: " + message), "\(result.errorText)")
                #expect(!result.text.contains("nosuch"))
            }
        }

        @Test func `who finds nothing by names that are known is told nothing of them`() async throws {
            let place = try Workplace()
            _ = try await place.json("submit", "--kind", "noop", "--tag", "night=7", "--id", "a")
            for arguments in [
                ["--kind", "noop", "--state", "dead"], ["--queue", "default", "--state", "dead"],
                ["--submission", "a", "--state", "dead"], ["--tag", "night=7", "--state", "dead"],
            ] {
                let result = try await place.start(["query", "jobs"] + arguments).result
                #expect(result.status == 0 && result.errorText == "no such jobs\n", "\(result.errorText)")
            }
        }
    }
}

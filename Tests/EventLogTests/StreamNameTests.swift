import EventLog
import Testing

@Suite struct StreamNameTests {
    @Test(arguments: ["job-1", "job-a_b.c:d-e", "llmCall2-X"])
    func `a category, a hyphen and an id make a name`(_ text: String) throws {
        #expect(try StreamName(text).text == text)
    }

    @Test(arguments: [
        "", "job", "-1", "job-", "Job-1", "1job-1", "job-ä", "job 1-2", "job-" + String(repeating: "x", count: 200),
    ])
    func `anything else is refused`(_ text: String) {
        #expect(throws: LogError.self) { try StreamName(text) }
    }

    @Test func `the first hyphen ends the category`() throws {
        let name = try StreamName("run-2026-01")
        #expect(name.category == "run")
        #expect(name.id == "2026-01")
        #expect(try StreamName(category: "run", id: "2026-01") == name)
    }
}

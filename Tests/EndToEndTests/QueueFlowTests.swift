import CanonicalJSON
import TestSupport
import Testing

extension EndToEndTests {
    @Suite struct QueueFlowTests {
        @Test func `a flow of thousands is done in the order of its edges`() async throws {
            let place = try Workplace()
            let flow = QueueFlow(jobs: 5_000)
            try place.write(flow.text, "flow.jsonl")
            let receipt = try await place.json("submit", "flow.jsonl", "--id", "flow")
            #expect(receipt["new"]?.int == flow.jobs.count)
            let worked = try await place.cairn("work", "--until-empty", "--concurrency", "500")
            #expect(worked.status == 0, "\(worked.errorText.suffix(2_000))")
            try await place.expectDone(flow)
            try await place.expectSoundQueues()
        }
    }
}

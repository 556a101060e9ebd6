import EventLog
import Testing

@Suite struct LMDBLogConformanceTests {
    @Test(arguments: LogConformance.all + LogConformance.batches)
    func `the log on LMDB does what every log does`(_ check: LogConformance) async throws {
        let store = try TemporaryStore()
        try await check.run(store.log)
    }
}

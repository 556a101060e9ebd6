import Determinism
import EventLog
import Testing

extension LogConformance {
    /// What `append` of many commits must do.
    static let batches: [LogConformance] = [
        LogConformance(testDescription: "a batch of no commits has no results") { (log) async throws in
            #expect(await log.append([Commit]()) == [])
            #expect(try log.head().size == 0)
        },
        LogConformance(testDescription: "the commits of a batch stand in its order, with a result each") {
            (log) async throws in
            let commits = try (0..<3_000).map { try Sample.commit("s-\($0)", .noStream, $0..<$0 + 1 + $0 % 2) }
            let results = try await log.append(commits).map { try $0.get() }
            var next: UInt64 = 0
            for (commit, result) in zip(commits, results) {
                #expect(result.first == Position(next) && result.count == commit.events.count)
                #expect(result.lastRevision == Revision(UInt64(commit.events.count) - 1))
                next += UInt64(commit.events.count)
            }
            #expect(results.count == commits.count)
            #expect(try log.head().size == next)
            for (commit, result) in zip(commits, results) {
                let event = try #require(try log.event(at: result.first))
                #expect(event.stream == commit.stream && event.commitID == result.commitID)
            }
        },
        LogConformance(testDescription: "each commit of a batch is accepted or refused alone") { (log) async throws in
            _ = try await log.append(Sample.commit("b-1", .noStream, 0..<2))
            let results = await log.append([
                try Sample.commit("a-1", .noStream, 0..<1),
                try Sample.commit("b-1", .noStream, 9..<10),
                try Sample.commit("c-1", .noStream, 0..<0),
                try Sample.commit("d-1", .noStream, 0..<1),
            ])
            #expect(results.map(code) == [nil, .conflict(actual: .first.next), .invalid, nil])
            #expect(try log.lastRevision(of: StreamName("b-1")) == .first.next)
            #expect(try log.head().size == 4)
        },
        LogConformance(testDescription: "a commit of a batch follows those before it in its stream") {
            (log) async throws in
            let results = await log.append([
                try Sample.commit("a-1", .noStream, 0..<1),
                try Sample.commit("a-1", .exact(.first), 1..<2),
                try Sample.commit("a-1", .exact(.first), 7..<8),
                try Sample.commit("a-1", .any, 2..<4),
                try Sample.commit("a-1", .any, 4..<5),
            ])
            #expect(results.map(code) == [nil, nil, .conflict(actual: .first.next), nil, nil])
            let numbers = try log.readStream(StreamName("a-1")).map(\.dataBytes)
            #expect(numbers == (0..<5).map { Sample.event($0).data })
        },
        LogConformance(testDescription: "a batch appended again gives the first results") { (log) async throws in
            let commits = try (0..<50).map { try Sample.commit("s-\($0 % 40)", place($0 / 40), $0..<$0 + 1) }
            let first = await log.append(commits)
            #expect(await log.append(commits) == first)
            #expect(first.allSatisfy { code($0) == nil })
            let head = try log.head()
            #expect(head.size == 50)
            let twice = try Sample.commit("t-1", .noStream, 0..<1)
            let results = await log.append([twice, twice])
            #expect(results[0] == results[1])
            #expect(try log.head().size == 51)
        },
        LogConformance(testDescription: "the blobs of a batch are there with its events") { (log) async throws in
            let blobs = (0..<20).map { Blob(Array("blob \($0 / 2)".utf8)) }
            let results = await log.append(
                try blobs.enumerated().map { try Sample.commit("s-\($0)", .noStream, 0..<1, blobs: [$1]) })
            #expect(results.allSatisfy { code($0) == nil })
            for blob in blobs { #expect(try log.blob(blob.digest) == blob.bytes) }
        },
    ]
}

private func place(_ revision: Int) -> ExpectedRevision {
    revision == 0 ? .noStream : .exact(Revision(UInt64(revision) - 1))
}

func code(_ result: Result<Appended, LogError>) -> LogError.Code? {
    if case .failure(let error) = result { error.code } else { nil }
}

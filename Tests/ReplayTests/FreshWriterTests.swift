import CanonicalJSON
import Determinism
import EventLog
import Testing

@testable import Replay

@Suite struct FreshWriterTests {
    /// More bytes than may wait at once: whoever brings more waits, and all is written in the end.
    @Test func largeBlobsAreAllWrittenWithTheirCommits() async throws {
        let log = try ScratchLog()
        let writer = FreshWriter(log.log)
        var digests: [Digest] = []
        for number in 0..<80 {
            let blob = Blob([UInt8(number)] + [UInt8](repeating: 0, count: 1 << 20))
            digests.append(blob.digest)
            let event = NewEvent(
                type: Counted.type, version: 1, time: .epoch,
                data: Counted(by: "a", number: number).canonicalBytes())
            try await writer.add(
                Commit(
                    stream: try StreamName("thing-x"),
                    expected: number == 0 ? .noStream : .exact(Revision(UInt64(number) - 1)),
                    events: [event], blobs: [blob]), at: UInt64(number))
        }
        try await writer.finish()
        #expect(try log.log.head().size == 80)
        for digest in digests {
            #expect(writer.waitingBlob(digest) == nil)
            #expect(try log.log.blob(digest)?.count == (1 << 20) + 1)
        }
    }
}

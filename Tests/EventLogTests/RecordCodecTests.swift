import Determinism
import Testing

@testable import EventLog

@Suite struct RecordCodecTests {
    @Test func `what is encoded is read back, for any commit`() throws {
        let seed: UInt64 = 7
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let events = (0..<Int.random(in: 1...20, using: &random)).map { _ in
                NewEvent(
                    type: Bool.random(using: &random) ? Sample.type : Sample.other,
                    version: Int.random(in: 1...65_535, using: &random),
                    time: Timestamp(
                        microseconds: Int64.random(
                            in: Timestamp.writable.lowerBound.microseconds...Timestamp.writable.upperBound.microseconds,
                            using: &random)),
                    data: Sample.event(0, padding: Int.random(in: 0...3_000, using: &random)).data,
                    metadata: Array(#"{"run":"r"}"#.utf8))
            }
            let revision = Revision(UInt64.random(in: 0..<1 << 40, using: &random))
            let commit = Commit(
                stream: try StreamName("s-\(UInt64.random(in: 0..<99, using: &random))"), expected: .exact(revision),
                events: events)
            let (id, batch) = try RecordCodec.encode(commit)
            let leaves = batch.leaves()
            for (index, event) in events.enumerated() {
                let record = Array(batch.bytes[batch.range(index)])
                let read = try Event(position: Position(9), record: record)
                #expect(read.type == event.type && read.hasType(event.type) && read.version == event.version)
                #expect(read.typeBegins(with: "") && !read.typeBegins(with: "other."))
                #expect(read.typeBegins(with: "sample.") == event.type.text.hasPrefix("sample."))
                #expect(read.time == event.time && read.stream == commit.stream)
                #expect(read.dataBytes == event.data && read.metadataBytes == event.metadata)
                #expect(read.revision.rawValue == revision.rawValue + 1 + UInt64(index))
                #expect(read.commitID == id && read.indexInCommit == index && read.commitCount == events.count)
                #expect(leaves[index] == Digest.leaf(record))
            }
            #expect(RecordCodec.byteCount(commit) + events.count + RecordBatch.prefixLength == batch.bytes.count)
        }
    }

    @Test func `a time that RFC 3339 can't write is refused`() throws {
        for (microseconds, isWritable) in [
            (-62_167_219_200_000_000, true), (-62_167_219_200_000_001, false), (253_402_300_799_999_999, true),
            (253_402_300_800_000_000, false), (Int64.min, false), (Int64.max, false),
        ] {
            let event = NewEvent(
                type: Sample.type, version: 1, time: Timestamp(microseconds: microseconds), data: Array("{}".utf8))
            let commit = Commit(stream: try StreamName("s-1"), expected: .noStream, events: [event])
            let isAccepted = (try? RecordCodec.encode(commit)) != nil
            #expect(isAccepted == isWritable, "\(microseconds)")
        }
    }

    @Test func `bytes that are no record are refused, wherever they are cut or changed`() throws {
        let (_, batch) = try RecordCodec.encode(Sample.commit("s-1", .noStream, 0..<1))
        let record = Array(batch.bytes[batch.range(0)])
        for length in 0..<record.count {
            #expect(throws: LogError.self) { try Event(position: .first, record: Array(record[..<length])) }
        }
        for offset in RecordLayout.streamLengthOffset..<RecordLayout.headerLength {
            var changed = record
            changed[offset] ^= 0x41
            #expect(throws: LogError.self) { try Event(position: .first, record: changed) }
        }
    }

    @Test func `a record of a newer format says so`() throws {
        let (_, batch) = try RecordCodec.encode(Sample.commit("s-1", .noStream, 0..<1))
        var record = Array(batch.bytes[batch.range(0)])
        record[0] = 2
        let error = #expect(throws: LogError.self) { try Event(position: .first, record: record) }
        #expect(error?.code == .newerFormat)
    }

    @Test func `the largest record fits and one byte more does not`() throws {
        let stream = try StreamName("s-1")
        let frame = RecordCodec.byteCount(Commit(stream: stream, expected: .noStream, events: [Sample.event(0)]))
        let largest = Sample.event(0, padding: 65_535 - frame)
        let commit = Commit(stream: stream, expected: .noStream, events: [largest])
        #expect(try RecordCodec.encode(commit).1.range(0).count == 65_535)
        let tooLarge = Commit(
            stream: stream, expected: .noStream, events: [Sample.event(0, padding: 65_536 - frame)])
        let error = #expect(throws: LogError.self) { try RecordCodec.encode(tooLarge) }
        #expect(error?.code == .tooLarge)
    }
}

import EventLog
import Glibc

/// The records that every contender appends, in a file: each behind its length (u32, little-endian).
enum Workload {
    /// Events of one commit; a contender that has no commits writes as many in one transaction.
    static let commit = 1_000
    /// Streams that take turns, commit by commit.
    static let streams = 64

    /// Makes the file: the events go through a scratch store, so the records are byte for byte what a log holds.
    static func write(_ arguments: inout Arguments) async throws {
        let path = arguments.word()
        let count = arguments.number()
        let scratch = path + ".store"
        let log = try LMDBLog.open(at: scratch, .init(durability: .noSync))
        var numbers = Numbers(seed: 1)
        var clock = beginning
        for number in 0..<(count + commit - 1) / commit {
            let metadata = EventMetadata(job: numbers.id(), run: "0bench", worker: "0worker").canonicalBytes()
            let events = (0..<min(commit, count - number * commit)).map { _ in
                clock += 137
                return CallStarted(&numbers).event(at: clock, metadata: metadata)
            }
            _ = try await log.append(
                Commit(stream: try stream(number), expected: expected(number), events: events))
        }
        try save(log, to: path)
        log.close()
    }

    /// Reads the file into commits that wait only for being appended.
    static func commits(from path: String) throws -> [Commit] {
        let events = try records(in: path).enumerated().map { index, record in
            try Event(position: Position(rawValue: UInt64(index)), record: record)
        }
        return stride(from: 0, to: events.count, by: commit).map { start in
            let part = events[start..<min(start + commit, events.count)]
            return Commit(
                stream: part[start].stream, expected: expected(start / commit),
                events: part.map {
                    NewEvent(
                        type: $0.type, version: $0.version, time: $0.time, data: $0.dataBytes,
                        metadata: $0.metadataBytes)
                })
        }
    }

    /// Fails unless the log holds exactly the file's records.
    static func compare(_ log: LMDBLog, with path: String) throws {
        let records = try records(in: path)
        var count = 0
        try log.scan { event in
            guard event.record == records[count] else {
                throw BenchError("the record at position \(count) isn't the workload's")
            }
            count += 1
        }
        guard count == records.count else { throw BenchError("\(count) events instead of \(records.count)") }
    }

    private static func stream(_ number: Int) throws -> StreamName {
        try StreamName(category: "call", id: "bench\(number % streams)")
    }

    private static func expected(_ number: Int) -> ExpectedRevision {
        let before = number / streams * commit
        return before == 0 ? .noStream : .exact(Revision(rawValue: UInt64(before - 1)))
    }

    private static func save(_ log: LMDBLog, to path: String) throws {
        guard let file = fopen(path, "w") else { throw BenchError("can't write \(path)") }
        try log.scan { event in
            event.withRecord { record in
                record.withUnsafeBytes { bytes in
                    withUnsafeBytes(of: UInt32(bytes.count).littleEndian) { _ = fwrite($0.baseAddress, 1, 4, file) }
                    _ = fwrite(bytes.baseAddress, 1, bytes.count, file)
                }
            }
        }
        guard fclose(file) == 0 else { throw BenchError("can't write \(path)") }
    }

    private static func records(in path: String) throws -> [[UInt8]] {
        guard let file = fopen(path, "r") else { throw BenchError("can't read \(path)") }
        defer { fclose(file) }
        var records: [[UInt8]] = []
        var length: UInt32 = 0
        while fread(&length, 1, 4, file) == 4 {
            let count = Int(UInt32(littleEndian: length))
            records.append(
                [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
                    filled = fread(buffer.baseAddress, 1, count, file)
                })
        }
        return records
    }
}

import Determinism
import EventLog
import LMDB

/// Finding the end of the history as of a time, without looking at every event.
///
/// Of each window that has ended the earliest recorded time is kept. Times needn't grow with positions, so the last window
/// with an early enough one is the one that has the last such event.
extension ViewHistory {
    /// The first position that isn't part of the history as of a time.
    func end(at time: Timestamp) throws(ViewError) -> Position {
        do {
            let size = Position(try log.head().size)
            let windows = self.windows(before: size)
            let whole = Position(UInt64(windows) * window)
            if let last = try last(upTo: time, in: whole..<size) { return last.next }
            let earliest = try earliestTimes(of: windows)
            for number in earliest.indices.reversed() where earliest[number] <= time {
                let start = Position(UInt64(number) * window)
                if let last = try last(upTo: time, in: start..<Position(start.rawValue + window)) {
                    return last.next
                }
            }
            return .first
        } catch {
            throw (error as? ViewError) ?? (error as? LogError).map { .log($0) }
                ?? .store(error, while: "finding a time")
        }
    }

    /// The last event of a range whose time is this or earlier.
    private func last(upTo time: Timestamp, in range: Range<Position>) throws(LogError) -> Position? {
        guard !range.isEmpty else { return nil }
        let filter = EventFilter(
            positions: range, times: Timestamp(microseconds: .min)..<Timestamp(microseconds: time.microseconds + 1))
        var from: Position? = Position(range.upperBound.rawValue - 1)
        while let start = from, start >= range.lowerBound {
            let page = try log.read(.backward, from: start, matching: filter, limit: 1)
            if let found = page.events.first { return found.position }
            from = page.next
        }
        return nil
    }

    /// The earliest time of each of the first windows; computes and keeps those that are missing.
    private func earliestTimes(of windows: UInt32) throws -> [Timestamp] {
        var times = try keptTimes(of: windows)
        while times.count < Int(windows) {
            let first = UInt32(times.count)
            let next = min(windows, first + Self.timesKeptAtOnce)
            var fresh: [WindowTimes] = []
            for window in first..<next { fresh.append(try measured(window)) }
            try store.write { transaction in
                for (window, entry) in zip(first..<next, fresh) {
                    try transaction.put(entry.bytes, at: VersionedRows.suffix(of: ~window), in: moments)
                }
            }
            times += fresh.map(\.earliest)
        }
        return times
    }

    private static let timesKeptAtOnce: UInt32 = 32

    private func measured(_ number: UInt32) throws -> WindowTimes {
        let start = Position(UInt64(number) * window)
        var earliest = Timestamp(microseconds: .max)
        var last: CommitID?
        try log.scan(from: start, to: Position(start.rawValue + window), matching: .all) { event in
            earliest = min(earliest, event.time)
            last = event.commitID
        }
        return WindowTimes(earliest: earliest, last: last?.bytes ?? [])
    }

    /// Those that are kept, as long as they are of this log.
    private func keptTimes(of windows: UInt32) throws -> [Timestamp] {
        var entries: [WindowTimes] = []
        try store.environment.read { transaction in
            try transaction.forEach(in: moments) { _, value in
                if let entry = WindowTimes(bytes: value.withUnsafeBytes { Array($0) }) { entries.append(entry) }
                return entries.count < Int(windows)
            }
        }
        guard let last = entries.last else { return [] }
        let end = Position(UInt64(entries.count) * window - 1)
        return try log.event(at: end)?.commitID.bytes == last.last ? entries.map(\.earliest) : []
    }
}

/// The earliest time of a window, and the commit that ends it.
private struct WindowTimes {
    let earliest: Timestamp
    let last: [UInt8]

    init(earliest: Timestamp, last: [UInt8]) {
        self.earliest = earliest
        self.last = last
    }

    init?(bytes: [UInt8]) {
        guard bytes.count == 8 + CommitID.byteCount else { return nil }
        let microseconds = bytes[..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        earliest = Timestamp(microseconds: Int64(bitPattern: microseconds))
        last = Array(bytes[8...])
    }

    var bytes: [UInt8] {
        let microseconds = UInt64(bitPattern: earliest.microseconds)
        return stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: microseconds >> UInt64($0)) } + last
    }
}

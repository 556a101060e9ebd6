import LMDB

extension LogReader {
    /// One page in either direction, from one transaction.
    func page(
        _ direction: ReadDirection, from position: Position?, matching filter: EventFilter, limit: Int
    ) throws(LogError) -> Page {
        switch direction {
        case .forward:
            let step = try step(from: position ?? .first, matching: filter, RecordMatcher(filter), limit: limit)
            return Page(events: step.events, next: step.isAtEnd ? nil : step.next)
        case .backward:
            return try backward(from: position, matching: filter, limit: limit)
        }
    }

    /// One look forward, from one transaction.
    func step(
        from position: Position, matching filter: EventFilter, _ matcher: RecordMatcher, limit: Int
    ) throws(LogError) -> Subscription.Step {
        var page = PageBuilder()
        let (next, isAtEnd) = try step(from: position, matching: filter, matcher, limit: limit, into: &page)
        return Subscription.Step(events: page.finish(), next: next, isAtEnd: isAtEnd)
    }

    /// One look forward, from one transaction, which adds to a page; returns where the next look begins, and whether
    /// the log ended there.
    func step(
        from position: Position, matching filter: EventFilter, _ matcher: RecordMatcher, limit: Int,
        into page: inout PageBuilder
    ) throws(LogError) -> (next: Position, isAtEnd: Bool) {
        var scan = PageScan(limits: limits, limit: limit, matcher: matcher, next: position)
        swap(&scan.page, &page)
        defer { swap(&scan.page, &page) }
        return try reading("reading events from position \(position)") { transaction in
            let size = try tables.meta(in: transaction).size
            let end = min(Position(size), filter.positions?.upperBound ?? Position(size))
            let start = max(position, filter.positions?.lowerBound ?? .first)
            guard start < end, limit > 0 else { return (max(position, min(start, end)), start >= end) }
            scan.next = start
            if let stream = filter.stream {
                guard let entry = try tables.entry(of: stream, in: transaction) else { return (end, true) }
                var ended = true
                try transaction.forEachDuplicate(of: entry.id, from: start.rawValue, in: tables.streamEvents) {
                    number in
                    let position = Position(number)
                    guard position < end else { return false }
                    ended = try tables.withRecord(at: position, in: transaction) { scan.take(position, $0) }
                    return ended
                }
                return (ended ? end : scan.next, ended)
            }
            try transaction.forEach(from: start.rawValue, in: tables.events) { number, record in
                guard number == scan.next.rawValue else { throw LogReader.hole(at: scan.next) }
                guard scan.next < end else { return false }
                try LogError.check(record, at: scan.next)
                return scan.take(scan.next, record) && scan.next < end
            }
            if scan.next < end && !scan.isFull { throw LogReader.hole(at: scan.next) }
            return scan.next >= end ? (end, true) : (scan.next, false)
        }
    }

    private func backward(
        from position: Position?, matching filter: EventFilter, limit: Int
    ) throws(LogError) -> Page {
        try reading("reading events backward") { transaction in
            let size = try tables.meta(in: transaction).size
            let end = min(Position(size), filter.positions?.upperBound ?? Position(size))
            let first = filter.positions?.lowerBound ?? .first
            guard end > first, limit > 0 else { return Page(events: [], next: nil) }
            let start = min(position ?? end, Position(end.rawValue - 1))
            guard start >= first else { return Page(events: [], next: nil) }
            var scan = PageScan(limits: limits, limit: limit, matcher: RecordMatcher(filter), next: start)
            var more = true
            if let stream = filter.stream {
                guard let entry = try tables.entry(of: stream, in: transaction) else {
                    return Page(events: [], next: nil)
                }
                more = false
                try transaction.forEachDuplicate(
                    of: entry.id, from: start.rawValue, in: tables.streamEvents, .backward
                ) { number in
                    let position = Position(number)
                    guard position >= first else { return false }
                    more = try !tables.withRecord(at: position, in: transaction) { scan.take(position, $0) }
                    return !more
                }
            } else {
                var expected = start
                try transaction.forEach(from: start.rawValue, in: tables.events, .backward) { number, record in
                    guard number == expected.rawValue else { throw LogReader.hole(at: expected) }
                    try LogError.check(record, at: expected)
                    let goOn = scan.take(expected, record)
                    if expected == first {
                        more = false
                        return false
                    }
                    expected = Position(expected.rawValue - 1)
                    return goOn
                }
            }
            let last = scan.lastTaken
            let events = scan.page.finish()
            guard more, let last, last > first else { return Page(events: events, next: nil) }
            return Page(events: events, next: Position(last.rawValue - 1))
        }
    }

    static func hole(at position: Position) -> LogError {
        .damaged(
            position, during: "reading the event at position \(position)", "there is none, though the log is longer")
    }
}

/// The scan of one page: what was looked at, and what matched.
private struct PageScan {
    let limits: LogReader.Limits
    let limit: Int
    let matcher: RecordMatcher
    /// The position after the last one that was looked at.
    var next: Position
    var lastTaken: Position?
    var page = PageBuilder()
    private var scanned = 0

    init(limits: LogReader.Limits, limit: Int, matcher: RecordMatcher, next: Position) {
        self.limits = limits
        self.limit = limit
        self.matcher = matcher
        self.next = next
    }

    /// Whether the page has reached a limit.
    var isFull: Bool { page.count >= limit || page.bytes >= limits.bytes || scanned >= limits.scanned }

    /// Looks at a sound record; returns whether to go on.
    mutating func take(_ position: Position, _ record: RawSpan) -> Bool {
        if matcher.matches(record) { page.add(position, record) }
        scanned += 1
        lastTaken = position
        next = position.next
        return !isFull
    }
}

package import EventLog

/// Selected events as lines of a form, in chunks; memory stays bounded however large the log.
package struct EventExport<Form: LineForm> {
    /// A sink is handed about this many bytes at once.
    static var chunk: Int { 1 << 18 }

    let log: any Log
    let selection: ExportSelection
    private var form: Form
    private var lines: [UInt8] = []
    /// What was exported so far.
    package private(set) var tally = ExportTally()

    package init(_ form: Form, of log: any Log, _ selection: ExportSelection = ExportSelection()) {
        self.form = form
        self.log = log
        self.selection = selection
        lines.reserveCapacity(Self.chunk + Self.chunk / 2)
    }

    /// Exports what is in the log now, from `first` on and before `end`, and answers where the log ended.
    @discardableResult
    package mutating func write(
        from first: Position = .first, to end: Position? = nil, into sink: (borrowing [UInt8]) throws -> Void
    ) throws -> Position {
        let size = Position(try log.head().size)
        let end = min(end ?? size, size)
        if first < end {
            try log.scan(from: first, to: end, matching: selection.filter) { event in try take(event, sink) }
        }
        try flush(sink)
        return end
    }

    /// Exports events that were read elsewhere, such as new ones, and hands everything on.
    package mutating func write(_ events: [Event], into sink: (borrowing [UInt8]) throws -> Void) throws {
        for event in events { try take(event, sink) }
        try flush(sink)
    }

    private mutating func take(_ event: Event, _ sink: (borrowing [UInt8]) throws -> Void) throws {
        guard try selection.includes(event) else { return }
        try form.append(event, to: &lines)
        tally.count(event)
        if lines.count >= Self.chunk { try handOn(sink) }
    }

    private mutating func flush(_ sink: (borrowing [UInt8]) throws -> Void) throws {
        form.flush(to: &lines)
        if !lines.isEmpty { try handOn(sink) }
    }

    private mutating func handOn(_ sink: (borrowing [UInt8]) throws -> Void) throws {
        try sink(lines)
        lines.removeAll(keepingCapacity: true)
    }
}

extension EventExport: Sendable where Form: Sendable {}

package import EventLog

/// How events become lines of an export; each line is one document, and ends with a line feed.
///
/// A form may leave events out. What it gives for an event depends on the log up to that event alone, so that an export
/// which goes on after a position gives the same lines as one that never stopped.
package protocol LineForm {
    /// Appends the lines of an event to `lines`.
    mutating func append(_ event: Event, to lines: inout [UInt8]) throws
    /// Appends what was held back to fill a line; called before lines are handed on for good or for a while.
    mutating func flush(to lines: inout [UInt8])
}

extension LineForm {
    /// Most forms hold nothing back.
    package mutating func flush(to lines: inout [UInt8]) {}
}

/// How far an export has come.
package struct ExportTally: Equatable, Sendable {
    /// Events that were selected.
    package var events = 0
    /// The last of them, which a later export goes on after; nil when there was none.
    package var last: Position?

    package init() {}

    mutating func count(_ event: Event) {
        events += 1
        last = event.position
    }
}

package import Determinism
package import EventLog

/// A stream folded into its state.
package struct Loaded<D: Decider>: Sendable {
    package let state: D.State
    /// The stream's last revision; nil when it has no event.
    package let revision: Revision?
    /// Where its last event stands in the log; nil when it has no event.
    package let lastPosition: Position?

    package init(state: D.State, revision: Revision?, lastPosition: Position?) {
        self.state = state
        self.revision = revision
        self.lastPosition = lastPosition
    }

    /// A stream without events.
    package static var empty: Loaded { Loaded(state: D.initial, revision: nil, lastPosition: nil) }

    /// The revision of the event that will be written next.
    package var nextRevision: UInt64 { revision.map { $0.rawValue + 1 } ?? 0 }
}

/// What a command did.
package struct Handled<D: Decider>: Sendable {
    /// The state after it.
    package let state: D.State
    /// The stream's last revision; nil when it has no event.
    package let revision: Revision?
    /// Where the stream's last event stands in the log; nil when it has no event.
    package let lastPosition: Position?
    /// The positions of the new events, in order.
    package let positions: [Position]
    /// The new events, none if the command's effect was true already.
    package let events: [D.Event]
    /// The time that they carry; nil when the command asked for no time and had nothing to record.
    package let recordedTime: Timestamp?

    /// The stream after the command, to hand to the next one without reading it again.
    package var loaded: Loaded<D> { Loaded(state: state, revision: revision, lastPosition: lastPosition) }

    init(unchanged loaded: Loaded<D>, time: Timestamp?) {
        state = loaded.state
        revision = loaded.revision
        lastPosition = loaded.lastPosition
        positions = []
        events = []
        recordedTime = time
    }

    @inline(__always)
    init(_ loaded: Loaded<D>, _ events: [D.Event], _ appended: Appended, time: Timestamp?) {
        state = D.fold(events, from: loaded.state)
        revision = appended.lastRevision
        positions =
            appended.count == 1
            ? [appended.first] : (0..<UInt64(appended.count)).map { Position(appended.first.rawValue + $0) }
        lastPosition = positions.last
        self.events = events
        recordedTime = time
    }
}

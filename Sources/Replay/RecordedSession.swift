package import EventLog

/// One process that worked on the recorded log, told apart by the worker id in its events' metadata.
package struct RecordedSession: Equatable, Sendable {
    package let worker: String
    /// Its first event.
    package let first: Position
    /// Its last event; whatever it was about to do after that, it was killed before it did.
    package let last: Position

    package init(worker: String, first: Position, last: Position) {
        self.worker = worker
        self.first = first
        self.last = last
    }
}

/// The sessions of a log, collected event by event.
package struct SessionIndex: Sendable {
    private var places: [String: Int] = [:]
    /// In the order of their first events.
    package private(set) var sessions: [RecordedSession] = []

    package init() {}

    /// Takes the next event; one without a worker belongs to no session.
    package mutating func take(worker: String?, at position: Position) {
        guard let worker else { return }
        if let place = places[worker] {
            sessions[place] = RecordedSession(worker: worker, first: sessions[place].first, last: position)
        } else {
            places[worker] = sessions.count
            sessions.append(RecordedSession(worker: worker, first: position, last: position))
        }
    }
}

import Determinism
import EventLog
import Projections

/// What the events of jobs do to the tables, by key alone.
extension JobQueue.Tables {
    mutating func submit(_ id: JobID, _ submission: JobSubmitted, at event: EventLog.Event) {
        guard let terms = submission.terms else { return }
        var row = QueueRow(submission, terms, at: event)
        for (index, range) in terms.parents.enumerated() {
            parents[EdgeKey(id, index)] = range
            for parent in range.jobs { join(id, &row, to: parent, range.onFailure, index) }
        }
        jobs[id] = row
        if kinds[row.kind] == nil { kinds[row.kind] = true }
        let place = row.placement
        put(id, place)
        count(place, from: nil, at: event.time)
        if let key = place.deadline { deadlines[key] = id }
    }

    /// Makes a new job a child; a parent that has ended already counts at once.
    private mutating func join(
        _ id: JobID, _ row: inout QueueRow, to parent: JobID, _ onFailure: ParentRange.OnFailure, _ range: Int
    ) {
        let known = jobs.change(parent) { parentRow in
            parentRow.children += 1
            return (index: parentRow.children - 1, end: parentRow.end(of: parent), position: parentRow.turned)
        }
        guard let known else {
            if let gone = pruned[parent] { row.count(gone.end(of: parent), of: parent, onFailure, at: gone.position) }
            return
        }
        edges[EdgeKey(parent, known.index)] = QueueEdge(child: id, onFailure: onFailure, range: range)
        if let end = known.end { row.count(end, of: parent, onFailure, at: known.position) }
    }

    mutating func take(_ id: JobID, _ happened: JobEvent, at event: EventLog.Event) {
        let moved = jobs.change(id) { row in
            let before = row.placement
            row.take(happened, at: event)
            return (before: before, after: row.placement, children: row.children)
        }
        guard let moved else { return }
        move(id, from: moved.before, to: moved.after, at: event.time)
        guard moved.children > 0, let end = ParentEnd(happened, of: id) else { return }
        forEachChild(of: id, moved.children, at: event.time) { row, edge in
            row.count(end, of: id, edge.onFailure, at: event.position)
            return false
        }
    }

    /// An operator wants an ended job done after all: it looks at its parents anew, and its children wait for it again.
    mutating func returnToQueue(_ id: JobID, _ happened: JobEvent, at event: EventLog.Event) {
        let returned = jobs.change(id) { row in
            let former = (end: row.end(of: id), position: row.turned)
            let before = row.placement
            row.take(happened, at: event)
            return (before: before, former: former, children: row.children, ranges: row.ranges)
        }
        guard let returned else { return }
        lookAtParents(of: id, returned.ranges)
        guard let after = jobs.change(id, { $0.placement }) else { return }
        move(id, from: returned.before, to: after, at: event.time)
        guard let end = returned.former.end else { return }
        forEachChild(of: id, returned.children, at: event.time) { row, edge in
            row.uncount(end, edge.onFailure, at: returned.former.position)
        }
    }

    /// Lends those children that still wait for their parents; `body` says whether another parent must be looked for
    /// that decides.
    private mutating func forEachChild(
        of id: JobID, _ children: Int, at time: Timestamp, _ body: (inout QueueRow, QueueEdge) -> Bool
    ) {
        for index in 0..<children {
            guard let edge = edges[EdgeKey(id, index)] else { continue }
            var moved: (before: QueuePlacement, after: QueuePlacement)?
            var looksOn = false
            let isChanged = jobs.reconsider(edge.child) { row in
                guard row.awaitsParents else { return false }
                let before = row.placement
                looksOn = body(&row, edge)
                row.pass(time)
                moved = (before, row.placement)
                return true
            }
            guard isChanged, var moved else { continue }
            if looksOn, let after = lookForDecision(of: edge.child, behind: id, in: edge.range) { moved.after = after }
            move(edge.child, from: moved.before, to: moved.after, at: time)
        }
    }

    /// Counts all parents that have ended, after they were forgotten.
    private mutating func lookAtParents(of id: JobID, _ ranges: Int) {
        for index in 0..<ranges {
            guard let range = parents[EdgeKey(id, index)] else { continue }
            for parent in range.jobs {
                guard let (end, position) = end(of: parent) else { continue }
                jobs.change(id) { $0.count(end, of: parent, range.onFailure, at: position) }
            }
        }
    }

    /// Finds another parent whose end alone decides: the next in order, so that parents which return one after the
    /// other cost no more than one look at each.
    private mutating func lookForDecision(of id: JobID, behind former: JobID, in range: Int) -> QueuePlacement? {
        var ranges = 0
        _ = jobs.reconsider(id) { row in
            ranges = row.ranges
            return false
        }
        for step in 0...ranges {
            guard let range = parents[EdgeKey(id, (range + step) % ranges)] else { continue }
            let isFirst = step == 0
            for parent in isFirst ? range.jobs(behind: former) : range.jobs(behind: nil) {
                guard let (end, position) = end(of: parent) else { continue }
                let after = jobs.change(id) { row in
                    row.decide(by: end, of: parent, range.onFailure, at: position) ? row.placement : nil
                }
                if case .some(.some(let after)) = after { return after }
            }
        }
        return nil
    }

    /// How a job ended, and where that stands; nil while it hasn't.
    private func end(of id: JobID) -> (ParentEnd, Position)? {
        var found: (ParentEnd, Position)?
        var isKnown = false
        _ = jobs.reconsider(id) { row in
            found = row.end(of: id).map { ($0, row.turned) }
            isKnown = true
            return false
        }
        if isKnown { return found }
        return pruned[id].map { ($0.end(of: id), $0.position) }
    }
}

extension JobQueue.Tables {
    private mutating func move(
        _ id: JobID, from before: QueuePlacement, to after: QueuePlacement, at time: Timestamp
    ) {
        if before.place != after.place || before.state != after.state {
            put(nil, before)
            put(id, after)
        }
        guard before.state != after.state else { return }
        count(after, from: before.state, at: time)
        guard let key = after.deadline, before.state.isEnded != after.state.isEnded else { return }
        deadlines[key] = after.state.isEnded ? nil : id
    }

    private mutating func count(_ job: QueuePlacement, from before: QueueState?, at time: Timestamp) {
        change(job.queue) { $0.counts.move(from: before, to: job.state) }
        submissions.change(job.run) { $0.move(from: before, to: job.state, at: time) }
    }

    /// Puts a job into its place, or for nil takes out what is there.
    private mutating func put(_ id: JobID?, _ job: QueuePlacement) {
        switch job.place {
        case .waiting: waiting[job.position] = id
        case .ready: ready[ReadyKey(job.queue, job.priority, job.position)] = id
        case .timed(let time): timed[TimedKey(job.queue, time, job.position)] = id
        case .unsettled: unsettled[job.position] = id
        case .running(let worker): running[RunningKey(worker, job.position)] = id
        case .ended: ended[EndedKey(job.state, job.position)] = id
        }
    }
}

/// What the tables keep a job by.
struct QueuePlacement {
    let place: QueuePlace
    let state: QueueState
    let position: Position
    let priority: Int
    let queue: String
    let run: RunID
    let deadline: DeadlineKey?
}

extension QueueRow {
    /// A property and no initializer, which would have to be given a copy of the row.
    var placement: QueuePlacement {
        let (place, state) = standing
        return QueuePlacement(
            place: place, state: state, position: position, priority: priority, queue: queue, run: run,
            deadline: deadline.map { DeadlineKey($0, position) })
    }
}

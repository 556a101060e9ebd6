package import CanonicalJSON
import Deciders
import Determinism
package import EventLog
package import Jobs
package import Projections

/// What was asked and answered, turn by turn; texts stay in their blobs.
package enum Transcripts: Projector {
    package static let name = "transcripts"
    package static let version = 2
    package static let types = CallEvent.types.map { $0.type }

    package struct Tables: ViewTables {
        package var turns: ViewTable<TurnKey, TranscriptRow>
        /// Where a call's turn is.
        package var calls: ViewTable<CallID, TurnKey>

        package init(_ make: inout TableMaker) {
            turns = make.table("turns")
            calls = make.table("calls")
        }
    }

    package static func apply(_ event: SharedEvent, to tables: inout Tables) throws {
        let id = try CallID(streamOf: event.event)
        guard let happened = try event.read(CallEvent.self) else { return }
        if case .started(let started) = happened {
            try tables.start(id, started, event)
        } else if case .reused(let reused) = happened {
            try tables.reuse(id, reused, event)
        } else if let key = tables.calls[id] {
            let time = event.time
            tables.turns.change(key) { $0.take(happened, at: time) }
        }
    }

    /// A question's place: by run and job, in the order of asking.
    package struct TurnKey: ViewKey {
        package let run: RunID
        package let job: JobID
        package let turn: Int
        /// Of the first attempt; tells questions apart that were asked for one turn.
        package let position: Position

        package init(run: RunID, job: JobID, turn: Int, position: Position) {
            self.run = run
            self.job = job
            self.turn = turn
            self.position = position
        }

        package func encode(to key: inout KeyWriter) {
            key.append(run)
            key.append(job)
            key.append(turn)
            key.append(position)
        }

        package func mix(into hash: inout KeyHash) {
            job.mix(into: &hash)
            turn.mix(into: &hash)
            position.mix(into: &hash)
        }

        package init(from key: inout KeyReader) throws(KeyError) {
            run = try key.read()
            job = try key.read()
            turn = try key.read()
            position = try key.read()
        }
    }
}

extension CallID {
    /// The call whose stream an event is in.
    init(streamOf event: EventLog.Event) throws(KeyError) {
        guard let id = CallID(inStreamOf: event) else { throw KeyError("\(event.stream) is no call's stream") }
        self = id
    }
}

extension Transcripts.TurnKey: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("job", job)
        writer.field("position", position)
        writer.field("run", run)
        writer.field("turn", turn)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        job = try reader.field("job")
        position = try reader.field("position")
        run = try reader.field("run")
        turn = try reader.field("turn")
        try reader.endObject()
    }
}

extension Transcripts.Tables {
    fileprivate mutating func start(_ id: CallID, _ started: CallStarted, _ event: SharedEvent) throws {
        if let key = calls[id], turns.change(key, { $0.start(started) }) != nil { return }
        // Calls outside of a run aren't anybody's transcript.
        guard let run = try event.circumstances().run else { return }
        let key = Transcripts.TurnKey(run: run, job: started.job, turn: started.turn, position: event.position)
        calls[id] = key
        turns[key] = TranscriptRow(id, started, at: event.time)
    }

    fileprivate mutating func reuse(_ id: CallID, _ reused: CallReused, _ event: SharedEvent) throws {
        guard let run = try event.circumstances().run else { return }
        let key = Transcripts.TurnKey(run: run, job: reused.job, turn: reused.turn, position: event.position)
        calls[id] = key
        turns[key] = TranscriptRow(id, reused, at: event.time)
    }

    /// The turns of a job, in order.
    package func turns(of job: JobID, in run: RunID) throws -> [TranscriptRow] {
        try turns.scan(prefix: KeyPrefix(run, job)).map(\.row)
    }

    /// The turns of a run, job by job, as long as `body` says so.
    package func forEach(of run: RunID, _ body: (Transcripts.TurnKey, TranscriptRow) throws -> Bool) throws {
        try turns.forEach(prefix: KeyPrefix(run), body)
    }
}

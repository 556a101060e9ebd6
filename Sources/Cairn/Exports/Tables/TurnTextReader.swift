import Calls
import EventLog
import Jobs
package import Projections
import Synchronization

/// Reads the texts of single turns, for tables that are kept without them.
package final class TurnTextReader: Sendable {
    private let log: any Log
    private let views: ProjectionRunner
    /// Keeps read models of the past while they are read.
    private let past: PastViews?
    private let blobs: BlobStates
    /// The last turn that was read: its columns are asked for one by one.
    private let last = Mutex<(key: [TableValue], texts: TurnTexts?)>(([], nil))

    package init(of store: Store, past: PastViews? = nil) {
        log = store.log
        self.past = past
        views = past?.runner ?? store.views
        blobs = BlobStates(of: store.log)
    }

    /// A column of `turns` that is read from blobs; `key` is the row's key.
    package func value(_ column: String, of key: [TableValue]) throws -> TableValue {
        let texts = try last.withLock { last in
            if last.key != key { last = (key, try read(key)) }
            return last.texts
        }
        return switch column {
        case "texts": TableValue(texts?.state.rawValue)
        case "question": TableValue(texts?.question)
        case "answer": TableValue(texts?.answer)
        default: .null
        }
    }

    private func read(_ key: [TableValue]) throws -> TurnTexts? {
        guard key.count == 4, case .text(let run) = key[0], case .text(let job) = key[1],
            case .integer(let turn) = key[2], case .integer(let position) = key[3],
            let run = RunID(rawValue: run), let job = JobID(rawValue: job)
        else { return nil }
        let place = Position(UInt64(clamping: position))
        let found = try views.query(Transcripts.self, catchingUp: past != nil) { tables in
            try tables.turns.get(.init(run: run, job: job, turn: Int(turn), position: place))
        }
        return try found.map { try TurnTexts($0, namedAt: place, log: log, blobs: blobs) }
    }
}

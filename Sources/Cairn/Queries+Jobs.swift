package import Calls
package import CanonicalJSON
import Determinism
import EventLog
package import Jobs
import Projections

extension Queries {
    /// A job with the calls that it has made so far.
    package struct JobHistory: CanonicalEncodable, Sendable {
        package let job: QueryRow<JobStatusRow>
        /// Turn by turn.
        package let calls: [AskedCall]

        package func encode(to writer: inout CanonicalWriter) {
            var whole = job
            if let calls = try? JSONParser.parse(calls.canonicalBytes()) { whole.key.append(("calls", calls)) }
            whole.encode(to: &writer)
        }
    }

    /// A call as it stands now that one knows what its job does.
    package struct AskedCall: CanonicalEncodable, Sendable {
        package let row: TranscriptRow
        /// Under way according to its own events, while nobody works on its job any more.
        package let isCut: Bool

        package init(_ row: TranscriptRow, job: JobStatus.State?) {
            self.row = row
            isCut = row.state == .inFlight && job != nil && job != .running
        }

        /// Whether a call that was cut was answered nobody knows, even before that is recorded.
        package var state: TranscriptRow.State { isCut ? .outcomeUnknown : row.state }

        package func encode(to writer: inout CanonicalWriter) {
            QueryRow([("state", .string(state.rawValue))], row).encode(to: &writer)
        }
    }

    /// The job whose id begins like this, with its calls; one that fits none, or several, is an error.
    package func job(_ beginning: String) throws -> JobHistory {
        let id = try jobID(beginning)
        let found = try views.query(JobStatus.self) { tables in try tables.jobs.get(id).map { try row(id, $0) } }
        guard let found else { throw QueryError.job(beginning, fitting: []) }
        let calls = try views.query(Transcripts.self) { tables in
            try tables.turns.scan(prefix: KeyPrefix(found.row.run, id)).map { AskedCall($0.row, job: found.row.state) }
        }
        return JobHistory(job: found, calls: calls)
    }

    /// The whole id of a job.
    func jobID(_ beginning: String) throws -> JobID {
        try views.query(JobStatus.self) { tables in
            if let exact = JobID(rawValue: beginning), try tables.jobs.contains(exact) { return exact }
            var fitting: [JobID] = []
            if let first = JobID(rawValue: beginning) {
                try tables.jobs.forEach(from: first) { id, _ in
                    if id.rawValue.hasPrefix(beginning) { fitting.append(id) }
                    return fitting.last == id && fitting.count < QueryError.mostNames
                }
            }
            guard let id = fitting.first, fitting.count == 1, !beginning.isEmpty else {
                throw QueryError.job(beginning, fitting: fitting.map(\.rawValue))
            }
            return id
        }
    }

    /// A job's row; `worked` is how long it was worked on, in microseconds, without the pauses between leases.
    func row(_ id: JobID, _ row: JobStatusRow) throws -> QueryRow<JobStatusRow> {
        var key: [(name: String, value: JSONValue)] = [("job", .string(id.rawValue))]
        if let worked = try worked(on: id, row) { key.append(("worked", .number(Double(worked.count)))) }
        return QueryRow(key, row)
    }

    /// Nil until it is finished, and for one that was never begun.
    private func worked(on id: JobID, _ row: JobStatusRow) throws -> Microseconds? {
        guard let begun = row.firstLeased, let finished = row.finished else { return nil }
        let stream = try StreamName(category: "job", id: id.rawValue)
        // Submitted, leased, ended: most jobs have no more events, and their streams needn't be read.
        guard try store.log.position(of: stream, revision: Revision(3)) != nil else { return finished - begun }
        let end = past?.end
        let events = try store.log.readStream(stream)
        return Self.worked(events.filter { event in end.map { event.position < $0 } ?? true })
    }

    /// The time between each lease and what ended it, or the last sign of life under it.
    static func worked(_ events: [Event]) -> Microseconds {
        var sum = Microseconds.zero
        var begun: Timestamp?
        var seen: Timestamp?
        for event in events {
            if event.hasType(JobLeased.type) {
                if let begun, let seen { sum += seen - begun }
                (begun, seen) = (event.time, event.time)
            } else if let start = begun {
                if event.hasType(JobLeaseExpired.type) {
                    if let seen { sum += seen - start }
                    begun = nil
                } else if event.hasType(JobCompleted.type) || event.hasType(JobFailed.type)
                    || event.hasType(JobReleased.type)
                {
                    sum += event.time - start
                    begun = nil
                } else {
                    seen = event.time
                }
            }
        }
        return sum
    }
}

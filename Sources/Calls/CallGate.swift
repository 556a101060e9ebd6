package import Deciders
package import Determinism
package import EventLog
package import HTTPTransport
package import Jobs
package import Providers

/// Stands before every attempt of a call: live it waits until there is room, in replay it answers from the record.
///
/// What only delays a call (rates, slots, an open circuit) stays behind the gate, in memory, and so never disturbs a replay.
/// What changes events (a reused answer, a deferral, a reservation) is in the record, where replay finds it.
package protocol CallGate: Sendable {
    /// Returns once the call may go out, or says where its answer is already.
    ///
    /// Throws `CallDeferred` when it shouldn't wait any longer: the job is given back, and nothing is spent. A gate that
    /// has returned `sending` is told once what came of it. While it waits, others may have the job's slot.
    func admit(_ ticket: CallTicket, in slot: JobSlot) async throws -> CallAdmission
    /// What came of an admitted attempt, after it was recorded.
    func settle(_ ticket: CallTicket, _ settlement: CallSettlement)
    /// From now on nobody waits: what has no room at once is put off.
    func close()
    /// Waits until the run has to stop; ends otherwise only with its task.
    func exhaustion() async throws -> Exhaustion
}

/// The budget is used up: a call can't be sent, whatever becomes of those under way.
package struct Exhaustion: Equatable, Sendable {
    /// What the call would have needed at most.
    package let wanted: Spending
    /// Events from here on play no part in it.
    package let end: Position
    /// Whether the record says so: then the record also says when its worker drains.
    package let isRecorded: Bool

    package init(wanted: Spending, end: Position, isRecorded: Bool = false) {
        self.wanted = wanted
        self.end = end
        self.isRecorded = isRecorded
    }
}

/// An attempt that is about to be made, as a gate sees it.
package struct CallTicket: Equatable, Sendable {
    package let call: CallID
    /// From 1.
    package let attempt: Int
    package let job: JobID
    /// The job's labels: model, scenario, sample, judge.
    package let labels: [String: String]
    /// As in the run's definition.
    package let provider: String
    package let adapter: String
    package let endpoint: String
    /// The provider's own id.
    package let model: String
    /// The environment variable of the key; nil where none is sent.
    package let keyVariable: String?
    /// Of the `llm.callStarted`, or of what is recorded instead.
    package let place: Place
    /// Whether it repeats an attempt that failed; one whose outcome is unknown, or that is asked afresh, isn't such.
    package let isRetry: Bool
    /// A retry's time; nil when it may go out at once.
    package let notBefore: Timestamp?
    /// When it is better given back than kept waiting, since the job's lease must outlast the call.
    package let deferBy: Timestamp
    /// When it had better not begin, since the job's lease would neither be renewed for it nor surely outlast it.
    package let gap: Range<Timestamp>?
    /// The job's stream as of its lease.
    package let leaseRevision: Revision?
    /// The hash of the HTTP body.
    package let request: Digest
    package let estimate: TokenEstimate
    /// Nil when it isn't known.
    package let price: ModelPrice?
    package let streams: Bool

    package init(
        call: CallID, attempt: Int, job: JobID, labels: [String: String] = [:], provider: String, adapter: String,
        endpoint: String, model: String, keyVariable: String?, place: Place, isRetry: Bool = false,
        notBefore: Timestamp? = nil, deferBy: Timestamp, gap: Range<Timestamp>? = nil, leaseRevision: Revision? = nil,
        request: Digest, estimate: TokenEstimate, price: ModelPrice? = nil, streams: Bool = false
    ) {
        self.call = call
        self.attempt = attempt
        self.job = job
        self.labels = labels
        self.provider = provider
        self.adapter = adapter
        self.endpoint = endpoint
        self.model = model
        self.keyVariable = keyVariable
        self.place = place
        self.isRetry = isRetry
        self.notBefore = notBefore
        self.deferBy = deferBy
        self.gap = gap
        self.leaseRevision = leaseRevision
        self.request = request
        self.estimate = estimate
        self.price = price
        self.streams = streams
    }
}

/// What a gate says.
package enum CallAdmission: Equatable, Sendable {
    case sending(CallPermit)
    /// The answer is that of another call, whose `llm.callCompleted` is there.
    case reuse(origin: Position)
    /// The job's lease is to be renewed, and then asked again: a recorded worker was cut short after it had done so.
    case renewing

    /// Go, and nothing needs recording about it.
    package static let send = CallAdmission.sending(CallPermit())
}

/// What goes into the record with an admitted attempt.
package struct CallPermit: Equatable, Sendable {
    /// What the run's budget keeps for it; nil without a budget.
    package let reserved: Reservation?
    /// The version of the attempt's events: today's, or the one of the record.
    package let version: Int

    package init(reserved: Reservation? = nil, version: Int = CallStarted.version) {
        self.reserved = reserved
        self.version = version
    }
}

/// The job is to be given back: its call shouldn't be sent now.
package struct CallDeferred: Error, Equatable, Sendable, CustomStringConvertible {
    /// For people.
    package let reason: String

    package init(reason: String) { self.reason = reason }

    package var description: String { "the call is put off: \(reason)" }
}

/// What came of an admitted attempt.
package struct CallSettlement: Equatable, Sendable {
    package enum End: Equatable, Sendable {
        case answered(CallCompleted)
        case failed(CallFailed)
        /// Cut short: nobody knows what the provider did with it.
        case abandoned
        /// Not even its intent was recorded.
        case unsent
    }

    package let end: End
    /// Of the response; empty when none came.
    package let headers: [HTTPHeader]
    /// Of the event that says so; nil when it was abandoned.
    package let position: Position?

    package init(_ end: End, headers: [HTTPHeader] = [], position: Position? = nil) {
        self.end = end
        self.headers = headers
        self.position = position
    }

    /// Of the response; nil when none came.
    package var status: Int? {
        switch end {
        case .answered(let completed): completed.exchange.status
        case .failed(let failed):
            if case .exchange(let exchange) = failed.evidence { exchange.status } else { nil }
        case .abandoned, .unsent: nil
        }
    }
}

/// Lets everything pass at once.
package struct OpenGate: CallGate {
    package init() {}

    package func admit(_ ticket: CallTicket, in slot: JobSlot) -> CallAdmission { .send }
    package func settle(_ ticket: CallTicket, _ settlement: CallSettlement) {}
}

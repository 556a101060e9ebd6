import Calls
import Deciders
import Determinism
import EventLog
import Experiments
import Jobs
import Providers

/// Finds the span that an event ends, with its beginning in the log.
struct TraceSpans {
    /// How far back in a stream the beginning is looked for.
    private static let mostLooks = 1_024
    /// What ends an attempt of a job.
    static let attemptEnds = [
        JobCompleted.type, JobFailed.type, JobCrashed.type, JobLeaseExpired.type, JobReleased.type, JobDeferred.type,
        JobCancelled.type, JobSkipped.type,
    ]

    let log: any Log

    func span(endedBy event: Event) throws -> TraceSpan? {
        switch event.type {
        case CallCompleted.type: try answered(event, event.decode(CallCompleted.self))
        case CallFailed.type: try failed(event, event.decode(CallFailed.self))
        case CallOutcomeUnknown.type: try unknown(event, event.decode(CallOutcomeUnknown.self))
        case JobCompleted.type, JobDeferred.type, JobReleased.type: try job(event, failure: nil)
        case JobFailed.type: try failed(event, event.decode(JobFailed.self))
        case JobCrashed.type: try job(event, failure: ("crashed", event.decode(JobCrashed.self).message))
        case JobLeaseExpired.type: try job(event, failure: ("lease_expired", "its worker was lost, or too slow"))
        case JobCancelled.type: try job(event, failure: ("cancelled", "it was cancelled"))
        case JobSkipped.type:
            try job(event, failure: ("skipped", "job \(event.decode(JobSkipped.self).rootCause.rawValue) failed"))
        case RunFinished.type: try run(event, event.decode(RunFinished.self))
        default: nil
        }
    }
}

// MARK: - Calls

extension TraceSpans {
    private func answered(_ event: Event, _ completed: CallCompleted) throws -> TraceSpan? {
        guard var span = try call(event, completed.attempt) else { return nil }
        span.add("gen_ai.response.model", completed.modelAnswered)
        span.add(
            "gen_ai.response.finish_reasons", [completed.finishOriginal ?? Self.snakeCase(completed.finish.rawValue)])
        span.add("gen_ai.usage.input_tokens", completed.usage.input)
        span.add("gen_ai.usage.output_tokens", completed.usage.output)
        span.add("gen_ai.usage.cache_read.input_tokens", completed.usage.cacheRead)
        span.add("gen_ai.usage.cache_creation.input_tokens", completed.usage.cacheWrite)
        span.add("http.response.status_code", completed.exchange.status)
        span.add("openai.response.system_fingerprint", completed.systemFingerprint)
        span.add("cairn.usage.reasoning_tokens", completed.usage.reasoning)
        span.add("cairn.cost_nano_usd", completed.cost)
        return span
    }

    private func failed(_ event: Event, _ failed: CallFailed) throws -> TraceSpan? {
        guard var span = try call(event, failed.attempt) else { return nil }
        if case .exchange(let exchange) = failed.evidence { span.add("http.response.status_code", exchange.status) }
        span.add("error.type", Self.snakeCase(failed.class.rawValue))
        span.failure = failed.detail
        return span
    }

    private func unknown(_ event: Event, _ unknown: CallOutcomeUnknown) throws -> TraceSpan? {
        guard var span = try call(event, unknown.attempt) else { return nil }
        span.add("error.type", "outcome_unknown")
        span.failure = "its worker was lost; whether it was answered isn't known"
        return span
    }

    /// The attempt of a call that an event ends; nil when the stream doesn't say how it began.
    private func call(_ event: Event, _ attempt: Int) throws -> TraceSpan? {
        let found = try start(of: event) { before -> (started: CallStarted, time: Timestamp, position: Position)? in
            guard before.hasType(CallStarted.type) else { return nil }
            let started = try before.decode(CallStarted.self)
            return started.attempt == attempt ? (started, before.time, before.position) : nil
        }
        guard let (started, time, position) = found else { return nil }
        let run = try event.metadata().run
        let operation = "chat"
        var span = TraceSpan(
            "\(operation) \(started.model)", .client, trace: TraceIDs.trace(run: run, stream: event.stream.text),
            span: TraceIDs.span(stream: event.stream.text, attempt: attempt),
            parent: run == nil ? nil : try attemptSpan(of: started.job, at: position), from: time, to: event.time)
        span.add("gen_ai.operation.name", operation)
        span.add("gen_ai.provider.name", Self.provider(started.provider))
        span.add("gen_ai.request.model", started.model)
        span.add("gen_ai.conversation.id", started.job.rawValue)
        let server = Self.server(of: started.endpoint)
        span.add("server.address", server.address)
        span.add("server.port", server.port)
        span.add("cairn.run", run)
        span.add("cairn.purpose", started.purpose.rawValue)
        span.add("cairn.turn", started.turn)
        span.add("cairn.attempt", attempt)
        span.add("cairn.position", event.position)
        return span
    }
}

// MARK: - Jobs and runs

extension TraceSpans {
    private func failed(_ event: Event, _ failed: JobFailed) throws -> TraceSpan? {
        try job(event, failure: (failed.class, failed.message))
    }

    /// The attempt of a job that an event ends, or, for an end without one, such as being skipped, the job's.
    private func job(_ event: Event, failure: (kind: String, message: String)?) throws -> TraceSpan? {
        let stream = event.stream.text
        guard let submission = try log.readStream(event.stream, limit: 1).first,
            submission.hasType(JobSubmitted.type)
        else { return nil }
        let submitted = try submission.decode(JobSubmitted.self)
        let lease = try attempt(endedBy: event)
        var span = TraceSpan(
            "job \(submitted.kind)", .internal, trace: TraceIDs.trace(run: submitted.run.rawValue, stream: stream),
            span: TraceIDs.span(stream: stream, attempt: Self.number((lease?.event ?? event).revision)),
            parent: try runSpan(submitted.run.rawValue, before: event.position), from: lease?.event.time ?? event.time,
            to: event.time)
        span.add("cairn.run", submitted.run.rawValue)
        span.add("cairn.job", event.stream.id)
        span.add("cairn.job.attempt", lease?.number)
        span.add("cairn.job.kind", submitted.kind)
        for (label, value) in submitted.labels.sorted(by: { $0.key < $1.key }) {
            span.add("cairn.label.\(label)", value)
        }
        span.add("cairn.position", event.position)
        if let failure {
            span.add("error.type", failure.kind)
            span.failure = failure.message
        }
        return span
    }

    /// The lease that an event ends, with the attempt's number; nil when nobody had the job.
    private func attempt(endedBy event: Event) throws -> (event: Event, number: Int)? {
        // An attempt ends once: what stands between it and its lease is no end of one.
        for before in try log.readStream(event.stream, .backward, from: event.revision, limit: Self.mostLooks) {
            if before.hasType(JobLeased.type) { return (before, try before.decode(JobLeased.self).attempt) }
            if before.position != event.position, Self.attemptEnds.contains(where: before.hasType) { return nil }
        }
        return nil
    }

    /// The span of the attempt of a job that was under way at a position; nil when none was.
    private func attemptSpan(of job: JobID, at position: Position) throws -> String? {
        let stream = try StreamName(category: Job.category, id: job.rawValue)
        var last: Event?
        for event in try log.readStream(stream, .backward, from: nil, limit: Self.mostLooks)
        where event.position < position && event.hasType(JobLeased.type) {
            last = event
            break
        }
        return last.map { TraceIDs.span(stream: stream.text, attempt: Self.number($0.revision)) }
    }

    /// A run that was reopened comes to an end again: each time is a span of its own, in the same trace.
    private func run(_ event: Event, _ finished: RunFinished) throws -> TraceSpan? {
        let events = try log.readStream(event.stream)
        guard let submission = events.first, submission.hasType(RunSubmitted.type) else { return nil }
        let submitted = try submission.decode(RunSubmitted.self)
        let beginning = Self.beginning(of: events, before: event.position) ?? submission
        var span = TraceSpan(
            "run \(submitted.experiment)", .internal,
            trace: TraceIDs.trace(run: event.stream.id, stream: event.stream.text),
            span: Self.runSpan(event.stream.text, from: beginning), parent: nil, from: beginning.time, to: event.time)
        span.add("cairn.run", event.stream.id)
        span.add("cairn.experiment", submitted.experiment)
        span.add("cairn.outcome", finished.outcome.rawValue)
        span.add("cairn.position", event.position)
        return span
    }

    /// The span of the run as it was under way at a position.
    private func runSpan(_ run: String, before position: Position) throws -> String? {
        let stream = try StreamName(category: Run.category, id: run)
        return Self.beginning(of: try log.readStream(stream), before: position)
            .map { Self.runSpan(stream.text, from: $0) }
    }

    /// Where a run began, or began anew.
    private static func beginning(of events: [Event], before position: Position) -> Event? {
        events.last { event in
            event.position < position && (event.hasType(RunSubmitted.type) || event.hasType(RunReopened.type))
        }
    }

    private static func runSpan(_ stream: String, from beginning: Event) -> String {
        TraceIDs.span(
            stream: stream, attempt: beginning.hasType(RunSubmitted.type) ? nil : number(beginning.revision))
    }

    private static func number(_ revision: Revision) -> Int { Int(clamping: revision.rawValue) }

    /// What `found` makes of an earlier event of the same stream, the latest first.
    private func start<Found>(of event: Event, _ found: (Event) throws -> Found?) throws -> Found? {
        for before in try log.readStream(event.stream, .backward, from: event.revision, limit: Self.mostLooks) {
            if let result = try found(before) { return result }
        }
        return nil
    }
}

// MARK: - Names

extension TraceSpans {
    /// The provider as the conventions name it; one that they don't know by its own name.
    static func provider(_ name: String) -> String {
        switch name {
        case "google": "gcp.gemini"
        case "mistral": "mistral_ai"
        case "xai": "x_ai"
        default: name
        }
    }

    /// Host and port of a URL.
    static func server(of endpoint: String) -> (address: String?, port: Int?) {
        let rest = endpoint.split(separator: "://", maxSplits: 1).last ?? ""
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let isSecure = endpoint.hasPrefix("https://")
        guard let colon = authority.lastIndex(of: ":"), let port = Int(authority[authority.index(after: colon)...])
        else {
            return (authority.isEmpty ? nil : String(authority), isSecure ? 443 : 80)
        }
        return (String(authority[..<colon]), port)
    }

    /// `contentFilter` as `content_filter`.
    static func snakeCase(_ name: String) -> String {
        name.reduce(into: "") { text, letter in
            if letter.isUppercase { text += "_" }
            text += letter.lowercased()
        }
    }
}

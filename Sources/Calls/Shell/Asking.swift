import CanonicalJSON
import Deciders
import Determinism
import EventLog
import HTTPTransport
import Jobs
import Logging
import Providers
import Synchronization

/// The steps of one question; each begins with the call's stream and gives what it is afterwards.
struct Asking: Sendable {
    let executor: CallExecutor
    let question: Question
    let job: RunningJob
    /// The answer's text, once it came in this process.
    private let text = TextOfAnswer()

    init(executor: CallExecutor, question: Question, job: RunningJob) {
        self.executor = executor
        self.question = question
        self.job = job
    }

    /// Records the intent, sends the question, and records what came of it.
    func send(_ stream: Loaded<Call>) async throws -> Loaded<Call> {
        try Task.checkCancellation()
        var attempt = 1
        if case .known(let call) = stream.state { attempt = call.started.attempt + 1 }
        var request = question.adapter.request(
            question.chat, endpoint: question.endpoint, key: question.keyVariable.flatMap(executor.keys))
        request.label = "\(question.id)#\(attempt)"
        request.recordsArrivals = question.chat.streams
        let body = Blob(request.body)
        let ticket = try ticket(body, attempt: attempt, stream)
        switch try await executor.gate.admit(ticket, in: job.slot) {
        case .sending(let permit): return try await exchange(request, body, ticket, permit, stream)
        case .reuse(let origin): return try await reuse(origin, stream)
        case .renewing:
            try await job.lease.renew()
            return try await send(stream)
        }
    }

    /// What a gate is asked about the next attempt.
    private func ticket(_ body: Blob, attempt: Int, _ stream: Loaded<Call>) throws -> CallTicket {
        let place = Place(
            stream: try StreamName(category: Call.category, id: question.id.rawValue), revision: stream.nextRevision)
        var notBefore: Timestamp?
        var followsFailure = false
        if case .known(let call) = stream.state, case .retrying(let time) = call.stage {
            notBefore = time
            // An attempt that nobody knows the outcome of, as after a kill, says nothing against the provider.
            followsFailure = call.lastFailure?.attempt == call.started.attempt
        }
        return CallTicket(
            call: question.id, attempt: attempt, job: job.id, labels: job.submission.labels,
            provider: question.provider, adapter: question.adapter.name, endpoint: question.endpoint.baseURL,
            model: question.chat.model, keyVariable: question.keyVariable, place: place, isRetry: followsFailure,
            notBefore: notBefore, deferBy: try job.lease.latestStart, gap: try job.lease.gap,
            leaseRevision: job.lease.loaded.revision, request: body.digest,
            estimate: TokenEstimate(
                bodyBytes: body.bytes.count, outputCeiling: question.chat.parameters.maxTokens),
            price: question.terms.price, streams: question.chat.streams)
    }

    /// Records the intent, sends the question and records what came of it; the gate hears of it, whatever it was.
    private func exchange(
        _ request: HTTPRequest, _ body: Blob, _ ticket: CallTicket, _ permit: CallPermit, _ stream: Loaded<Call>
    ) async throws -> Loaded<Call> {
        var settlement = CallSettlement(.unsent)
        defer { executor.gate.settle(ticket, settlement) }
        let started = try await start(stream, body, permit, at: ticket.place)
        settlement = CallSettlement(.abandoned)
        let response: HTTPResponse
        do throws(TransportError) {
            response = try await executor.transport.send(request)
        } catch {
            guard error.kind != .cancelled, error.kind != .shutDown else { throw CancellationError() }
            let failed = try await record(error, ticket, permit, started)
            settlement = CallSettlement(of: failed)
            return failed
        }
        let ended = try await record(response, request, ticket, permit, started)
        settlement = CallSettlement(of: ended, headers: response.headers)
        return ended
    }

    /// The intent carries the time by which the lease was found long enough.
    private func start(
        _ stream: Loaded<Call>, _ body: Blob, _ permit: CallPermit, at place: Place
    ) async throws -> Loaded<Call> {
        var now = try await executor.effects.time(place)
        if case .known(let call) = stream.state, case .retrying(let notBefore) = call.stage, now < notBefore {
            try await executor.effects.pause(notBefore - now)
            now = max(notBefore, try await executor.effects.time(place))
        }
        try await job.lease.renewIfDue(at: now)
        let intent = Call.Intent(
            adapter: question.adapter.name, endpoint: question.endpoint.baseURL, job: job.id,
            model: question.chat.model, provider: question.provider, purpose: question.purpose, request: body.digest,
            stream: question.chat.streams, turn: question.turn, worker: executor.worker, permit: permit)
        let calls = CommandHandler<Call>(
            log: executor.log, effects: executor.effects.answering(now, at: place), worker: executor.worker.rawValue)
        return try await handle(stream, blobs: [body], with: calls) { .start(intent, at: $0) }
    }

    private func record(
        _ response: HTTPResponse, _ request: HTTPRequest, _ ticket: CallTicket, _ permit: CallPermit,
        _ stream: Loaded<Call>
    ) async throws -> Loaded<Call> {
        let body = Blob(response.body)
        let headers = question.adapter.recorded(response.headers)
        let firstToken = response.arrivals.isEmpty ? nil : question.adapter.firstToken(in: response.body)
        let exchange = CallExchange(response, body: body.digest, headers: headers, firstToken: firstToken)
        let worker = executor.worker
        switch question.adapter.result(status: exchange.status, headers: exchange.headers, body: response.body) {
        case .success(let result):
            let terms = Blob(question.terms.canonicalBytes())
            let completed = CallCompleted(
                attempt: ticket.attempt, exchange: exchange, result: result, price: question.terms.price,
                version: permit.version, requestBytes: { request.body.count })
            let cause = cause(CallDerivations.parse(question.adapter), stream, [terms.digest, body.digest])
            let blobs = [body] + executor.storedTerms.missing(terms)
            let answered = try await handle(stream, blobs: blobs, cause: cause) { _ in .complete(completed, by: worker)
            }
            executor.storedTerms.stored(terms)
            text.set(result.text)
            return answered
        case .failure(let error):
            let failed = CallFailed(
                attempt: ticket.attempt, evidence: .exchange(exchange), error: error, version: permit.version)
            let cause = cause(CallDerivations.classify(question.adapter), stream, [body.digest])
            return try await record(failed, blobs: [body], cause: cause, stream)
        }
    }

    private func record(
        _ error: TransportError, _ ticket: CallTicket, _ permit: CallPermit, _ stream: Loaded<Call>
    ) async throws -> Loaded<Call> {
        let partial = error.partialBody.isEmpty ? [] : [Blob(error.partialBody)]
        let evidence = TransportFailure(error, partialBody: partial.first?.digest)
        let failed = CallFailed(
            attempt: ticket.attempt, evidence: .transport(evidence), error: evidence.providerError,
            version: permit.version)
        let cause = cause(CallDerivations.classify(question.adapter), stream, partial.map(\.digest))
        return try await record(failed, blobs: partial, cause: cause, stream)
    }

    private func record(
        _ failed: CallFailed, blobs: [Blob], cause: Cause, _ stream: Loaded<Call>
    ) async throws -> Loaded<Call> {
        executor.logger.info(
            "call failed",
            metadata: [
                "call": "\(question.id)", "job": "\(job.id)", "attempt": "\(failed.attempt)",
                "class": "\(failed.class)",
                "detail": "\(failed.detail)",
            ])
        let worker = executor.worker
        return try await handle(stream, blobs: blobs, cause: cause) { _ in .fail(failed, by: worker) }
    }

    /// Whoever finds an attempt under way that isn't his can't know what came of it.
    func declareUnknown(_ call: Call.Progress, _ stream: Loaded<Call>) async throws -> Loaded<Call> {
        guard let started = stream.lastPosition else { preconditionFailure("a call under way has begun somewhere") }
        let attempt = call.started.attempt
        return try await handle(stream, cause: cause(CallDerivations.unknown, stream, [])) { _ in
            .declareUnknown(attempt: attempt, started: started)
        }
    }

    func decideRetry(
        after delay: Microseconds, _ call: Call.Progress, _ stream: Loaded<Call>
    ) async throws -> Loaded<Call> {
        let terms = Blob(question.terms.canonicalBytes())
        let cause = cause(CallDerivations.retry(question.terms.policy.rule), stream, [terms.digest])
        let attempt = call.started.attempt
        let decided = try await handle(stream, blobs: [terms], cause: cause) {
            .decideRetry(after: attempt, at: $0, delay: delay)
        }
        if case .known(let call) = decided.state, case .retrying(let notBefore) = call.stage {
            executor.logger.info(
                "call waits for its next attempt",
                metadata: [
                    "call": "\(question.id)", "job": "\(job.id)", "provider": "\(question.provider)",
                    "until": "\(notBefore.text)",
                ])
        }
        return decided
    }

    /// Records that an earlier answer takes the place of this one.
    private func reuse(_ origin: Position, _ stream: Loaded<Call>) async throws -> Loaded<Call> {
        let (start, answer) = try RecordedAnswer(log: executor.log).exchange(at: origin, for: question.id)
        let completed = try answer.decode(CallCompleted.self)
        guard let call = CallID(rawValue: answer.stream.id) else {
            throw CallRecordError.answerMissing(question.id, origin)
        }
        let asker = CallReused.Asker(
            job: job.id, provider: question.provider, purpose: question.purpose, turn: question.turn,
            worker: executor.worker)
        let reused = CallReused(completed, at: origin, of: call, try start.decode(CallStarted.self), by: asker)
        let cause = Cause(function: CallDerivations.reuse, positions: [start.position, origin])
        return try await handle(stream, cause: cause) { _ in .reuse(reused) }
    }

    /// The text of a recorded answer: from this process, or read again from the body.
    func answer(_ completed: CallCompleted, _ stream: Loaded<Call>) throws -> CallAnswer {
        guard let position = stream.lastPosition else { preconditionFailure("an answered call has an event") }
        let text = try text.value ?? read(completed.exchange)
        return CallAnswer(text: text, completed: completed, position: position)
    }

    /// The answer of the call that is reused; its place in the record is where that is said.
    func answer(_ reused: CallReused, _ stream: Loaded<Call>) throws -> CallAnswer {
        guard let position = stream.lastPosition else { preconditionFailure("a reused answer has an event") }
        let (_, answer) = try RecordedAnswer(log: executor.log).exchange(at: reused.position, for: question.id)
        return CallAnswer(
            text: try read(reused.exchange), completed: try answer.decode(CallCompleted.self), position: position)
    }

    private func read(_ exchange: CallExchange) throws -> String {
        guard let body = try executor.log.blob(exchange.body) else {
            throw CallRecordError.bodyMissing(question.id, exchange.body)
        }
        guard
            case .success(let result) = question.adapter.result(
                status: exchange.status, headers: exchange.headers, body: body)
        else { throw CallRecordError.readDifferently(question.id) }
        return result.text
    }

    /// A cause whose event is the last one of the stream.
    private func cause(_ function: FunctionReference, _ stream: Loaded<Call>, _ blobs: [Digest]) -> Cause {
        Cause(blobs: blobs, function: function, positions: stream.lastPosition.map { [$0] } ?? [])
    }

    private func handle(
        _ stream: Loaded<Call>, blobs: [Blob] = [], cause: Cause? = nil, with calls: CommandHandler<Call>? = nil,
        _ command: @escaping @Sendable (Timestamp) -> Call.Command
    ) async throws -> Loaded<Call> {
        do throws(CommandError<Call.Refusal>) {
            return try await (calls ?? executor.calls).handle(
                question.id.rawValue, run: executor.run.rawValue, job: job.id.rawValue, blobs: blobs,
                cause: { _ in cause }, from: stream, command
            ).loaded
        } catch {
            throw error.asStop(of: job.id)
        }
    }
}

/// A text that is set once and read later.
private final class TextOfAnswer: Sendable {
    /// The lock makes setting and reading one step each.
    private let text = Mutex<String?>(nil)

    var value: String? { text.withLock { $0 } }

    func set(_ value: String) { text.withLock { $0 = value } }
}

extension Effects {
    /// The same effects, but for the time of one place, which is known already.
    fileprivate func answering(_ known: Timestamp, at place: Place) -> Effects {
        var effects = self
        effects.time = { [time] asked in asked == place ? known : try await time(asked) }
        return effects
    }
}

extension CallSettlement {
    /// What the last event of a call's stream says of its attempt.
    fileprivate init(of stream: Loaded<Call>, headers: [HTTPHeader] = []) {
        guard case .known(let call) = stream.state else {
            self.init(.abandoned, headers: headers)
            return
        }
        switch call.stage {
        case .completed(let completed):
            self.init(.answered(completed), headers: headers, position: stream.lastPosition)
        case .failed(let failed): self.init(.failed(failed), headers: headers, position: stream.lastPosition)
        case .inFlight, .unknown, .retrying: self.init(.abandoned, headers: headers)
        }
    }
}

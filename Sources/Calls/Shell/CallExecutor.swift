package import Deciders
import Determinism
package import EventLog
package import HTTPTransport
package import Jobs
package import Logging
package import Providers

/// Asks models, and records it: the only code that talks to a provider.
///
/// What to do next follows from the call's stream alone, so it goes on wherever another process stopped. An answered
/// question is never sent again; one that was sent, and nobody knows what came of it, is declared so before the next attempt.
package struct CallExecutor: Sendable {
    let run: RunID
    let worker: WorkerID
    let log: any Log
    let effects: Effects
    let transport: any Transport
    let keys: @Sendable (String) -> APIKey?
    let gate: any CallGate
    let logger: Logger
    let calls: CommandHandler<Call>
    let storedTerms = StoredBlobs()

    /// `keys` finds the key of an environment variable's name; keys go nowhere but into requests.
    ///
    /// `gate` is asked before each attempt.
    package init(
        run: RunID, worker: WorkerID, log: any Log, effects: Effects, transport: any Transport,
        keys: @escaping @Sendable (String) -> APIKey?, gate: any CallGate = OpenGate(),
        logger: Logger = Logger(label: "cairn.calls")
    ) {
        self.run = run
        self.worker = worker
        self.log = log
        self.effects = effects
        self.transport = transport
        self.keys = keys
        self.gate = gate
        self.logger = logger
        calls = CommandHandler(log: log, effects: effects, worker: worker.rawValue)
    }

    /// Brings a question to its end: an answer, recorded now or earlier, or a failure without further attempts.
    ///
    /// A failure that an earlier attempt of the job ended with is no end for this one: the question is asked afresh.
    /// Throws `LeaseLost` when another worker has taken the job, `CallDeferred` when the gate puts it off, and
    /// `CancellationError` when it is cut short.
    package func ask(_ question: Question, in job: RunningJob) async throws -> CallOutcome {
        let asking = Asking(executor: self, question: question, job: job)
        var stream = try load(question.id, job)
        var isNew = true
        while true {
            let call: Call.Progress
            switch stream.state {
            case .known(let progress): call = progress
            case .reused(let reused): return .answered(try asking.answer(reused, stream))
            case .absent:
                stream = try await asking.send(stream)
                isNew = false
                continue
            }
            switch call.stage {
            case .completed(let completed): return .answered(try asking.answer(completed, stream))
            case .inFlight: stream = try await asking.declareUnknown(call, stream)
            case .unknown:
                stream = try await asking.decideRetry(after: CallPolicy.delayAfterUnknown, call, stream)
            case .retrying: stream = try await asking.send(stream)
            case .failed(let failure):
                switch question.terms.policy.verdict(
                    on: failure, failures: call.failures, refusals: call.refusals, alike: call.alike, of: question.id)
                {
                case .retry(let delay): stream = try await asking.decideRetry(after: delay, call, stream)
                case .giveUp where isNew: stream = try await asking.send(stream)
                case .giveUp: return .failed(failure)
                }
            }
            isNew = false
        }
    }

    private func load(_ id: CallID, _ job: RunningJob) throws -> Loaded<Call> {
        do throws(CommandError<Call.Refusal>) {
            return try calls.load(id.rawValue)
        } catch {
            throw error.asStop(of: job.id)
        }
    }
}

extension CommandError where Refusal == Call.Refusal {
    /// What a step of a call throws: a refusal means that another worker has gone on with the job.
    func asStop(of job: JobID) -> any Error {
        switch self {
        case .refused: LeaseLost(job: job)
        case .effect(let error): error
        case .contended, .unreadable, .log: self
        }
    }
}

import Calls
import Deciders
import Jobs
import Logging
import Scoring

/// Does each job of a run by its kind.
struct RunHandlers: JobHandler {
    private let probes: ProbeHandler
    private let judges: JudgeHandler

    init(_ definition: ExperimentDefinition, run: RunID, in environment: RunEnvironment, logger: Logger) throws {
        let executor = CallExecutor(
            run: run, worker: environment.worker, log: environment.log, effects: environment.effects,
            transport: environment.transport, keys: environment.key, gate: environment.gate, logger: logger)
        let script = try ProbeScript(definition)
        probes = ProbeHandler(executor: executor, script: script)
        let pairs = try definition.judges.map { judge in
            let model = try judge.model.asked(definition.limits)
            return (
                judge.id,
                JudgeHandler.Judge(
                    model: model, rubric: judge.rubric, rounds: definition.limits.judgeRounds,
                    reading: definition.reading)
            )
        }
        judges = JudgeHandler(
            executor: executor, scores: environment.handler(), log: environment.log,
            judges: Dictionary(pairs) { first, _ in first },
            probe: { labels in
                let probe = try script.probe(["model": labels.model, "scenario": labels.scenario])
                return JudgeHandler.Probe(conversation: probe.conversation, adapter: probe.model.adapter)
            })
    }

    func run(_ job: RunningJob) async throws -> JobResult {
        do {
            return try await perform(job)
        } catch is CallDeferred {
            return .interrupted
        }
    }

    private func perform(_ job: RunningJob) async throws -> JobResult {
        switch job.submission.kind {
        case ProbeHandler.kind: try await probes.run(job)
        case JudgeHandler.kind: try await judges.run(job)
        default:
            .failed(
                class: "unknownKind", message: "this program can't do jobs of kind \(job.submission.kind)",
                retryable: false)
        }
    }
}

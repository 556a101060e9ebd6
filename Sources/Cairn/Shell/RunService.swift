package import Calls
import CanonicalJSON
import Deciders
package import Determinism
package import Experiments
import Glibc
package import HTTPTransport
package import Jobs
package import Logging
import Providers

/// Runs experiments in a store: what `cairn run` does, for any program.
package struct RunService: Sendable {
    /// What may be changed about a run from outside its definition.
    package struct Options: Sendable {
        /// Tells runs of one definition apart; nil is the run without a label.
        package var label: String?
        /// Fewer or more jobs at once than the definition says; nothing that is recorded depends on it.
        package var concurrency: Int?
        /// Makes what failed or was skipped ready again before working.
        package var retriesFailed: Bool
        /// How long work under way may go on after a request to drain.
        package var grace: Microseconds
        /// The experiment file's budget and rates.
        package var settings: RunSettings
        /// Takes the place of the file's bounds, and of those that were recorded.
        package var budget: Budget?

        package init(
            label: String? = nil, concurrency: Int? = nil, retriesFailed: Bool = false,
            grace: Microseconds = .seconds(30), settings: RunSettings = RunSettings(), budget: Budget? = nil
        ) {
            self.label = label
            self.concurrency = concurrency
            self.retriesFailed = retriesFailed
            self.grace = grace
            self.settings = settings
            self.budget = budget
        }
    }

    private let store: Store
    private let transport: any Transport
    private let keys: KeyRing
    private let time: TimeSource
    private let logger: Logger

    package init(
        store: Store, transport: any Transport, keys: KeyRing = KeyRing(), time: TimeSource = .system, logger: Logger
    ) {
        self.store = store
        self.transport = transport
        self.keys = keys
        self.time = time
        self.logger = logger
    }

    /// Submits the experiment if it isn't there yet, and works until it is finished or drained.
    ///
    /// `started` is handed the run and the ways to end it early; `progress` hears how far it has come. A run with a budget
    /// is worked on by one process at a time; `BudgetProblem` says which models a budget can't be kept to with.
    package func run(
        _ definition: ExperimentDefinition, _ options: Options = Options(),
        started: @Sendable (RunID, RunControl) -> Void = { _, _ in },
        progress: (@Sendable (RunRow) -> Void)? = nil
    ) async throws -> RunExecutor.Report {
        let run = JobPlan.runID(of: definition.digest, label: options.label)
        let budgets = CommandHandler<RunBudget>(log: store.log, effects: Effects.live(time), worker: nil)
        let known = try budgets.load(run.rawValue).state
        let changes = RunBudget.changes(file: options.settings.budget, option: options.budget, known)
        let budget = changes.last?.budget ?? known.inForce
        return try await RunLock.hold(run, alone: budget != nil, in: store.workersDirectory) {
            try await work(
                on: run, of: definition, options, Funds(budget: budget, changes: changes), started: started,
                progress: progress)
        }
    }

    /// The budget in force, and what of it isn't recorded yet.
    private struct Funds {
        let budget: Budget?
        let changes: [RunBudgetChanged]
    }

    private func work(
        on run: RunID, of definition: ExperimentDefinition, _ options: Options, _ funds: Funds,
        started: @Sendable (RunID, RunControl) -> Void, progress: (@Sendable (RunRow) -> Void)?
    ) async throws -> RunExecutor.Report {
        let effects = Effects.live(time)
        if options.retriesFailed {
            let reopening = RunReopening(log: store.log, views: store.views, effects: effects)
            _ = try await reopening.reopen(run, by: "operator")
        }
        let worker = WorkerID.new()
        let impatience = OneShot()
        let pacing = LiveGate(
            settings: rates(options.settings, definition), time: time, sleep: effects.pause, logger: logger)
        let gate = try RunGate.load(
            for: run, of: definition, budget: funds.budget, from: store.log, effects: effects, inner: pacing)
        let interruption = RunGrace(
            gate: gate, grace: options.grace, timeout: definition.limits.timeout, effects: effects,
            impatience: impatience)
        let environment = RunEnvironment(
            log: store.log, views: store.views, effects: effects, worker: worker,
            liveness: LockFileLiveness(directory: store.workersDirectory, time: time),
            interruption: interruption, transport: transport, gate: gate, key: keys.key, budgetChanges: funds.changes,
            slots: options.concurrency.map { PoolState.Limits(total: $0, lanes: definition.slots.lanes) }
        )
        var logger = logger
        logger[metadataKey: "run"] = "\(run)"
        logger[metadataKey: "worker"] = "\(worker)"
        let executor = try RunExecutor(definition, run: run, in: environment, logger: logger)
        logger.info("run begins", metadata: ["jobs": "\(executor.plan.jobs.count)", "cells": "\(executor.plan.cells)"])
        started(run, RunControl(executor: executor, impatience: impatience, pacing: pacing.pacing))
        let report = try await WorkerLock.hold(worker, in: store.workersDirectory) {
            try await executor.execute(progress: progress)
        }
        logger.info(
            "run ends", metadata: ["stage": "\(report.row.stage.rawValue)", "missing": "\(report.row.cells.missing)"])
        return report
    }
}

extension RunService {
    /// The provider inside the process needs no consideration, unless it is told to behave like one that does.
    private func rates(_ settings: RunSettings, _ definition: ExperimentDefinition) -> RateSettings {
        let simulated = "simulated"
        var rates = settings.rates
        let isLimited = rates.limits.keys.contains { $0 == simulated || $0.hasPrefix(simulated + "/") }
        if !isLimited, definition.simulation?["limits"] == nil { rates.unpaced.insert(simulated) }
        return rates
    }
}

/// Ends a run early.
package struct RunControl: Sendable {
    private let executor: RunExecutor
    private let impatience: OneShot
    /// What waits to be sent now, and why.
    package let pacing: @Sendable () -> Pacing

    init(executor: RunExecutor, impatience: OneShot, pacing: @escaping @Sendable () -> Pacing) {
        self.executor = executor
        self.impatience = impatience
        self.pacing = pacing
    }

    /// Lets what is under way end, begins nothing new, and leaves the rest for later.
    package func drain() async throws { try await executor.requestDrain(.signal) }

    /// Cuts short what is under way, once the run drains.
    package func hurry() { impatience.happen() }
}

package import Calls
package import Deciders
package import EventLog
package import HTTPTransport
package import Jobs
package import Projections
package import Providers

/// What a run is executed in: live the world, in replay the record.
///
/// The executor can't tell which.
package struct RunEnvironment: Sendable {
    package var log: any Log
    /// Read models of the same log.
    package var views: ProjectionRunner
    package var effects: Effects
    /// This process, or the recorded one.
    package var worker: WorkerID
    package var liveness: any WorkerLiveness
    /// When work that is under way is cut short, once the worker drains.
    package var interruption: any Interruption
    package var transport: any Transport
    /// Asked before every attempt of a call.
    package var gate: any CallGate
    /// The key in an environment variable; nil where there is none.
    package var key: @Sendable (String) -> APIKey?
    /// The budget that this process brings along, where it is another than the run has; recorded once the run is there.
    package var budgetChanges: [RunBudgetChanged]
    /// Takes the place of the definition's limits.
    package var slots: PoolState.Limits?
    /// What the recorded worker claimed; nil live.
    package var claims: RecordedClaims?

    package init(
        log: any Log, views: ProjectionRunner, effects: Effects, worker: WorkerID, liveness: any WorkerLiveness,
        interruption: any Interruption, transport: any Transport, gate: any CallGate = OpenGate(),
        key: @escaping @Sendable (String) -> APIKey?, budgetChanges: [RunBudgetChanged] = [],
        slots: PoolState.Limits? = nil, claims: RecordedClaims? = nil
    ) {
        self.log = log
        self.views = views
        self.effects = effects
        self.worker = worker
        self.liveness = liveness
        self.interruption = interruption
        self.transport = transport
        self.gate = gate
        self.key = key
        self.budgetChanges = budgetChanges
        self.slots = slots
        self.claims = claims
    }

    func handler<D: Decider>(_: D.Type = D.self) -> CommandHandler<D> {
        CommandHandler(log: log, effects: effects, worker: worker.rawValue)
    }
}

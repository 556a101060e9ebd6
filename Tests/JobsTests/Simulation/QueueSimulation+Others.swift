import CanonicalJSON
import Deciders
import Determinism

@testable import Jobs

/// What comes from outside the processes: the answers of handlers, what operators do, and what nobody may.
extension QueueSimulation {
    /// Somebody proposes something that nobody may.
    mutating func heckle() throws {
        let id = jobs[Int(heckler.uniform(below: UInt64(jobs.count)))]
        guard case .known(let job) = store.loaded(id).state else { return }
        let commands = IllegalCommands.of(job, at: clock, policy)
        try store.propose(illegal: commands[Int(heckler.uniform(below: UInt64(commands.count)))], to: id)
    }

    /// What operators do meanwhile.
    mutating func interfere() throws {
        guard faults else { return }
        let running = jobs.filter { id in
            if case .known(let job) = store.loaded(id).state, case .leased = job.stage { true } else { false }
        }
        let id = pick(running.isEmpty || draw(2) == 0 ? jobs : running)
        let command: Job.Command =
            switch draw(4) {
            case 0: .cancel(by: "operator", note: nil, reason: .requested)
            case 1: .unlock(by: "operator", note: nil)
            default: .requestRetry(by: "operator")
            }
        _ = try store.handle(id, from: nil, by: nil, at: clock) { _ in command }
    }

    /// How a handler ends.
    mutating func answer() -> QueueResult {
        switch draw(faults ? 10 : 6) {
        case 0...5: .completed([:])
        case 6: .failed(class: "broken", message: "no", retryable: true)
        case 7: .failed(class: "wrong", message: "never", retryable: false)
        case 8: .crashed(message: "signal 9")
        default: .deferred(for: .seconds(Int64(1 + draw(20))), reason: "busy")
        }
    }
}

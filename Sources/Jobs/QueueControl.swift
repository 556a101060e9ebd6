import Deciders

/// What an operator has set for a queue; a queue that nobody touched has no stream.
package enum QueueControl: Decider {
    package typealias Event = QueueEvent

    package struct State: Equatable, Sendable {
        package var concurrency: Int?
        package var isDraining = false
        package var pause: QueuePaused?
    }

    package enum Command: Equatable, Sendable {
        case configure(concurrency: Int?, draining: Bool, by: String)
        case pause(by: String, note: String?)
        case resume(by: String, note: String? = nil)
    }

    package enum Refusal: Error, Equatable, Sendable {
        /// A queue is stopped by a pause, which says who did it.
        case concurrencyBelowOne
    }

    package static let category = "queue"
    package static let initial = State()

    package static func evolve(_ state: State, _ event: QueueEvent) -> State {
        var state = state
        switch event {
        case .configured(let configured):
            state.concurrency = configured.concurrency
            state.isDraining = configured.isDraining
        case .paused(let paused): state.pause = paused
        case .resumed: state.pause = nil
        }
        return state
    }

    package static func decide(_ command: Command, _ state: State) throws(Refusal) -> [QueueEvent] {
        switch command {
        case .configure(let concurrency, let draining, let person):
            if let concurrency, concurrency < 1 { throw .concurrencyBelowOne }
            if state.concurrency == concurrency, state.isDraining == draining { return [] }
            return [.configured(QueueConfigured(by: person, concurrency: concurrency, isDraining: draining))]
        case .pause(let person, let note):
            return state.pause == nil ? [.paused(QueuePaused(by: person, note: note))] : []
        case .resume(let person, let note):
            return state.pause == nil ? [] : [.resumed(QueueResumed(by: person, note: note))]
        }
    }
}

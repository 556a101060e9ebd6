package import EventLog

/// The rules of one kind of stream: what happened gives a state; a state and a command give what happens next.
///
/// Total, pure and exhaustive. Times and seeds are part of the command. A command whose effect is already true gives no
/// events, so repeating one is harmless.
package protocol Decider: SendableMetatype {
    associatedtype State: Sendable
    associatedtype Command: Sendable
    associatedtype Event: EventFamily
    associatedtype Refusal: Error & Sendable & Equatable

    /// The category of its streams: the stream of id `x` is `category-x`.
    static var category: String { get }
    /// The state of a stream without events.
    static var initial: State { get }
    /// The state after one more event; neither throws nor logs.
    static func evolve(_ state: State, _ event: Event) -> State
    /// The events that a command causes, none if its effect is already true, or why not.
    static func decide(_ command: Command, _ state: State) throws(Refusal) -> [Event]
}

extension Decider {
    /// The state after some events.
    package static func fold(_ events: some Sequence<Event>, from state: State) -> State {
        events.reduce(state, evolve)
    }
}

/// Where an event stands in its stream.
package struct Place: Hashable, Sendable {
    package let stream: StreamName
    /// The event's revision, from 0.
    package let revision: UInt64

    package init(stream: StreamName, revision: UInt64) {
        self.stream = stream
        self.revision = revision
    }
}

/// The matching events of a log from a position on: those recorded already, then each new one, once and in order.
///
/// An element is a page of events. The log is read only when the next page is asked for, so a slow reader holds no more
/// than one page. Iteration ends when its task is cancelled or the last wanted position has passed, and throws `.closed` when the log is closed. Each iterator
/// begins anew at the subscription's position.
public struct Subscription: AsyncSequence, Sendable {
    /// What one look at the log found.
    package struct Step: Sendable {
        /// The events that matched.
        let events: [Event]
        /// Where the next look begins.
        let next: Position
        /// Whether the log ended there.
        let isAtEnd: Bool

        /// What one look found.
        package init(events: [Event], next: Position, isAtEnd: Bool) {
            self.events = events
            self.next = next
            self.isAtEnd = isAtEnd
        }
    }

    private let start: Position
    private let end: Position?
    private let look: @Sendable (Position) throws(LogError) -> Step
    private let growth: @Sendable (Position) async throws(LogError) -> Void

    /// A subscription for an implementation of `Log`.
    ///
    /// `look` reads a bounded page from a position; `growth` returns when there is an event at a position, or when its
    /// task is cancelled. Nothing from `end` on is wanted.
    package init(
        from start: Position, to end: Position?, look: @escaping @Sendable (Position) throws(LogError) -> Step,
        growth: @escaping @Sendable (Position) async throws(LogError) -> Void
    ) {
        self.start = start
        self.end = end
        self.look = look
        self.growth = growth
    }

    /// Begins to read at the subscription's position.
    public func makeAsyncIterator() -> Iterator {
        Iterator(position: start, end: end, look: look, growth: growth)
    }

    /// Reads page after page.
    public struct Iterator: AsyncIteratorProtocol {
        /// Where the next page begins: after everything that was delivered or did not match.
        public private(set) var position: Position
        private let end: Position?
        private let look: @Sendable (Position) throws(LogError) -> Step
        private let growth: @Sendable (Position) async throws(LogError) -> Void

        init(
            position: Position, end: Position?, look: @escaping @Sendable (Position) throws(LogError) -> Step,
            growth: @escaping @Sendable (Position) async throws(LogError) -> Void
        ) {
            self.position = position
            self.end = end
            self.look = look
            self.growth = growth
        }

        /// The next page, never empty; waits until there is one.
        ///
        /// Nil when the task is cancelled.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(LogError) -> [Event]? {
            while !Task.isCancelled {
                let step = try look(position)
                position = step.next
                if !step.events.isEmpty { return step.events }
                if let end, position >= end { return nil }
                if step.isAtEnd { try await growth(position) }
            }
            return nil
        }
    }
}

package import Deciders
package import Determinism

/// Says when work is cut short after its worker was asked to end.
///
/// Live it is a time; in replay it is in the record.
package protocol Interruption: Sendable {
    /// Returns when the step that was to be recorded at `place` should be cancelled; asked once the worker drains.
    func moment(forStepAt place: Place) async throws
}

/// Lets work go on for a time, or until somebody loses patience.
package struct GracePeriod: Interruption {
    private let length: Microseconds
    private let effects: Effects
    private let impatience: OneShot

    /// `impatience` ends the period at once when it happens.
    package init(_ length: Microseconds = .seconds(30), effects: Effects, impatience: OneShot = OneShot()) {
        self.length = length
        self.effects = effects
        self.impatience = impatience
    }

    package func moment(forStepAt place: Place) async throws {
        let (effects, length, impatience) = (effects, length, impatience)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await effects.pause(length) }
            group.addTask { try await impatience.wait() }
            try await group.next()
            group.cancelAll()
        }
    }
}

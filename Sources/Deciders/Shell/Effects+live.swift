package import Determinism

extension Effects {
    /// Effects that act: the time of a source, and pauses that wait.
    package static func live(_ time: TimeSource) -> Effects {
        Effects(
            time: { _ in time.time() },
            // In replay and in tests another takes its place.
            pause: { try await Task.sleep(for: $0.duration) },  // why: rules wait in time by this alone
            commonTime: { time.time() })
    }
}

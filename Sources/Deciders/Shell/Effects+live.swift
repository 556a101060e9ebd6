package import Determinism

extension Effects {
    /// Effects that act: the time of a source, and pauses that wait.
    package static func live(_ time: TimeSource) -> Effects {
        Effects(
            time: { _ in time.time() },
            // why: the one way in which what is decided by rules waits in time; in replay and in tests another takes its place.
            pause: { try await Task.sleep(for: $0.duration) }, commonTime: { time.time() })
    }
}

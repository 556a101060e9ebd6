package import Determinism

extension Effects {
    /// Effects that act: the time of a source, and pauses that wait.
    package static func live(_ time: TimeSource) -> Effects {
        Effects(time: { _ in time.now() }, pause: { try await Task.sleep(for: .microseconds($0.rawValue)) })
    }
}

package import Determinism

/// Keeps a worker from beginning jobs of a kind whose program keeps crashing.
///
/// After a crash none is begun for a while: full jitter under a ceiling that doubles with each crash in a row. After 20 in
/// a minute none is begun any more, until somebody resumes the kind or there is a new worker process.
package struct KindBreaker: Sendable {
    /// Why no more jobs of the kind are begun.
    package struct Pause: Equatable, Sendable {
        package let crashes: Int
        package let reason: String
        package let since: Timestamp
    }

    package static let mostCrashes = 20
    package static let window = Microseconds.minutes(1)
    static let backoff = RetryPolicy(base: .seconds(1), cap: .seconds(30))
    /// In code points.
    static let longestCrash = 200

    /// What keeps the draws of workers and kinds apart.
    private let seed: String
    /// When it crashed within the window, the latest last.
    private var recent: [Timestamp] = []
    private var streak = 0
    private var total = 0
    /// Before this none is begun; nil when it didn't crash since the last that ended well.
    package private(set) var notBefore: Timestamp?
    /// How its last crash was told; nil when it didn't crash since the last that ended well.
    package private(set) var lastCrash: String?
    package private(set) var pause: Pause?

    package init(worker: WorkerID, kind: String) { seed = "\(worker) \(kind)" }

    package func mayBegin(at now: Timestamp) -> Bool { pause == nil && (notBefore.map { $0 <= now } ?? true) }

    /// How often it crashed within the last minute.
    package func crashes(at now: Timestamp) -> Int { recent.count { now - $0 < Self.window } }

    /// An attempt crashed; the pause if this was one too many.
    package mutating func crashed(_ message: String, at now: Timestamp) -> Pause? {
        recent.removeAll { now - $0 >= Self.window }
        recent.append(now)
        streak += 1
        total += 1
        notBefore = now + Self.backoff.delay(after: streak, of: "\(seed) \(total)")
        lastCrash = message.prefix(codePoints: Self.longestCrash)
        guard pause == nil, recent.count >= Self.mostCrashes, let first = recent.first else { return nil }
        let reason =
            "\(recent.count) crashes in \((now - first).count / 1_000_000) s, the last: "
            + message.suffix(codePoints: WorkerKindPaused.longestReason - 100)
        let pause = Pause(crashes: recent.count, reason: reason, since: now)
        self.pause = pause
        return pause
    }

    /// Somebody wants jobs of the kind begun again; what crashed before counts no more.
    package mutating func resume() {
        recent = []
        streak = 0
        notBefore = nil
        lastCrash = nil
        pause = nil
    }

    /// An attempt ended with an answer.
    package mutating func answered() {
        streak = 0
        notBefore = nil
        lastCrash = nil
    }
}

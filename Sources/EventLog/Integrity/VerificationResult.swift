/// What re-hashing a whole log found.
public struct VerificationResult: Sendable, Equatable {
    /// Something that is not as it was written.
    public struct Fault: Sendable, Equatable {
        /// The first event that it concerns; nil when it concerns the log as a whole.
        public let position: Position?
        /// What was found.
        public let found: String

        /// Something that is not as it was written.
        public init(position: Position?, found: String) {
            self.position = position
            self.found = found
        }
    }

    /// The head that the log claims.
    public let claimed: TreeHead
    /// How many events are sound from the first on; all of them when there is no fault.
    public let soundEvents: UInt64
    /// The first fault; nil when the log is intact.
    public let fault: Fault?

    /// What was found.
    public init(claimed: TreeHead, soundEvents: UInt64, fault: Fault?) {
        self.claimed = claimed
        self.soundEvents = soundEvents
        self.fault = fault
    }

    /// Whether every byte is what the head is a hash of, and every index says the same.
    public var isIntact: Bool { fault == nil }
}

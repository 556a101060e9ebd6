package import EventLog

/// What somebody outside of a store brings along to judge it by: heads that were kept elsewhere, and keys that are known.
package struct Anchors: Sendable, Equatable {
    /// A head by itself.
    package var expected: ExpectedHead?
    /// Signed heads that were kept outside of the store.
    package var checkpoints: [SignedCheckpoint] = []
    /// Signed heads that the store keeps itself: it may not contradict them, but it vouches for nothing with them unless
    /// a known key or witness has signed one.
    package var kept: [SignedCheckpoint] = []
    /// Keys of logs that are trusted: one of them has to have signed.
    package var keys: [VerifierKey] = []
    /// Keys of witnesses that are trusted.
    package var witnesses: [VerifierKey] = []
    /// How many of the witnesses must have cosigned; nil asks for none.
    package var quorum: Int?

    package init() {}
}

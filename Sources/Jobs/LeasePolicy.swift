package import Determinism

/// How long a worker may keep a job without a sign of life, and how many lost leases make a job poison.
package struct LeasePolicy: Equatable, Sendable {
    /// From taking or renewing a lease to its deadline.
    package let length: Microseconds
    /// Leases that ran out while their worker lived, after which the job counts as poison.
    ///
    /// Such a job hangs whoever takes it.
    package let mostHangs: Int
    /// Leases lost in any way after which the job counts as poison.
    ///
    /// Far more than `mostHangs`: when a process is killed, all of its jobs lose their leases, and almost never is one of
    /// them the reason.
    package let mostCrashes: Int
    /// What should be left when something begins that doesn't renew it: half of the length, where nothing is known.
    package let longestStep: Microseconds

    package init(
        length: Microseconds, longestStep: Microseconds? = nil, mostHangs: Int = 3, mostCrashes: Int = 100
    ) {
        precondition(length > .zero, "a lease without length is lost at once")
        self.length = length
        self.longestStep = longestStep ?? length / 2
        self.mostHangs = mostHangs
        self.mostCrashes = mostCrashes
    }

    /// A lease that can't end within one call and the wait before it, so it needs renewing only before calls.
    ///
    /// A call ends some time after its timeout, when that is recorded.
    package static func covering(callTimeout: Microseconds, longestPause: Microseconds) -> LeasePolicy {
        LeasePolicy(
            length: callTimeout * 2 + longestPause,
            longestStep: callTimeout + min(callTimeout / 2, Microseconds.seconds(5)))
    }

    /// Whether a lease should be renewed before something long begins at `now`: less than half of it is left.
    package func isRenewalDue(deadline: Timestamp, now: Timestamp) -> Bool {
        deadline - now < length / 2
    }

    /// When something had better not begin under a lease: it isn't renewed yet, and might end before that does.
    ///
    /// Nil where there is no such time.
    package func gap(deadline: Timestamp) -> Range<Timestamp>? {
        guard longestStep > length / 2 else { return nil }
        return deadline - longestStep..<deadline - length / 2 + Microseconds(1)
    }

    /// Whether a job that lost its lease this often is given up.
    package func isPoison(hangs: Int, crashes: Int) -> Bool {
        hangs >= mostHangs || crashes >= mostCrashes
    }
}

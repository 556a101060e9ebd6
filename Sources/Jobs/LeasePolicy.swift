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

    package init(length: Microseconds, mostHangs: Int = 3, mostCrashes: Int = 100) {
        precondition(length > .zero, "a lease without length is lost at once")
        self.length = length
        self.mostHangs = mostHangs
        self.mostCrashes = mostCrashes
    }

    /// A lease that can't end within one call and the wait before it, so it needs renewing only before calls.
    package static func covering(callTimeout: Microseconds, longestPause: Microseconds) -> LeasePolicy {
        LeasePolicy(length: callTimeout * 2 + longestPause)
    }

    /// Whether a lease should be renewed before something long begins at `now`: less than half of it is left.
    package func isRenewalDue(deadline: Timestamp, now: Timestamp) -> Bool {
        deadline - now < length / 2
    }

    /// Whether a job that lost its lease this often is given up.
    package func isPoison(hangs: Int, crashes: Int) -> Bool {
        hangs >= mostHangs || crashes >= mostCrashes
    }
}

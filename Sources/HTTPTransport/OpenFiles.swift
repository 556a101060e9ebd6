import Glibc

/// How many files and sockets the system lets this process have open.
package enum OpenFiles {
    /// Allows at least so many, or as many as the process may allow itself: the usual 1,024 are too few for a thousand calls.
    package static func allow(_ count: Int) {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        let wanted = min(rlim_t(count), limit.rlim_max)
        guard limit.rlim_cur < wanted else { return }
        limit.rlim_cur = wanted
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}

internal import Glibc
internal import Synchronization

/// The environments that this process has open, so that none is opened twice.
///
/// LMDB's locks belong to the process and the file: closing a second opening would silently drop the locks of the first.
enum OpenEnvironments {
    /// A directory, whatever path or link leads to it.
    struct Identity: Hashable, Sendable {
        let device: UInt64
        let inode: UInt64
    }

    private static let holders = Mutex<[Identity: pid_t]>([:])

    /// Registers a directory; false if this process has it registered.
    ///
    /// What was inherited through `fork` doesn't count.
    static func register(_ identity: Identity) -> Bool {
        let process = getpid()
        return holders.withLock { holders in
            if holders[identity] == process { return false }
            holders[identity] = process
            return true
        }
    }

    static func unregister(_ identity: Identity) {
        holders.withLock { holders in holders[identity] = nil }
    }
}

import Glibc

/// Says when a file has been written to, by whichever process.
///
/// Linux tells through `inotify(7)`. Where that is missing or exhausted, every wait is a short sleep and the answer is
/// "perhaps"; so a caller always looks for itself.
struct FileChanges: ~Copyable {
    /// How long a wait takes when changes cannot be watched.
    private static let blindMilliseconds: Int32 = 25
    private let descriptor: Int32

    init(of path: String) {
        descriptor = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        if descriptor >= 0 { _ = unsafe inotify_add_watch(descriptor, path, UInt32(IN_MODIFY)) }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Returns when the file was changed since the last call, and after this long at the latest.
    ///
    /// The answer is whether a change was seen.
    func wait(milliseconds: Int32) -> Bool {
        guard descriptor >= 0 else {
            poll(nil, 0, min(milliseconds, FileChanges.blindMilliseconds))
            return false
        }
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&watched, 1, milliseconds) > 0 else { return false }
        unsafe withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
            while unsafe read(descriptor, buffer.baseAddress, buffer.count) > 0 {}
        }
        return true
    }

    /// Sleeps, so that changes that follow one another are seen together.
    static func pause(milliseconds: Int32) {
        poll(nil, 0, milliseconds)
    }
}

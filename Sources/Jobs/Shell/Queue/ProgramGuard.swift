import Glibc
import Synchronization

/// Ends the programs of this process when it is killed, whatever it is killed by.
///
/// A process of its own, a small shell in a group of its own, is told which process groups are under way, over a socket
/// that nobody else has. When this process ends, however it does, the socket does too, and the shell kills the groups that
/// are left. PR_SET_PDEATHSIG wouldn't do: it follows the thread that started the program, which may end long before the
/// process, and reaches the program alone and not what that started.
///
/// A group that isn't named any more by the time that its leader is reaped is never killed, so its number may be anybody's.
final class ProgramGuard: Sendable {
    /// The one of this process, started with the first program.
    static let shared = ProgramGuard()

    fileprivate struct State {
        var socket: CInt?
        var shell: pid_t = 0
        var groups: Set<pid_t> = []
    }

    /// The lock makes knowing a group and telling of it one step.
    private let state = Mutex(State())

    init() {}

    deinit { abandon() }

    /// A program leads this group from now on.
    func watch(_ group: pid_t) {
        state.withLock { state in
            state.groups.insert(group)
            if state.socket == nil { state.start() } else { state.tell("+ \(group)\n") }
        }
    }

    /// The group is ended, and its leader not yet reaped.
    func release(_ group: pid_t) {
        state.withLock { state in
            guard state.groups.remove(group) != nil else { return }
            state.tell("- \(group)\n")
        }
    }

    /// Ends the groups that are left, as the end of this process does.
    func abandon() {
        state.withLock { state in
            state.groups = []
            state.end()
        }
    }
}

extension ProgramGuard.State {
    /// What the shell runs: keeps the numbers between spaces, and kills those that are left at the end.
    ///
    /// Signals that a terminal or a service manager sends to all don't end it before its time.
    private static let script = """
        trap '' HUP INT QUIT TERM
        left=' '
        while read -r sign group; do
            case $sign in
            +) left="$left$group " ;;
            -) left="${left%% $group *} ${left#* $group }" ;;
            esac
        done
        for group in $left; do kill -s KILL -- "-$group"; done
        """

    /// Tells the shell; one that somebody killed is started anew, and told of all.
    fileprivate mutating func tell(_ line: String) {
        guard let socket, !send(line, to: socket) else { return }
        end()
        start()
    }

    /// Starts the shell and tells it of all groups; without one, on a machine that can't start it now, programs are on
    /// their own until the next one is started.
    fileprivate mutating func start() {
        var ends: [CInt] = [-1, -1]
        guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            return
        }
        defer { close(ends[1]) }
        guard let shell = Self.spawn(reading: ends[1]) else {
            close(ends[0])
            return
        }
        self.shell = shell
        socket = ends[0]
        let lines = groups.sorted().map { "+ \($0)\n" }.joined()
        if !lines.isEmpty, !send(lines, to: ends[0]) { end() }
    }

    /// Closes the socket, whereupon the shell kills what is left and ends.
    fileprivate mutating func end() {
        guard let socket else { return }
        close(socket)
        self.socket = nil
        while waitpid(shell, nil, 0) < 0, errno == EINTR {}
    }

    private func send(_ text: String, to socket: CInt) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            Glibc.send(socket, bytes.baseAddress, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count
        }
    }

    /// What this process has open, some of which others than ours may let programs inherit: a shell that lives as long as
    /// this process would keep the other ends of pipes waiting.
    private static func openFiles() -> [CInt] {
        guard let folder = opendir("/proc/self/fd") else { return [] }
        defer { closedir(folder) }
        var files: [CInt] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let file = CInt(name), file != dirfd(folder) { files.append(file) }
        }
        return files
    }

    private static func spawn(reading socket: CInt) -> pid_t? {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        guard posix_spawn_file_actions_init(&actions) == 0 else { return nil }
        defer { posix_spawn_file_actions_destroy(&actions) }
        guard posix_spawnattr_init(&attributes) == 0 else { return nil }
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawn_file_actions_adddup2(&actions, socket, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        for file in openFiles() where file > 2 { posix_spawn_file_actions_addclose(&actions, file) }
        posix_spawnattr_setflags(&attributes, CShort(POSIX_SPAWN_SETPGROUP))
        let words = ["sh", "-c", script]
        var arguments = words.map { word -> UnsafeMutablePointer<CChar>? in strdup(word) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var environment: [UnsafeMutablePointer<CChar>?] = [nil]
        var process = pid_t()
        let result = posix_spawn(&process, "/bin/sh", &actions, &attributes, &arguments, &environment)
        return result == 0 ? process : nil
    }
}

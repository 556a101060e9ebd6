import ArgumentParser

/// What the exit code of `cairn` says.
enum ExitStatus: Int32 {
    case done = 0
    case failed = 1
    case usage = 2
    /// The run came to its end, and some of its cells have no result.
    case incomplete = 3
    /// A replay or an audit found a difference.
    case differs = 4
    /// The store is missing, damaged, full, newer than this program, or can't be opened.
    case storeUnusable = 5

    var exitCode: ExitCode { ExitCode(rawValue) }
}

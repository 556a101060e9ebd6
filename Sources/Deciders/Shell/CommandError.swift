package import EventLog

/// Why a command had no effect.
package enum CommandError<Refusal: Error & Sendable & Equatable>: Error {
    /// The decider said no.
    case refused(Refusal)
    /// Others kept writing the stream; nothing was appended in this many attempts.
    case contended(StreamName, attempts: Int)
    /// The stream holds an event that this program can't read.
    case unreadable(CatalogueError)
    /// The log couldn't read or append.
    case log(LogError)
    /// The outside world didn't answer: the task was cancelled, or a replay has no record.
    case effect(any Error)
}

extension CommandError: StoreFailure {
    package var storeFailure: LogError? {
        switch self {
        case .log(let error): error
        case .effect(let error): LogError.found(in: error)
        case .refused, .contended, .unreadable: nil
        }
    }
}

extension CommandError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .refused(let refusal): "refused: \(refusal)"
        case .contended(let stream, let attempts): "\(stream) changed under each of \(attempts) attempts; try again"
        case .unreadable(let error): "\(error)"
        case .log(let error): "\(error)"
        case .effect(let error): "\(error)"
        }
    }
}

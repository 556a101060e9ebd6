package import EventLog

/// Why a read model isn't there to be asked.
package struct ViewError: StoreFailure, Equatable, Sendable {
    package enum Code: Equatable, Sendable {
        /// The projector can't fold an event; others go on.
        case projector
        /// A row isn't what this version of the projector writes.
        case row
        /// The directory of the read models can't be used.
        case store
        /// The log can't be read.
        case log
        /// The moment that was asked for isn't in the log.
        case moment
        /// No projector of this program has the name.
        case unknownName
    }

    package let code: Code
    /// The read model; nil when all are concerned.
    package let projector: String?
    /// The event that was being folded.
    package let position: Position?
    /// Its type.
    package let type: EventType?
    /// What was found, and what the reader can do.
    package let message: String
    /// Of a disk that is full or can't be written, which no rebuilding helps; else nil.
    package let storeFailure: LogError?

    package init(
        _ code: Code, of projector: String? = nil, position: Position? = nil, type: EventType? = nil, _ message: String,
        cause: LogError? = nil
    ) {
        storeFailure = cause.flatMap { [.full, .readOnly].contains($0.code) ? $0 : nil }
        self.code = code
        self.projector = projector
        self.position = position
        self.type = type
        self.message = message
    }
}

extension ViewError: CustomStringConvertible {
    package var description: String {
        let subject = projector.map { "read model \($0)" } ?? "read models"
        let place = position.map { " at event \($0)" } ?? ""
        let kind = type.map { " (\($0))" } ?? ""
        return subject + place + kind + ": " + message
    }
}

extension ViewError {
    /// What a projector threw at an event.
    static func stopped(_ projector: String, at event: Event, by error: any Error) -> ViewError {
        ViewError(
            .projector, of: projector, position: event.position, type: event.type,
            "it stopped: \(error). Other read models go on. Use a release whose \(projector) reads this event; "
                + "`cairn audit verify` tells whether the event itself is sound")
    }

    /// A committed row that can't be read.
    static func row(_ projector: String, _ error: any Error, at position: Position? = nil) -> ViewError {
        ViewError(
            .row, of: projector, position: position,
            "a row can't be read: \(error). `cairn replay rebuild` makes it anew; nothing is lost by that")
    }

    /// A failure of the directory that the read models are kept in.
    static func store(_ error: any Error, while doing: String) -> ViewError {
        (error as? ViewError) ?? store("\(doing): \(error)", cause: LogError.found(in: error))
    }

    /// The last system call on that directory failed.
    static func system(_ doing: String) -> ViewError {
        let error = LogError.system(doing)
        return store("\(error)", cause: error)
    }

    private static func store(_ found: String, cause: LogError?) -> ViewError {
        ViewError(
            .store, "\(found). The directory views/ may be deleted at any time; it is built again from the log",
            cause: cause)
    }

    /// A failure of the log below.
    static func log(_ error: any Error) -> ViewError {
        (error as? ViewError) ?? ViewError(.log, "the log can't be read: \(error)", cause: LogError.found(in: error))
    }
}

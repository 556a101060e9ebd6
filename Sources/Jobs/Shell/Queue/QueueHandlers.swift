import CanonicalJSON

/// Who does the jobs of which kind.
package struct QueueHandlers: Sendable {
    private let handlers: [String: any QueueHandler]

    /// Every worker knows the kinds `noop` and `wait`; given handlers come before them.
    package init(_ handlers: [String: any QueueHandler] = [:]) {
        let builtIn: [String: any QueueHandler] = [NoopHandler.kind: NoopHandler(), WaitHandler.kind: WaitHandler()]
        self.handlers = handlers.merging(builtIn) { given, _ in given }
    }

    package subscript(kind: String) -> (any QueueHandler)? { handlers[kind] }
    package func knows(_ kind: String) -> Bool { handlers[kind] != nil }
    package var kinds: [String] { handlers.keys.sorted() }

    /// How many jobs of each kind may run at once, for kinds whose handlers say so, in a worker with some slots.
    func limits(slots: Int) -> [String: KindPools.Limits] {
        var limits: [String: KindPools.Limits] = [:]
        for (kind, handler) in handlers { limits[kind] = handler.limits(slots: slots) }
        return limits
    }
}

extension QueueHandlers {
    /// Whose calls the jobs of each kind make, for kinds whose handlers say so.
    var providers: [String: ProviderID] { handlers.compactMapValues(\.provider) }
}

/// A handler whose answer needs no waiting, so that no task is made for it.
package protocol InstantHandler: QueueHandler {
    var answer: QueueResult { get }
}

extension NoopHandler: InstantHandler {
    package var answer: QueueResult { .completed(.object([:])) }
}

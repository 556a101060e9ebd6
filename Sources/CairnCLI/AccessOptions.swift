import ArgumentParser
import Cairn
import EventLog

/// What the commands share that the access trail records.
struct AccessOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Why, for the access trail (cairn audit trail), which bundles of runs with erased content show.",
            valueName: "text"))
    var reason: String?

    /// Records an access before it happens, and answers the head that it is of: what is handed out ends there.
    ///
    /// That is `head`, where something is made already, and else the log as it is. A store that can't be written is read all the same, with a warning.
    @discardableResult
    func record(_ what: Access, of head: TreeHead? = nil, in store: Store) async throws -> TreeHead {
        let receipt = try await AccessTrail.record(
            what, by: .user(Person.current), reason: reason, of: head, in: store.log)
        if let obstacle = receipt.obstacle {
            Terminal.complain("cairn: the access trail has nothing of this: \(obstacle)\n")
        }
        return receipt.head
    }

    func validate() throws {
        if reason == "" { throw ValidationError("--reason takes a text; found nothing") }
    }
}

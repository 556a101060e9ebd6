import ArgumentParser
import Cairn

/// The command `cairn doctor`.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look at the store, the libraries, the keys and the providers.",
        discussion: """
            Keys are never shown. A store that isn't there is bad if --store names it. A provider is asked only when its key is set. Exits with 5 when something is bad, \
            and with 2, like the commands that need it, when that is the file of keys alone.

            EXAMPLE
              cairn doctor --offline
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions

    @Flag(help: "Ask no provider.")
    var offline = false

    func run() async throws {
        let doctor = Doctor(storePath: store.path, isStoreRequired: store.store != nil, asksProviders: !offline)
        let findings = await doctor.examine()
        let layout = TableLayout<Diagnosis>()
            .column("") { $0.verdict.rawValue }
            .column("subject") { $0.subject }
            .column("found") { $0.message }
        try answer.output.print(findings, as: layout, nothing: "nothing was examined")
        let bad = findings.filter { $0.verdict == .bad }
        if bad.isEmpty { return }
        throw (bad.allSatisfy { $0.subject == Doctor.keyFileSubject } ? ExitStatus.usage : .storeUnusable).exitCode
    }
}

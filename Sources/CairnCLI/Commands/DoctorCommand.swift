import ArgumentParser
import Cairn

/// The command `cairn doctor`.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look at the store, the libraries, the keys and the providers.",
        discussion: """
            Keys are never shown. A provider is asked only when its key is set. Exits with 5 when something is bad.

            EXAMPLE
              cairn doctor --offline
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions

    @Flag(help: "Ask no provider.")
    var offline = false

    func run() async throws {
        let doctor = Doctor(
            storePath: store.path, isStoreRequired: store.store != nil, asksProviders: !offline)
        let findings = await doctor.examine()
        let layout = TableLayout<Diagnosis>()
            .column("") { $0.verdict.rawValue }
            .column("subject") { $0.subject }
            .column("found") { $0.message }
        try answer.output.print(findings, as: layout, nothing: "nothing was examined")
        if findings.contains(where: { $0.verdict == .bad }) { throw ExitStatus.storeUnusable.exitCode }
    }
}

import ArgumentParser
import Cairn
import Determinism
import EventLog

/// The command `cairn store encrypt`.
struct StoreEncryptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encrypt", abstract: "Seal the blobs of a store with keys of their own, those of the past too.",
        discussion: """
            Prompts, answers and files are sealed (AES-256-GCM) with a key for each subject or run, which \
            cairn audit redact drops: copies of the store lose them with it. The keys are in the store's directory keys/, \
            which no backup takes along: keep a copy of it elsewhere, since without it the blobs are lost. Events aren't \
            encrypted. Makes the store first if there is none.

            EXAMPLE
              cairn store encrypt --store study --reason "contract 12, section 4"
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions
    @OptionGroup var access: AccessOptions

    func run() async throws {
        try Store.log(at: store.path, .create).close()
        let receipt = try await StoreEncryption.encrypt(
            store.path, by: .user(Person.current), reason: access.reason)
        try answer.output.print(receipt) {
            "\(Quantities.counted(receipt.sealed, "blob")) sealed, and all that come; store key \(receipt.key)\n"
                + "keep a copy of \(store.path)/keys elsewhere: no backup holds it, and without it the blobs are lost\n"
        }
    }
}

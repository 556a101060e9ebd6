import ArgumentParser
import Cairn
import CanonicalJSON
import EventLog

/// The command `cairn audit key`.
struct AuditKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Make, show and replace the key that signs heads.",
        discussion: """
            The private half stays in the store's keys/ with mode 0600; it is never printed, and backups don't take it \
            along. The public half, a vkey of C2SP signed-note, is what others need to check signatures.

            EXAMPLE
              cairn audit key show > lab.vkey
            """,
        subcommands: [AuditKeyShowCommand.self, AuditKeyCreateCommand.self, AuditKeyRotateCommand.self],
        defaultSubcommand: AuditKeyShowCommand.self)
}

/// The command `cairn audit key show`.
struct AuditKeyShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print the public half of the key that signs now.")

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions

    func run() async throws {
        let log = try Store.log(at: store.path)
        defer { log.close() }
        guard let key = try StoreSigningKey.publicKeys(of: log).last else {
            throw Failure(.failed, "the store has no signing key", remedy: "`cairn audit key create` makes one")
        }
        try KeyAnswer(key, of: log).print(answer)
    }
}

/// The command `cairn audit key create`.
struct AuditKeyCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make the key, if there is none yet, and print its public half.")

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions
    @OptionGroup var signer: SignerOptions

    func run() async throws {
        let log = try Store.log(at: store.path)
        defer { log.close() }
        try KeyAnswer(try await signer.key(of: log).key, of: log).print(answer)
    }
}

/// The command `cairn audit key rotate`.
struct AuditKeyRotateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Make a new key in the place of the present one, whose private half is gone then.",
        discussion: "What the old key has signed stays valid for those who have its public half.")

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions
    @OptionGroup var signer: SignerOptions

    func run() async throws {
        let log = try Store.log(at: store.path)
        defer { log.close() }
        let old = try StoreSigningKey.publicKeys(of: log).last
        let key = try await signer.made(for: log)
        if let old { try await signer.record(.dropped, old, in: log) }
        try KeyAnswer(key.key, of: log).print(answer)
    }
}

/// What the commands about the key answer.
struct KeyAnswer: CanonicalEncodable {
    let key: VerifierKey
    let retired: [VerifierKey]

    init(_ key: VerifierKey, of log: LMDBLog) throws {
        self.key = key
        retired = try StoreSigningKey.publicKeys(of: log).filter { $0 != key }
    }

    func print(_ answer: OutputOptions) throws { try answer.output.print(self) { key.text + "\n" } }

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("cosignatureKey", key.of(kind: .cosignature).text)
        writer.field("key", key.text)
        writer.field("origin", key.name)
        writer.field("retired", retired.map(\.text))
        writer.endObject()
    }
}

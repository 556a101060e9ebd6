import ArgumentParser
import Cairn
import CanonicalJSON
import Determinism
import EventLog

/// Which bundle, and whose signature counts.
struct BundleOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("What `cairn bundle` wrote.", valueName: "file"))
    var file: String

    @Option(
        help: ArgumentHelp(
            "The public key of the operator, or a file of such: one of them must have signed.", valueName: "vkey"),
        transform: KeyArgument.init(argument:))
    var key: [KeyArgument] = []

    @Flag(help: "Reject a bundle of a run whose manifest isn't signed, as those of formats 1 to 3.")
    var signedManifest = false

    /// Checks the bundle, and prints what came of it; exits with 4 when something is wrong.
    func check(replaying: Bool, _ answer: OutputOptions) async throws {
        let verdict: BundleVerdict
        do {
            verdict = try await BundleCheck.run(
                file, trusting: key.flatMap(\.keys), replaying: replaying,
                requiringSignedManifest: signedManifest)
        } catch let error as BundleError {
            throw Failure(error.isUnreadable ? .usage : .failed, "can't read \(file): \(error)")
        }
        try answer.output.print(verdict) { verdict.text }
        if !verdict.isWhole { throw ExitStatus.differs.exitCode }
    }
}

/// The command `cairn bundle verify FILE`.
struct BundleVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check a bundle: nothing but the file is needed.",
        discussion: """
            Every file's digest, every record's hash, the proof, the signatures of the head and of the manifest; then \
            every derived event is derived again from what it cites. Says what was laid down before the first call, or what the run was forked of, and \
            counts what is withheld. Exits with 4 when something is wrong, and with 2 when the file can't be read.

            EXAMPLE
              cairn bundle verify run.cairn.zip --key cairn/store/…
            """)

    @OptionGroup var bundle: BundleOptions
    @OptionGroup var answer: OutputOptions

    func run() async throws { try await bundle.check(replaying: false, answer) }
}

/// The command `cairn bundle replay FILE`.
struct BundleReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Check a bundle, and make every number in it again.",
        discussion: """
            What verify does; then the read models are built from the events, and each of them and each table of the \
            report is compared with what the bundle says. Exits with 4 when something differs.

            EXAMPLE
              cairn bundle replay run.cairn.zip
            """)

    @OptionGroup var bundle: BundleOptions
    @OptionGroup var answer: OutputOptions

    func run() async throws { try await bundle.check(replaying: true, answer) }
}

/// The command `cairn bundle import FILE`.
struct BundleImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Make a store of a bundle, to query and replay.",
        discussion: """
            Checks what verify does first, and makes nothing of a bundle that isn't whole. Events keep their positions. \
            Where the original has events of others, the copy has log.withheld; without any, the copy has the \
            head of the original. The store must be new, and is there whole or not at all: after an interruption the same \
            command begins anew.

            EXAMPLE
              cairn bundle import run.cairn.zip --store copy && cairn query rankings --store copy
            """)

    @OptionGroup var bundle: BundleOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions

    func run() async throws {
        let report: BundleRestore.Report
        do {
            report = try await BundleRestore.run(
                bundle.file, into: store.path, trusting: bundle.key.flatMap(\.keys),
                requiringSignedManifest: bundle.signedManifest)
        } catch let error as BundleError {
            throw Failure(error.isUnreadable ? .usage : .failed, "can't import \(bundle.file): \(error)")
        }
        try answer.output.print(BundleImportAnswer(report: report)) {
            """
            \(Quantities.counted(report.events, "event")), \(Quantities.counted(Int(report.elsewhere), "place")) of others' events
            head \(report.head.size):\(report.head.root.hex)\(report.isOriginal ? ", the original's" : "")
            \(report.manifest)

            """
        }
    }
}

/// What `cairn bundle import` answers.
private struct BundleImportAnswer: CanonicalEncodable {
    let report: BundleRestore.Report

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("events", report.events)
        writer.field("head", report.head.root)
        writer.field("manifestSigned", report.isManifestSigned)
        if report.isManifestSigned { writer.field("manifestSigners", report.manifestSigners) }
        writer.field("original", report.isOriginal)
        writer.field("size", report.head.size)
        writer.field("withheld", report.elsewhere)
        writer.endObject()
    }
}

import ArgumentParser
import Cairn
import CanonicalJSON
import Determinism
import EventLog
import Jobs

/// One file for a reviewer, who needs nothing else.
struct BundleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bundle",
        abstract: "Hand a run to somebody in one file, which they check without this store.",
        discussion: """
            A bundle is a ZIP archive with the run's events and the proof that a signed head has them, exact requests and \
            responses, the report, schemas, RO-Crate metadata, and a README. The same run, head and key give the same \
            bytes.

            EXAMPLE
              cairn bundle 5kjf -o run.cairn.zip && cairn bundle verify run.cairn.zip
            """,
        subcommands: [
            BundleCreateCommand.self, BundleVerifyCommand.self, BundleReplayCommand.self, BundleImportCommand.self,
            BundleProveSampleCommand.self,
        ],
        defaultSubcommand: BundleCreateCommand.self)
}

/// The command `cairn bundle create RUN`, or `cairn bundle RUN`.
struct BundleCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Write a run as one file.",
        discussion: """
            Holds the run's events, and those of other runs that they cite, such as a call whose answer was reused. The \
            head that they are proven against is the first one that has them all, so that a bundle that is made later is \
            the same; the store's key signs it, and is made when it is first needed. Before it leaves, every record in it \
            is hashed again and must lead to that head, and the head to the one that was signed before.

            EXAMPLE
              cairn bundle create 5kjf -o run.cairn.zip --license https://spdx.org/licenses/CC-BY-4.0
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions
    @OptionGroup var signer: SignerOptions

    @OptionGroup var choice: RunChoice

    @Option(name: [.short, .long], help: ArgumentHelp("The file to write.", valueName: "file"))
    var output: String

    @Option(
        help: ArgumentHelp("Prove against the head of this size, of the first so many events.", valueName: "size"),
        transform: NumberArgument.size)
    var head: UInt64?

    @Option(help: ArgumentHelp("The licence of the data: a URL, or its name.", valueName: "licence"))
    var license: String?

    func run() async throws {
        let store = try Store.open(at: store.path)
        defer { store.close() }
        let id = try choice.only(in: store)
        let written = try await BundleWriter(store, run: id, license: license).write(
            to: output, size: head, signing: { try await signer.bundleSigner(of: store.log) },
            recording: { now in
                try await signer.access.record(
                    .export(format: "bundle", selection: ["run": id.rawValue], to: .file(output)), of: now, in: store)
            })
        try answer.output.print(BundleAnswer(file: output, written: written)) {
            let index = written.index
            let lines =
                [
                    "\(Quantities.counted(index.events, "event")) in \(output), \(Quantities.grouped(written.bytes)) bytes",
                    "head \(index.head.size):\(index.head.root.hex)",
                ] + (written.progress.note.map { [$0] } ?? []) + index.forks.flatMap(\.lines) + [
                    "signed by \(written.key)"
                ]
            return lines.map { $0 + "\n" }.joined()
        }
    }
}

/// What `cairn bundle create` answers.
private struct BundleAnswer: CanonicalEncodable {
    let file: String
    let written: BundleWriter.Written

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("bytes", written.bytes)
        writer.field("cells", written.progress.cells)
        writer.field("events", written.index.events)
        writer.field("file", file)
        if !written.index.forks.isEmpty { writer.field("forks", written.index.forks) }
        writer.field("head", written.index.head.root)
        writer.field("key", written.key.text)
        writer.field("run", written.index.run)
        writer.field("size", written.index.head.size)
        writer.field("stage", written.progress.stage)
        writer.field("withheld", written.index.withheld)
        writer.endObject()
    }
}

/// The command `cairn bundle prove-sample`.
struct BundleProveSampleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prove-sample", abstract: "Prove one sample to somebody in a file of a few kilobytes.",
        discussion: """
            Holds that the run and the sample's jobs were submitted, every call, the texts, and the scores, with proof \
            that a signed head has them. Nothing else of the run is given away. `cairn bundle verify` checks it; so does \
            `tools/verify_log.py --sample`, without Cairn.

            EXAMPLE
              cairn bundle prove-sample 5kjf --model careful --scenario spring -o sample.cairn.zip
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions
    @OptionGroup var signer: SignerOptions

    @OptionGroup var choice: RunChoice

    @Option(help: "The model's id in the experiment.")
    var model: String

    @Option(help: "The scenario's id.")
    var scenario: String

    @Option(help: "Which of the samples, from 1.")
    var sample = 1

    @Option(name: [.short, .long], help: ArgumentHelp("The file to write.", valueName: "file"))
    var output: String

    func run() async throws {
        let store = try Store.open(at: store.path)
        defer { store.close() }
        let id = try choice.only(in: store)
        let selection = ["model": model, "run": id.rawValue, "sample": "\(sample)", "scenario": scenario]
        let written: SampleProver.Written
        do {
            written = try await SampleProver(store, run: id).write(
                .init(model: model, scenario: scenario, sample: sample), to: output,
                signing: { try await signer.bundleSigner(of: store.log) },
                recording: { now in
                    try await signer.access.record(
                        .export(format: "sample", selection: selection, to: .file(output)), of: now, in: store)
                })
        } catch let error as BundleError {
            throw Failure(.usage, "\(error)")
        }
        let told: JSONObject = [
            "bytes": .number(Double(written.bytes)), "file": .string(output),
            "withheld": .array(written.withheld.map { .string($0.digest.hex) }),
        ]
        try answer.output.print(JSONValue.object(told)) {
            "\(Quantities.grouped(written.bytes)) bytes in \(output), signed by \(written.key)\n"
                + written.withheld.map { $0.note + "\n" }.joined()
        }
    }
}

import ArgumentParser
import Audit
import Cairn
import Determinism
import EventLog

/// The command `cairn audit verify`.
struct AuditVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check every record, hash, stream and blob, and say who vouches for the head.",
        discussion: """
            Says one of: broken at position N; intact but unanchored; intact and signed by a key; intact and witnessed by \
            k of n. A self-held tree shows that nothing was changed in place; only a head held elsewhere (--checkpoint, \
            --expect) or another's signature (--witness) shows that the whole store wasn't made anew. Exits with 4 when \
            something is wrong.

            EXAMPLE
              cairn audit verify --checkpoint monday.checkpoint --key lab.vkey
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var answer: OutputOptions
    @OptionGroup var trust: TrustOptions

    @Option(
        help: ArgumentHelp(
            "A head kept elsewhere: its root in hex, or SIZE:ROOT to check that the log has grown from it.",
            valueName: "head"),
        transform: ExpectedHead.init(argument:))
    var expect: ExpectedHead?

    @Option(
        name: [.customLong("checkpoint"), .customLong("against")],
        help: ArgumentHelp(
            "A file with a signed head that was kept elsewhere, or with several; may be given several times.",
            valueName: "file"),
        transform: CheckpointFile.init(argument:))
    var checkpoint: [CheckpointFile] = []

    func run() async throws {
        var anchors = Anchors()
        anchors.expected = expect
        anchors.checkpoints = checkpoint.flatMap(\.checkpoints)
        anchors.keys = trust.keys
        anchors.witnesses = trust.witnesses
        anchors.quorum = trust.quorum
        let log: LMDBLog
        do throws(LogError) {
            log = try Store.log(at: store.path, checksPages: true)
        } catch {
            try unreadable(error, .storeUnusable)
            throw error
        }
        defer { log.close() }
        do {
            anchors.kept = try KeptCheckpoints(of: log).all()
        } catch let error as LogError {
            try unreadable(error, .differs)
            throw error
        }
        var report = try Auditor(log: log, catalogue: Catalogues.events).verify(against: anchors)
        if PendingErasure(of: store.path).isPending { report.unfinishedErasure = PendingErasure.notice }
        try print(report)
        if !report.isValid { throw ExitStatus.differs.exitCode }
    }

    /// Reports damage that leaves nothing to verify; returns for other errors.
    private func unreadable(_ error: LogError, _ status: ExitStatus) throws {
        guard case .damaged(let position) = error.code else { return }
        try print(.unreadable(AuditFinding(position: position, message: "\(error)")))
        throw status.exitCode
    }

    private func print(_ report: AuditReport) throws {
        try answer.output.print(report) { report.text }
    }
}

extension ExpectedHead {
    fileprivate init(argument: String) throws {
        guard let head = ExpectedHead(argument) else {
            throw ValidationError("a head is 64 hex digits, or SIZE:ROOT with a size before them")
        }
        self = head
    }
}

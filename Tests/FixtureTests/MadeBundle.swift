import Audit
import Cairn
import EventLog
import Jobs
import Replay
import TestSupport
import Testing

/// A bundle with the place for what is made of it.
struct MadeBundle {
    let directory: TemporaryDirectory
    let written: BundleWriter.Written
    let key: StoreSigningKey
    var file: String { directory.path("run.cairn.zip") }

    /// `witness` signs the manifest, and the head, too, if it is to sign `both`.
    init(
        _ run: RunID, of store: Store, manifestBy witness: NoteSigner? = nil, signingBoth both: Bool = false
    ) async throws {
        directory = try TemporaryDirectory("bundled-fork")
        let log = store.log
        var known = try StoreSigningKey.read(of: log)
        if known == nil { known = try await StoreSigningKey.make(for: log) { _ in } }
        let key = try #require(known)
        self.key = key
        written = try await BundleWriter(store, run: run).write(
            to: directory.path("run.cairn.zip"),
            signing: {
                BundleSigner(keys: [key.key] + (witness.map { [$0.key] } ?? []), signer: witness ?? key.signer) {
                    size in
                    var head = try HeadSigning(log).sign(size: size, by: key)
                    if both, let witness { head.sign(by: witness) }
                    return head
                }
            })
    }

    /// A file of the bundle.
    func file(_ name: String) throws -> String {
        let script = "import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))"
        let read = try ChildProcess.run("/usr/bin/python3", ["-c", script, file, name])
        try #require(read.status == 0, "\(read.errorText)")
        return read.text
    }

    /// The files, unpacked in a directory of their own, and what the bundle's own program says of them.
    func judgedByPython(_ file: String, _ options: String...) throws -> ChildProcess.Result {
        let unpacked = directory.path("unpacked")
        let python = "/usr/bin/python3"
        for (archive, place) in [(self.file, unpacked + "-own"), (file, unpacked)] {
            try #require(try ChildProcess.run(python, ["-m", "zipfile", "-e", archive, place]).status == 0)
        }
        return try ChildProcess.run(python, [unpacked + "-own/verify.py", unpacked] + options)
    }

    /// What executing again comes to in the store that is made of it.
    func executed() async throws -> ExecutionReport {
        let path = directory.path("copy")
        _ = try await BundleRestore.run(file, into: path)
        let copy = try Store.open(at: path)
        defer { copy.close() }
        return try await ExecutionService(store: copy).run()
    }
}

/// A fork in a directory of its own.
final class ForkedStore: Sendable {
    let directory: TemporaryDirectory
    let parent: ImportedStore
    let runs: [RunID]
    let store: Store

    /// `change` is made of the first run.
    init(_ fixture: String, _ change: Substitution) async throws {
        directory = try TemporaryDirectory("fork")
        parent = try await Fixture(name: fixture).imported()
        let service = ForkService(parent: parent.store)
        runs = try service.runs(nil)
        _ = try await service.make(at: directory.path("fork"), with: [change], of: [runs[0]])
        store = try Store.open(at: directory.path("fork"))
    }

    deinit { store.close() }
}

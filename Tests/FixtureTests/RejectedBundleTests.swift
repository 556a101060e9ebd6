import Cairn
import EventLog
import Foundation
import Jobs
import TestSupport
import Testing

/// What `bundle verify` rejects makes no store.
@Suite struct RejectedBundleTests {
    /// Changes a bundle, and makes its manifest fit again.
    private static let tamper = """
        import hashlib, json, sys, zipfile
        source, target, what = sys.argv[1:]
        archive = zipfile.ZipFile(source)
        files = {name: archive.read(name) for name in archive.namelist() if name != "manifest-sha256.txt"}
        index = json.loads(files["bundle.json"])
        if what == "experiment": files["experiment.json"] += b" "
        if what == "blob": del files[next(name for name in files if name.startswith("blobs/"))]
        if what == "signature":
            text = files["checkpoint.txt"].decode()
            files["checkpoint.txt"] = (text[:-12] + ("A" if text[-12] != "A" else "B") + text[-11:]).encode()
        if what == "commitments": index["commitments"]["submitted"] += 1
        if what == "absent": del files["experiment.json"]
        if what == "name": index["experiment"] += "x"
        if what == "size": index["size"] += 1
        if what == "origin": index["origin"] += "x"
        files["bundle.json"] = json.dumps(index, sort_keys=True, separators=(",", ":")).encode()
        with zipfile.ZipFile(target, "w") as changed:
            for name, data in files.items(): changed.writestr(name, data)
            lines = ["%s  %s\\n" % (hashlib.sha256(files[name]).hexdigest(), name) for name in sorted(files)]
            changed.writestr("manifest-sha256.txt", "".join(lines))
        """

    private static func tampered(_ what: String) async throws -> (directory: TemporaryDirectory, file: String) {
        let source = try await Fixture(name: "clean-run").imported()
        let run = try #require(try Queries(source.store).runIDs(Queries.Selection()).first)
        let made = try await MadeBundle(run, of: source.store)
        let file = made.directory.path("changed.zip")
        let changed = try ChildProcess.run("/usr/bin/python3", ["-c", tamper, made.file, file, what])
        try #require(changed.status == 0, "\(changed.errorText)")
        return (made.directory, file)
    }

    @Test(arguments: ["experiment", "blob", "signature", "commitments", "size", "origin", "absent", "name"])
    func whatIsRejectedIsNotImported(what: String) async throws {
        let (directory, file) = try await Self.tampered(what)
        let verdict = try await BundleCheck.run(file)
        let problem = try #require(verdict.problems.first)
        let error = await #expect(throws: BundleError.self) {
            _ = try await BundleRestore.run(file, into: directory.path("copy"))
        }
        #expect(error?.message.hasPrefix(problem) == true, "\(problem)")
        let left = try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
        #expect(left == ["changed.zip", "run.cairn.zip"])
    }

    /// Packed anew alone, it is what it was.
    @Test func aBundleThatIsOnlyPackedAnewIsImported() async throws {
        let (directory, file) = try await Self.tampered("nothing")
        #expect(try await BundleCheck.run(file).isWhole)
        #expect(try await BundleRestore.run(file, into: directory.path("copy")).isOriginal)
    }
}

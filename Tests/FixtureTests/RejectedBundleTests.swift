import Cairn
import CanonicalJSON
import EventLog
import Foundation
import Jobs
import TestSupport
import Testing

/// What `bundle verify` rejects makes no store.
@Suite struct RejectedBundleTests {
    /// Changes a bundle, and makes its manifest fit again; takes the manifest's signature away, too, if that is wanted.
    private static let tamper = """
        import hashlib, json, sys, zipfile
        source, target, what, signature = sys.argv[1:]
        beside = ["manifest-sha256.txt", "manifest-signature.txt"]
        archive = zipfile.ZipFile(source)
        files = {name: archive.read(name) for name in archive.namelist() if name not in beside}
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
        if what == "kind": index["kind"] = "sample"
        if what.startswith("format="): index["format"] = json.loads(what[7:])
        if what == "origin": index["origin"] += "x"
        if what.startswith("-"): del files[what[1:]]
        elif "." in what: files[what] = files.get(what, b"") + b"\\n"
        if signature in ["stripped", "lowered"] and "format" not in what: index["format"] = 1
        files["bundle.json"] = json.dumps(index, sort_keys=True, separators=(",", ":")).encode()
        with zipfile.ZipFile(target, "w") as changed:
            for name, data in files.items(): changed.writestr(name, data)
            if what == "directory": changed.writestr("notes/", "hello")
            lines = ["%s  %s\\n" % (hashlib.sha256(files[name]).hexdigest(), name) for name in sorted(files)]
            changed.writestr(beside[0], "".join(lines))
            if signature in ["kept", "lowered"]: changed.writestr(beside[1], archive.read(beside[1]))
        """

    /// What becomes of the manifest's signature when a bundle is changed.
    enum Signature: String, CaseIterable {
        case kept
        /// Taken away, and the format lowered to one that has none.
        case stripped
        /// Taken away, and nothing else.
        case removed
        /// Left where it is, and the format lowered.
        case lowered
    }

    private static func made(manifestBy other: NoteSigner? = nil, signingBoth both: Bool = false) async throws
        -> MadeBundle
    {
        let source = try await Fixture(name: "clean-run").imported()
        let run = try #require(try Queries(source.store).runIDs(Queries.Selection()).first)
        return try await MadeBundle(run, of: source.store, manifestBy: other, signingBoth: both)
    }

    private static func tampered(
        _ what: String, _ signature: Signature
    ) async throws -> (made: MadeBundle, file: String) {
        let made = try await made()
        let file = made.directory.path("changed.zip")
        let changed = try ChildProcess.run(
            "/usr/bin/python3", ["-c", tamper, made.file, file, what, signature.rawValue])
        try #require(changed.status == 0, "\(changed.errorText)")
        return (made, file)
    }

    private static func expectNothing(of file: String, in directory: TemporaryDirectory, _ problem: String) async throws
    {
        let error = await #expect(throws: BundleError.self) {
            _ = try await BundleRestore.run(file, into: directory.path("copy"))
        }
        #expect(error?.message.hasPrefix(problem) == true, "\(problem)")
        let left = try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
        #expect(left == ["changed.zip", "run.cairn.zip"])
    }

    /// What the events, the proof and the head speak against is found without the manifest's signature, too.
    @Test(
        arguments: ["experiment", "blob", "signature", "commitments", "size", "origin", "absent", "name"],
        [Signature.kept, .stripped])
    func whatIsRejectedIsNotImported(what: String, signature: Signature) async throws {
        let (made, file) = try await Self.tampered(what, signature)
        let problem = try #require(try await BundleCheck.run(file).problems.first)
        try await Self.expectNothing(of: file, in: made.directory, problem)
    }

    /// No event speaks for these: the signed manifest alone does.
    @Test(arguments: [
        "README.md", "ro-crate-metadata.json", "schemas/events/run.submitted.v1.json", "verify.py", "keys.txt",
        "report/rankings.csv", "schemas/extra.txt", "blobs/extra.txt", "-README.md", "-verify.py",
    ])
    func aFileThatWasExchangedWithItsManifestIsNamed(what: String) async throws {
        let (made, file) = try await Self.tampered(what, .kept)
        let problem = try #require(try await BundleCheck.run(file, trusting: [made.key.key]).problems.first)
        let name = what.hasPrefix("-") ? String(what.dropFirst()) : what
        #expect(problem.hasPrefix(name + " "), "\(problem)")
        try await Self.expectNothing(of: file, in: made.directory, problem)
        let python = try made.judgedByPython(file)
        #expect(python.status == 4 && python.text.hasPrefix("BROKEN: \(name) "), "\(python.text)")
    }

    @Test func whatIsInNoFileOfABundleIsRefused() async throws {
        let (made, file) = try await Self.tampered("directory", .kept)
        let problem = try #require(try await BundleCheck.run(file, trusting: [made.key.key]).problems.first)
        #expect(problem == "it has bytes in the directory notes/, which nothing vouches for")
        try await Self.expectNothing(of: file, in: made.directory, problem)
    }

    @Test(arguments: [
        ("5", "5, of a newer program"), ("0", "0, which isn't a format that any Cairn has written"),
        ("-4", "-4, which isn't a format that any Cairn has written"),
        ("1.5", "1.5, which isn't a format that any Cairn has written"),
        ("\"4\"", "\"4\", which isn't a format that any Cairn has written"),
    ])
    func aFormatThatIsNotKnownIsOfANewerProgramOrOfNone(format: String, found: String) async throws {
        let (made, file) = try await Self.tampered("format=" + format, .stripped)
        let problem = try #require(try await BundleCheck.run(file).problems.first)
        #expect(problem.hasSuffix("$.format: expected format 1 or 2 or 3 or 4, found \(found)"), "\(problem)")
        try await Self.expectNothing(of: file, in: made.directory, problem)
    }

    @Test func theIndexOfASampleIsNoneOfABundle() async throws {
        let (made, file) = try await Self.tampered("kind", .stripped)
        let problem = "bundle.json says that it is a sample, and this is the bundle of a run"
        #expect(try await BundleCheck.run(file).problems == [problem])
        try await Self.expectNothing(of: file, in: made.directory, problem)
    }

    @Test func anImportCanAskForAKeyAndForASignedManifest() async throws {
        let (made, file) = try await Self.tampered("nothing", .stripped)
        let stranger = try NoteSigner(name: "stranger", seed: Array(repeating: 7, count: 32))
        for (keys, isRequired, problem) in [
            ([stranger.key], false, "none of the keys that were given has signed the head"),
            ([made.key.key], true, "its manifest isn't signed: it says that it is of format 1"),
        ] {
            let copy = made.directory.path("copy")
            let error = await #expect(throws: BundleError.self) {
                _ = try await BundleRestore.run(file, into: copy, trusting: keys, requiringSignedManifest: isRequired)
            }
            #expect(error?.message == problem)
        }
        let report = try await BundleRestore.run(file, into: made.directory.path("copy"), trusting: [made.key.key])
        #expect(!report.isManifestSigned && report.manifest.contains("events may have been left out"))
    }

    /// The events are as they were, so a blob that none of them names is told by the manifest's digest alone.
    @Test func aBlobThatNoEventNamesIsNotedInTheManifest() async throws {
        let empty = "blobs/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        let made = try await Self.made()
        let file = made.directory.path("changed.zip")
        let script = Self.tamper.replacing("if what == \"blob\":", with: "files[what] = b\"\"\nif what == \"blob\":")
        let changed = try ChildProcess.run("/usr/bin/python3", ["-c", script, made.file, file, empty, "kept"])
        try #require(changed.status == 0, "\(changed.errorText)")
        let problem = try #require(try await BundleCheck.run(file).problems.first)
        #expect(problem.hasPrefix("manifest-sha256.txt was changed after it was signed"), "\(problem)")
        let python = try made.judgedByPython(file)
        #expect(python.status == 4 && python.text.contains("manifest-sha256.txt was changed"), "\(python.text)")
    }

    /// What an older program would have written, and anybody can: it is told, and refused by those who ask for more.
    @Test(arguments: ["nothing", "README.md", "schemas/extra.txt"])
    func aBundleWhoseManifestIsNotSignedSaysSo(what: String) async throws {
        let (made, file) = try await Self.tampered(what, .stripped)
        let verdict = try await BundleCheck.run(file, trusting: [made.key.key])
        #expect(verdict.isWhole && verdict.isManifestSigned == false, "\(verdict.problems)")
        #expect(verdict.text.contains("its manifest isn't signed, as in all of format 1"), "\(verdict.text)")
        let strict = try await BundleCheck.run(file, trusting: [made.key.key], requiringSignedManifest: true)
        #expect(strict.problems == ["its manifest isn't signed: it says that it is of format 1"])
        let python = try made.judgedByPython(file, "--key", made.key.key.text)
        #expect(python.status == 0 && python.text.contains("the manifest isn't signed"), "\(python.text)")
    }

    @Test(arguments: [
        (Signature.removed, "manifest-signature.txt is missing"),
        (.lowered, "it has a manifest-signature.txt, and says"),
    ])
    func aSignatureThatIsHalfGoneIsNoticed(signature: Signature, found: String) async throws {
        let (made, file) = try await Self.tampered("nothing", signature)
        let problem = try #require(try await BundleCheck.run(file).problems.first)
        #expect(problem.hasPrefix(found), "\(problem)")
        try await Self.expectNothing(of: file, in: made.directory, problem)
        let python = try made.judgedByPython(file)
        #expect(python.status == 4 && python.text.contains("manifest-signature.txt"), "\(python.text)")
    }

    @Test func theKeyOfTheHeadMustHaveSignedTheManifest() async throws {
        let other = try NoteSigner.generated(name: "somebody")
        let made = try await Self.made(manifestBy: other)
        let problem = try await BundleCheck.run(made.file).problems.first
        #expect(problem == "manifest-signature.txt: no key has signed it that has signed the head")
        let python = try made.judgedByPython(made.file)
        #expect(python.status == 4 && python.text.contains("no key that has signed the head"), "\(python.text)")
    }

    /// Whoever has no key of the operator can sign everything anew, and is found out by who knows the operator's.
    @Test func aManifestThatAnotherKeySignedIsRejectedByWhoKnowsTheOperators() async throws {
        let other = try NoteSigner.generated(name: "somebody")
        let made = try await Self.made(manifestBy: other, signingBoth: true)
        let verdict = try await BundleCheck.run(made.file)
        #expect(verdict.isWhole && verdict.manifestSigners == [other.key.text], "\(verdict.problems)")
        #expect(Set(verdict.signers) == [made.key.key.text, other.key.text])
        // Whose word the other files are is said wherever the operator's key isn't given.
        let report = try await BundleRestore.run(made.file, into: made.directory.path("copy"))
        #expect(report.manifestSigners == [other.key.text])
        let answer = try JSONParser.parse(verdict.canonicalBytes())
        #expect(answer["manifestSigners"] == [.string(other.key.text)])
        let tools = Fixture.directory.deletingLastPathComponent().appendingPathComponent("tools")
        let stranger = try ChildProcess.run(
            "/usr/bin/python3", [tools.appendingPathComponent("verify_log.py").path, "--bundle", made.file])
        #expect(stranger.status == 0, "\(stranger.text) \(stranger.errorText)")
        for text in [verdict.text, report.manifest, try made.judgedByPython(made.file).text, stranger.text] {
            #expect(text.contains("manifest is signed, too, by \(other.key.text)"), "\(text)")
            #expect(text.contains("not signed by \(made.key.key.text): of files that"), "\(text)")
        }
        let problems = try await BundleCheck.run(made.file, trusting: [made.key.key]).problems
        #expect(problems == ["manifest-signature.txt: none of the keys that were given has signed it"])
        let python = try made.judgedByPython(made.file, "--key", made.key.key.text)
        #expect(python.status == 4 && python.text.contains("no key that you gave"), "\(python.text)")
    }

    /// Packed anew alone, it is what it was.
    @Test func aBundleThatIsOnlyPackedAnewIsImported() async throws {
        let (made, file) = try await Self.tampered("nothing", .kept)
        let verdict = try await BundleCheck.run(file, trusting: [made.key.key])
        #expect(verdict.isManifestSigned == true && verdict.manifestSigners == [made.key.key.text])
        #expect(!verdict.text.contains("not signed by"), "\(verdict.text)")
        #expect(try await BundleRestore.run(file, into: made.directory.path("copy")).isOriginal)
    }

    @Test func twoBundlesOfARunAreTheSame() async throws {
        let source = try await Fixture(name: "clean-run").imported()
        let run = try #require(try Queries(source.store).runIDs(Queries.Selection()).first)
        let (one, two) = (try await MadeBundle(run, of: source.store), try await MadeBundle(run, of: source.store))
        #expect(FileManager.default.contentsEqual(atPath: one.file, andPath: two.file))
    }

    @Test func theProofOfASampleHasNothingBesideIt() async throws {
        let source = try await Fixture(name: "clean-run").imported()
        let run = try #require(try Queries(source.store).runIDs(Queries.Selection()).first)
        let made = try await MadeBundle(run, of: source.store)
        let file = made.directory.path("sample.zip")
        _ = try await SampleProver(source.store, run: run).write(
            .init(model: "careful", scenario: "spring", sample: 1), to: file,
            signing: { try BundleSigner(made.key, of: source.store.log) })
        #expect(try await BundleCheck.run(file).isManifestSigned == nil)
        let script = """
            import sys, zipfile
            archive, name, copy = sys.argv[1:]
            files = {entry: zipfile.ZipFile(archive).read(entry) for entry in ("sample.json", "README.md")}
            with zipfile.ZipFile(copy, "w") as changed:
                for entry, data in (files | {name: b"x"}).items(): changed.writestr(entry, data)
            """
        for (name, expected) in [
            ("notes.txt", "notes.txt was added: the proof of a sample is sample.json and nothing else"),
            ("README.md", "README.md isn't the text that is written with a sample: it was changed"),
        ] {
            let copy = made.directory.path("changed.zip")
            try #require(try ChildProcess.run("/usr/bin/python3", ["-c", script, file, name, copy]).status == 0)
            #expect(try await BundleCheck.run(copy).problems.first == expected)
        }
    }
}

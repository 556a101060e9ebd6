import Determinism
import EventLog
import Jobs
import Replay

/// The text that a reviewer reads first.
struct BundleReadme {
    let index: BundleIndex
    let progress: BundledProgress
    /// Answers that the run was given from calls of others.
    let reused: [ReusedAnswers]

    var text: String {
        """
        # \(Self.plain(index.experiment)): run \(index.run.rawValue)

        \(subject) \(counted(index.events, "event")), proven against the head of a log of \
        \(counted(index.head.size, "event")):

            \(index.head.root.hex)

        ## Check it with Cairn

            cairn bundle verify FILE    # every hash, the proof, the signatures; each derived event is derived again
            cairn bundle replay FILE    # every number of the report is made again from the events, and compared
            cairn bundle import FILE --store copy    # a store to query: cairn query rankings --store copy

        No network, no keys and no other store are needed.

        ## Check it without

            unzip FILE -d bundle && python3 bundle/verify.py bundle

        `verify.py` needs Python 3.8 and nothing else. It computes the digest of every file, rebuilds every record from \
        its line in events/, hashes them up to the head, and checks the Ed25519 signatures of the head and of the \
        manifest. Whoever exchanges files can exchange it, too: take one from elsewhere if you trust nobody.

        ## What a good result says

        A signature by a key that you know to be the operator's says that the operator's log held these events when the \
        head was signed, and that the operator's program wrote all other files of this bundle. A key that you know only from this bundle says that the bundle is whole, not who made it: ask \
        for the key by another way, and give it with --key. Compare the head with one that somebody else has kept to be \
        sure that the log wasn't made anew.
        \(index.forks.isEmpty ? commitments : forks)
        ## What is in it

        | file | what |
        | --- | --- |
        | bundle.json | what the bundle holds; the code that derived something, by name and version |
        | checkpoint.txt, keys.txt | the signed head (C2SP tlog-checkpoint), and the public keys of the store |
        | proof.json | one inclusion proof (RFC 6962) for all events: the hashes of the parts of the tree without any |
        | events/ | the events, one canonical JSON object (RFC 8785) a line |
        | blobs/ | exact requests, responses and definitions, each named by its SHA-256 |
        | experiment.json | \(index.experimentDescription) |
        | report/ | ranking, usage and scores, as CSV, Markdown and HTML |
        | schemas/ | JSON Schemas of the events |
        | ro-crate-metadata.json | the same for machines (RO-Crate 1.1, Process Run Crate 0.5) |
        | manifest-sha256.txt | the SHA-256 of every other file |
        | manifest-signature.txt | the manifest, signed by the key of the head (C2SP signed-note) |
        \(withheld)
        """
    }

    /// A text of somebody else's, without effect in Markdown.
    private static func plain(_ text: String) -> String {
        text.inOneLine.reduce(into: "") { plain, character in
            if "\\`*_{}[]()<>#+!|&".contains(character) { plain.append("\\") }
            plain.append(character)
        }
    }

    /// The same as code, in which no character but the one that ends it has an effect.
    private static func code(_ text: String) -> String {
        "`" + String(text.inOneLine.map { $0 == "`" ? "'" : $0 }) + "`"
    }

    private var subject: String {
        (index.forks.isEmpty
            ? "Everything that one run of an LLM experiment \(deeds)\(progress.isUnfinished ? " so far" : ""), as it "
                + "was recorded, with proof that nothing was changed since."
            : "A fork of one run of an LLM experiment: what was recorded of it, with some of it changed and what follows from "
                + "that derived anew. This isn't the run as it was recorded first. There is proof that nothing was "
                + "changed since the fork was made.") + (progress.sentence.map { " " + $0 } ?? "")
    }

    private var deeds: String {
        index.words(
            asked: "asked and was answered", scored: "asked, was answered and scored",
            ranked: "asked, was answered, scored and ranked")
    }

    private var forks: String {
        let parents = index.forks.map { fork in
            let changes = fork.changes.map { "\n- \($0.kind): \(Self.code($0.text))" }.joined()
            return """
                Made of the first \(counted(fork.head.size, "event")) of the store \(fork.parent), whose head was

                    \(fork.head.root.hex)

                Changed\(fork.changes.isEmpty ? ": nothing" : "") of \(fork.runs.map { "the run \($0)" }.joined(separator: ", ")):
                \(changes)

                """
        }
        return """

            ## What it is a fork of

            \(parents.joined(separator: "\n"))
            The log of a fork is written after everything that it takes over, so positions in it don't say what was laid \
            down before the first call: a bundle of the run in the parent does. Neither is the parent in this bundle; its \
            head is what the fork says of it. The event at position \(index.commitments.submitted) has the definition as the fork has \
            it: \(index.commitments.definition.hex).

            """
    }

    private var commitments: String {
        let given = index.commitments
        guard given.firstCall.map({ given.submitted < $0 }) ?? !reused.isEmpty else { return "" }
        let own = reused.isEmpty ? "the first call" : "the run's first call of its own"
        let first = given.firstCall.map { "\(own) is at position \($0)" } ?? "the run made no call of its own"
        let title = given.firstCall == nil ? "" : " before the first call\(reused.isEmpty ? "" : " of its own")"
        let rubrics = given.rubrics.sorted { $0.key < $1.key }.map {
            "\n- the rubric of \(Self.plain($0.key)): \($0.value.hex)"
        }
        return """

            ## What was laid down\(title)

            The event at position \(given.submitted) names these digests; \(first). \
            Positions are places in the proven tree, so nobody could choose them afterwards.

            - the definition: \(given.definition.hex)\(given.dataset.map { "\n- the data set: \($0.hex)" } ?? "")\
            \(rubrics.joined())
            \(reusedAnswers)
            """
    }

    private var reusedAnswers: String {
        guard !reused.isEmpty else { return "" }
        return """

            Not all answers were asked for by this run:
            \(reused.map { "\n- \($0.text)" }.joined())

            What was laid down before the calls of another run, that run says: ask for a bundle of it.

            """
    }

    private var withheld: String {
        guard !index.withheld.isEmpty else { return "" }
        let isOne = index.withheld.count == 1
        return """

            ## What is withheld

            \(counted(index.withheld.count, "blob")) that events name \(isOne ? "isn't" : "aren't") here, such as texts \
            that were erased. \(isOne ? "Its digest is" : "Their digests are") in bundle.json. What follows from them can't be derived again, and `cairn bundle verify` says so.

            """
    }
}

extension BundleIndex {
    /// What `experiment.json` is.
    var experimentDescription: String {
        forks.isEmpty ? "the experiment as it was submitted" : "the experiment as the fork has it"
    }
}

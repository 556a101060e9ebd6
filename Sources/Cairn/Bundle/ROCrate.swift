import CanonicalJSON
import Determinism
import EventLog
import Jobs

/// The metadata of a bundle as RO-Crate 1.1 with the profile Process Run Crate 0.5: the run is an action, Cairn and each
/// pure function are its instruments.
struct ROCrate {
    let index: BundleIndex
    let progress: BundledProgress
    /// When the run was submitted.
    let started: Timestamp
    /// When it ended; nil for one that didn't.
    let ended: Timestamp?
    /// When the last of the events was recorded.
    let last: Timestamp
    /// A URL or the name of a licence; nil when the author didn't say.
    let license: String?
    /// Every file but the crate's own metadata and the manifest.
    let files: [BundleFile]

    private static let profile = "https://w3id.org/ro/wfrun/process/0.5"
    private static let context = "https://w3id.org/ro/crate/1.1/context"
    private static let program = "#cairn"

    func bytes() -> [UInt8] {
        let crate: JSONValue = .object([
            "@context": .string(Self.context),
            "@graph": .array(
                [descriptor, root, profileEntity, licenseEntity, action, software, operatorEntity] + parents
                    + entities),
        ])
        return crate.canonicalBytes() + [UInt8(ascii: "\n")]
    }

    private static func reference(_ id: String) -> JSONValue { .object(["@id": .string(id)]) }

    private var descriptor: JSONValue {
        .object([
            "@id": .string(BundleNames.crate), "@type": .string("CreativeWork"), "about": Self.reference("./"),
            "conformsTo": Self.reference("https://w3id.org/ro/crate/1.1"),
        ])
    }

    private var root: JSONValue {
        guard !index.forks.isEmpty, case .object(var crate) = unforked else { return unforked }
        crate["description"] = .string(
            "A fork of a run of the LLM experiment \(index.experiment): what was recorded of it, with changes ("
                + index.forks.map(\.title).joined(separator: "; ")
                + "), and proof that nothing was changed since the fork "
                + "was made: README.md says how to check it." + state)
        crate["isBasedOn"] = .array(index.forks.indices.map { Self.reference(Self.parent($0)) })
        return .object(crate)
    }

    private static func parent(_ number: Int) -> String { "#parent-\(number + 1)" }

    /// The logs that forks were made of.
    private var parents: [JSONValue] {
        index.forks.enumerated().map { number, fork in
            .object([
                "@id": .string(Self.parent(number)), "@type": .string("Dataset"),
                "description": .string(
                    "What the fork was made of, which isn't in this bundle. Changed of the runs "
                        + fork.runs.joined(separator: ", ") + ": \(fork.title)"),
                "identifier": .string("\(fork.head.size):\(fork.head.root.hex)"),
                "name": .string("The log of the store \(fork.parent), its first \(counted(fork.head.size, "event"))"),
            ])
        }
    }

    /// As it is of a run that isn't a fork's.
    private var unforked: JSONValue {
        .object([
            "@id": .string("./"), "@type": .string("Dataset"), "conformsTo": Self.reference(Self.profile),
            "datePublished": .string((ended ?? last).text),
            "description": .string(
                "A run of the LLM experiment \(index.experiment), with every \(contents), and proof that nothing was changed: README.md says how to check it."
                    + state),
            "hasPart": .array(parts.map { Self.reference($0.id) }),
            "identifier": .string(index.run.rawValue),
            "license": Self.reference(licenseID), "mentions": .array([Self.reference("#run")]),
            "name": .string("\(index.experiment), run \(index.run.rawValue)"),
        ])
    }

    private var profileEntity: JSONValue {
        .object([
            "@id": .string(Self.profile), "@type": .string("CreativeWork"), "name": .string("Process Run Crate"),
            "version": .string("0.5"),
        ])
    }

    private var licenseID: String {
        guard let license, license.hasPrefix("https://") || license.hasPrefix("http://") else { return "#license" }
        return license
    }

    private var licenseEntity: JSONValue {
        .object([
            "@id": .string(licenseID), "@type": .string("CreativeWork"),
            "description": .string(
                license == nil
                    ? "The bundle was made without a licence; ask the authors before using it further."
                    : "The licence that the authors named for this bundle."),
            "name": .string(license ?? "No licence stated"),
        ])
    }

    private var state: String { progress.sentence.map { " " + $0 } ?? "" }

    private var contents: String {
        index.words(asked: "call", scored: "call and score", ranked: "call, score and ranking")
    }

    private var deeds: String {
        index.words(
            asked: "Models were asked", scored: "Models were asked, and judges scored their answers",
            ranked: "Models were asked, judges scored their answers, and the models were ranked")
    }

    private var action: JSONValue {
        var action: JSONObject = [
            "@id": .string("#run"), "@type": .string("CreateAction"),
            "actionStatus": Self.reference(
                "http://schema.org/" + (progress.isComplete ? "CompletedActionStatus" : "FailedActionStatus")),
            "agent": Self.reference("#operator"),
            "description": .string("\(deeds); \(counted(index.events, "event")).\(state)"),
            "instrument": Self.reference(Self.program),
            "name": .string("Run \(index.run.rawValue) of \(index.experiment)"),
            "object": .array([Self.reference(BundleNames.experiment)]),
            "result": .array(
                parts.filter { $0.id.hasPrefix(BundleNames.report) || $0.id == BundleNames.events }
                    .map { Self.reference($0.id) }),
            "startTime": .string(started.text),
        ]
        if let ended { action["endTime"] = .string(ended.text) }
        return .object(action)
    }

    private var software: JSONValue {
        .object([
            "@id": .string(Self.program), "@type": .string("SoftwareApplication"),
            "description": .string(
                "Derived events by these pure functions: "
                    + index.code.map { "\($0.function.name) v\($0.function.version)" }.joined(separator: ", ")),
            "name": .string("Cairn"), "softwareVersion": .string(index.cairn),
        ])
    }

    private var operatorEntity: JSONValue {
        .object([
            "@id": .string("#operator"), "@type": .string("Organization"),
            "name": .string("The operator of the store \(index.origin)"),
        ])
    }

    private var entities: [JSONValue] {
        parts.map { part in
            var object: JSONObject = [
                "@id": .string(part.id), "@type": .string(part.isDirectory ? "Dataset" : "File"),
                "name": .string(part.name),
            ]
            if let format = part.format { object["encodingFormat"] = .string(format) }
            if let size = part.size { object["contentSize"] = .string("\(size)") }
            return .object(object)
        }
    }

    private struct Part {
        let id: String
        let name: String
        var isDirectory = false
        var format: String?
        var size: Int?
    }

    /// Files by themselves; those of the large directories by the directory.
    private var parts: [Part] {
        let directories = [
            (BundleNames.blobs, "Exact requests, responses and definitions, each named by its SHA-256"),
            (BundleNames.events, "The run's events, one canonical JSON object a line"),
            (BundleNames.schemas, "JSON Schemas of the events"),
        ]
        let present = directories.filter { directory in files.contains { $0.name.hasPrefix(directory.0) } }
        let single = files.filter { file in !directories.contains { file.name.hasPrefix($0.0) } }
        return present.map { Part(id: $0.0, name: $0.1, isDirectory: true) }
            + single.map { file in
                Part(
                    id: file.name, name: description(of: file.name), format: Self.format(file.name),
                    size: file.size)
            }
    }

    private func description(of name: String) -> String {
        if name == BundleNames.experiment, !index.forks.isEmpty { return "The experiment as the fork has it" }
        return Self.descriptions[name] ?? name
    }

    private static let descriptions = [
        BundleNames.index: "What the bundle holds, and the head that its events are proven against",
        BundleNames.checkpoint: "The signed head of the log (C2SP tlog-checkpoint)",
        BundleNames.keys: "The public keys of the store",
        BundleNames.proof: "Inclusion proof of all events at once (RFC 6962)",
        BundleNames.experiment: "The experiment as it was submitted",
        BundleNames.readme: "How to check the bundle",
        BundleNames.verifier: "Checks the bundle without Cairn",
    ]

    private static func format(_ name: String) -> String? {
        switch name.split(separator: ".").last {
        case "json": "application/json"
        case "csv": "text/csv"
        case "html": "text/html"
        case "md": "text/markdown"
        case "py": "text/x-python"
        case "txt": "text/plain"
        default: nil
        }
    }
}

/// A file of a bundle, as it was written.
struct BundleFile: Equatable {
    let name: String
    let size: Int
    let digest: Digest
}

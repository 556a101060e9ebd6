package import CanonicalJSON
import Determinism
import EventLog
import Jobs
import Scoring

/// What checking a bundle came to.
package struct BundleVerdict: Sendable {
    /// What is wrong, in the order in which it was found; empty when nothing is.
    package internal(set) var problems: [String] = []
    package internal(set) var index: BundleIndex?
    package internal(set) var files = 0
    package internal(set) var blobs = 0
    /// Keys whose signature of the head is right.
    package internal(set) var signers: [String] = []
    /// Whether one of them was known from elsewhere; nil when none was given.
    package internal(set) var isTrusted: Bool?
    /// Whether a key that has signed the head has signed the manifest; nil for a sample, which has none.
    package internal(set) var isManifestSigned: Bool?
    /// Those of `signers` whose signature of the manifest is right.
    package internal(set) var manifestSigners: [String] = []
    /// Derived events that were derived again, whatever came out.
    package internal(set) var verified = 0
    /// Those of them that came out otherwise.
    package internal(set) var diverged = 0
    /// Derived events that can't be derived again, since what they take is withheld.
    package internal(set) var underivable = 0
    /// Numbers that were made again: files of the report and read models; nil when that wasn't asked for.
    package internal(set) var compared: Int?
    /// How many blobs a report in words names one by one.
    private static let mostNamed = 20

    /// Events under the head that aren't in the bundle: of them it has only the hashes that the proof needs.
    package internal(set) var elsewhere: UInt64 = 0
    /// Answers that the run was given from calls of others.
    package internal(set) var reused: [ReusedAnswers] = []
    /// The labels of a sample; empty for a run.
    package internal(set) var labels: [String: String] = [:]
    /// How far the run had come; nil for a sample, and where the events don't say.
    package internal(set) var progress: BundledProgress?

    package var isWhole: Bool { problems.isEmpty }

    /// The strongest thing that can honestly be said.
    package var verdict: String {
        if !isWhole { return "broken" }
        return isTrusted == true ? "signed" : "wholeByKeysInside"
    }

    /// For people, a fact a line.
    package var text: String {
        var lines: [String] = []
        if isWhole {
            lines.append(
                isTrusted == true
                    ? "whole, and its head is signed by a key that you trust"
                    : "whole, and signed by a key that is known from the bundle alone; give the operator's with --key")
        } else {
            lines.append("BROKEN: \(problems[0])")
            lines += problems.dropFirst().prefix(20).map { "also: \($0)" }
        }
        if let index {
            lines.append(
                "run \(index.run) of \(index.experiment), \(counted(index.events, "event")), "
                    + "\(counted(blobs, "blob")), \(counted(files, "file"))")
            if let note = progress?.note { lines.append(note) }
            if !labels.isEmpty {
                lines.append(labels.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
            }
            lines.append("head \(index.head.size):\(index.head.root.hex)")
            lines += index.forks.flatMap(\.lines)
            if index.forks.isEmpty { lines += Self.lines(on: index.commitments, reused) }
            lines += Self.lines(on: index.withheld, elsewhere: elsewhere)
        }
        lines += signers.map { "signed by \($0)" }
        if isWhole { lines += linesOnManifest }
        lines.append(
            (diverged == 0
                ? "\(counted(verified, "derived event")) derived again"
                : "\(counted(verified - diverged, "derived event")) came out again, \(diverged) didn't")
                + (underivable == 0 ? "" : ", \(underivable) can't be"))
        if let compared { lines.append("\(compared) tables and read models made again") }
        // Names, labels and problems are what somebody else wrote: none of them may pass for a line of this report.
        return lines.map { $0.inOneLine + "\n" }.joined()
    }

    /// What the run laid down, and before what; nothing of a run that has no call.
    private static func lines(on given: BundleIndex.Commitments, _ reused: [ReusedAnswers]) -> [String] {
        let isBefore = given.firstCall.map { given.submitted < $0 } ?? !reused.isEmpty
        guard isBefore else { return [] }
        let own = reused.isEmpty ? "" : " of its own"
        let call =
            given.firstCall.map { "before the first call\(own) at position \($0)" } ?? "without a call of its own"
        var lines = ["laid down at position \(given.submitted), \(call): definition \(given.definition.hex)"]
        lines += given.rubrics.sorted { $0.key < $1.key }.map { "  rubric of \($0.key) \($0.value.hex)" }
        if let dataset = given.dataset { lines.append("  data set \(dataset.hex)") }
        return lines + reused.map { "  \($0.text)" }
    }

    /// Who has signed the manifest, and what that says; none for a sample.
    var linesOnManifest: [String] {
        guard let index, let isManifestSigned else { return [] }
        guard isManifestSigned else {
            return [
                "its manifest isn't signed, as in all of format \(index.format.rawValue): events may have been left out, also "
                    + "those which tell of a fork or of an earlier call, and README.md, ro-crate-metadata.json, schemas/, "
                    + "verify.py and files beside them may be somebody else's"
            ]
        }
        let others = signers.filter { !manifestSigners.contains($0) }
        return [
            "its manifest is signed, too, by \(manifestSigners.joined(separator: " and ")): no file was exchanged or added since"
        ] + others.map { "not signed by \($0): of files that aren't events or blobs that key says nothing" }
    }

    private static func lines(on withheld: [Digest], elsewhere: UInt64) -> [String] {
        var lines: [String] = []
        if elsewhere > 0 {
            lines.append("withheld: \(counted(elsewhere, "other event")) of the log, shown by hashes alone")
        }
        guard !withheld.isEmpty else { return lines }
        lines.append("withheld: \(counted(withheld.count, "blob")) that events name")
        lines += withheld.prefix(mostNamed).map { "  blob \($0.hex)" }
        if withheld.count > mostNamed { lines.append("  and \(withheld.count - mostNamed) more; --json names all") }
        return lines
    }
}

extension BundleVerdict: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("blobs", blobs)
        writer.optionalField("cells", progress?.cells)
        writer.optionalField("commitments", index?.commitments)
        writer.optionalField("compared", compared)
        writer.field("diverged", diverged)
        writer.field("elsewhere", elsewhere)
        writer.optionalField("events", index?.events)
        writer.field("files", files)
        if let forks = index?.forks, !forks.isEmpty { writer.field("forks", forks) }
        writer.optionalField("format", index?.format.rawValue)
        writer.optionalField("head", index?.head.root)
        writer.optionalField("labels", labels.isEmpty ? nil : labels)
        writer.optionalField("manifestSigned", isManifestSigned)
        if isManifestSigned == true { writer.field("manifestSigners", manifestSigners) }
        writer.field("problems", problems)
        // In a fork positions don't say what was before what.
        if !reused.isEmpty, index?.forks.isEmpty == true { writer.field("reused", reused) }
        writer.optionalField("run", index?.run)
        writer.field("signers", signers)
        writer.optionalField("size", index?.head.size)
        writer.optionalField("stage", progress?.stage)
        writer.optionalField("trusted", isTrusted)
        writer.field("underivable", underivable)
        writer.field("valid", isWhole)
        writer.field("verdict", verdict)
        writer.field("verified", verified)
        writer.field("withheld", index?.withheld ?? [])
        writer.endObject()
    }
}

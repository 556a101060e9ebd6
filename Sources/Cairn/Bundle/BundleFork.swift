package import CanonicalJSON
import Determinism
package import EventLog
package import Replay

extension BundleIndex {
    /// A fork that the run was taken over into: what its log was made of, and what was changed.
    package struct Fork: Equatable, Sendable {
        /// In the order in which they were applied.
        package let changes: [ForkCreated.Change]
        /// What the parent's log was.
        package let head: TreeHead
        /// The parent's store id.
        package let parent: String
        /// The runs that the changes apply to.
        package let runs: [String]

        init(_ created: ForkCreated) {
            changes = created.changes
            head = TreeHead(size: created.position.rawValue, root: created.head)
            parent = created.parent
            runs = created.runs
        }

        /// For people: what it is a fork of, what was changed, and of which runs.
        package var lines: [String] {
            [
                "fork of the store \(parent) at its head \(head.size):\(head.root.hex), made after what it "
                    + "records: nothing of it was laid down before a call",
                "  changed: \(title)", "  of \(counted(runs.count, "run")): \(runs.joined(separator: ", "))",
            ]
        }

        /// What was changed, in one line.
        var title: String {
            changes.isEmpty ? "nothing" : changes.map { "\($0.kind) \($0.text)" }.joined(separator: "; ")
        }
    }
}

extension BundleIndex.Fork: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("changes", changes)
        writer.field("head", head.root)
        writer.field("parent", parent)
        writer.field("runs", runs)
        writer.field("size", head.size)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        changes = try reader.field("changes")
        let root: Digest = try reader.field("head")
        parent = try reader.field("parent")
        runs = try reader.field("runs")
        head = TreeHead(size: try reader.field("size"), root: root)
        try reader.endObject()
    }
}

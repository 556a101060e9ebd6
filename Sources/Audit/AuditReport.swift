package import CanonicalJSON
package import Determinism
package import EventLog

/// A head that was kept elsewhere.
package struct ExpectedHead: Equatable, Sendable {
    /// The size it belongs to; nil means the log as it is.
    package let size: UInt64?
    package let root: Digest

    /// Reads `ROOT` or `SIZE:ROOT`, the root in hex; nil for anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard let last = parts.last, let root = Digest(hex: String(last)), parts.count <= 2 else { return nil }
        self.root = root
        if parts.count == 2 {
            guard let size = UInt64(parts[0]) else { return nil }
            self.size = size
        } else {
            size = nil
        }
    }
}

/// What is wrong with a store, and where.
package struct AuditFinding: Error, Equatable, Sendable {
    /// The first bad position; nil when the finding belongs to no event.
    package let position: Position?
    package let message: String

    package init(position: Position?, message: String) {
        self.position = position
        self.message = message
    }
}

/// What `audit verify` found out about a store.
package struct AuditReport: Equatable, Sendable {
    /// The strongest thing that can honestly be said.
    package enum Verdict: Equatable, Sendable {
        /// Something was changed, lost or added.
        case broken(AuditFinding)
        /// Every hash is right, and nobody outside vouches for the head: the whole store could have been made anew.
        case unanchored
        /// It is, or has grown from, the head that was kept elsewhere.
        case matchesExpectedHead
        /// It is, or has grown from, a head that a known key has signed.
        case signed(Signature)
        /// It is, or has grown from, a head that some of the known witnesses have cosigned.
        case witnessed(Witnesses)
    }

    /// Whose signature vouches for the beginning of the log.
    package struct Signature: Equatable, Sendable {
        /// The name of the key, and its id in hexadecimal.
        package let key: String
        package let keyID: String
        /// When it was signed, as the signer says; nil where the signature has no time.
        package let time: Timestamp?
        /// How many events the signed head is of.
        package let size: UInt64
    }

    /// The known witnesses that have cosigned, of all known ones.
    package struct Witnesses: Equatable, Sendable {
        package let by: [Signature]
        package let of: Int
    }

    package let verdict: Verdict
    package let events: UInt64
    /// The head that the records give; nil when they can't be read that far.
    package let head: Digest?
    /// How many references to blobs were checked.
    package let blobs: Int
    /// How many of them are to blobs that were erased on purpose, as an event says.
    package let erased: Int
    /// How many of them are to blobs that can't be opened, since the store is encrypted and their keys aren't here.
    package let sealed: Int
    /// Why bytes that were erased on purpose are still in files; nil when none are.
    package var unfinishedErasure: String?

    package init(
        verdict: Verdict, events: UInt64, head: Digest?, blobs: Int, erased: Int = 0, sealed: Int = 0
    ) {
        self.erased = erased
        self.sealed = sealed
        self.verdict = verdict
        self.events = events
        self.head = head
        self.blobs = blobs
    }

    /// A store that is too damaged to be opened.
    package static func unreadable(_ finding: AuditFinding) -> AuditReport {
        AuditReport(verdict: .broken(finding), events: 0, head: nil, blobs: 0)
    }

    package var isValid: Bool {
        if case .broken = verdict { return false }
        return true
    }

    /// For people, one fact a line.
    package var text: String {
        let facts =
            "\(events) events, \(blobs) references to blobs checked"
            + (erased == 0 ? "" : ", \(erased) of them to blobs erased on purpose")
            + (sealed == 0 ? "" : ", \(sealed) of them sealed with keys that aren't here") + "\n"
            + (head.map { "head \(events):\($0.hex)\n" } ?? "") + (unfinishedErasure.map { $0 + "\n" } ?? "")
        return "\(verdict)\n" + facts
    }
}

extension AuditReport.Verdict: CustomStringConvertible {
    package var description: String {
        switch self {
        case .broken(let finding):
            finding.position.map { "BROKEN at position \($0): \(finding.message)" } ?? "BROKEN: \(finding.message)"
        case .unanchored: "intact but unanchored: keep the head below elsewhere, and --expect it next time"
        case .matchesExpectedHead: "intact, and it matches the expected head"
        case .signed(let signature): "intact, and signed by \(signature)"
        case .witnessed(let witnesses):
            "intact, and witnessed by \(witnesses.by.count) of \(witnesses.of):"
                + witnesses.by.map { "\n  \($0)" }.joined()
        }
    }
}

extension AuditReport.Signature: CustomStringConvertible {
    package var description: String {
        "\(key)+\(keyID)" + (time.map { " at \($0)" } ?? "") + " up to the head of \(size) events"
    }
}

extension AuditReport: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("blobs", blobs)
        writer.field("erased", erased)
        writer.field("events", events)
        if case .broken(let finding) = verdict {
            writer.field("finding") { writer in
                writer.beginObject()
                writer.field("message", finding.message)
                writer.optionalField("position", finding.position)
                writer.endObject()
            }
        }
        writer.optionalField("head", head?.hex)
        writer.field("sealed", sealed)
        if case .signed(let signature) = verdict { writer.field("signature", signature) }
        writer.optionalField("unfinishedErasure", unfinishedErasure)
        writer.field("valid", isValid)
        writer.field("verdict", verdict.name)
        if case .witnessed(let witnesses) = verdict {
            writer.field("witnesses") { writer in
                writer.beginObject()
                writer.field("by", witnesses.by)
                writer.field("of", witnesses.of)
                writer.endObject()
            }
        }
        writer.endObject()
    }
}

extension AuditReport.Signature: CanonicalEncodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("key", key)
        writer.field("keyID", keyID)
        writer.field("size", Int(size))
        writer.optionalField("time", time)
        writer.endObject()
    }
}

extension AuditReport.Verdict {
    fileprivate var name: String {
        switch self {
        case .broken: "broken"
        case .unanchored: "unanchored"
        case .matchesExpectedHead: "matchesExpectedHead"
        case .signed: "signed"
        case .witnessed: "witnessed"
        }
    }
}

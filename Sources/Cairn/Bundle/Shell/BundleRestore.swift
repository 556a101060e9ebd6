import Determinism
package import EventLog

/// Makes a store of a bundle.
package enum BundleRestore {
    package struct Report: Equatable, Sendable {
        package let events: Int
        /// Places whose events the bundle doesn't have.
        package let elsewhere: UInt64
        package let head: TreeHead
        /// Whether that is the head which the bundle was signed with.
        package let isOriginal: Bool
        package let isManifestSigned: Bool
        /// Who has; empty where nobody has.
        package let manifestSigners: [String]
        /// What that means, for people: a fact a line.
        package let manifest: String
    }

    /// Checks all that `BundleCheck` does, in the store that it makes, which is there whole or not at all.
    ///
    /// Nothing may have the name of the new store but an empty directory. What can be told without a store is told before
    /// anything is made.
    package static func run(
        _ path: String, into store: String, trusting keys: [VerifierKey] = [],
        requiringSignedManifest isRequired: Bool = false
    ) async throws -> Report {
        let (reader, signed) = try await whole { verdict in
            guard try SampleProof.read(path) == nil else {
                throw BundleError("it proves one sample, and a store can only be made of a whole run")
            }
            let reader = try BundleReader(path)
            try BundleCheck.checkFiles(reader, trusting: keys, requiringSignedManifest: isRequired, &verdict)
            return (reader, verdict)
        }
        return try await StoreTarget.make(store, operation: "importing a bundle") { store in
            let made = try await whole { try await BundleCheck.checkEvents(reader, filling: store, &$0) }
            return Report(
                events: made.events, elsewhere: made.withheld, head: made.head,
                isOriginal: made.head == reader.index.head, isManifestSigned: reader.signature != nil,
                manifestSigners: signed.manifestSigners,
                manifest: signed.linesOnManifest.map(\.inOneLine).joined(separator: "\n"))
        }
    }

    /// What comes of checks that find nothing wrong.
    private static func whole<Result>(
        _ checks: (inout BundleVerdict) async throws -> Result
    ) async throws -> Result {
        var result: Result?
        let verdict = try await BundleCheck.judging { result = try await checks(&$0) }
        guard let result, verdict.isWhole else { throw BundleError(verdict.problems.joined(separator: "; also: ")) }
        return result
    }
}

import Archive
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
    }

    /// Checks all that `BundleCheck` does, and then makes the store, which is there whole or not at all.
    ///
    /// Nothing may have the name of the new store but an empty directory.
    package static func run(_ path: String, into store: String) async throws -> Report {
        let reader = try await checked(path)
        return try await StoreTarget.make(store, operation: "importing a bundle") { store in
            let made = try await BundleImport.run(reader, into: store.log)
            return Report(
                events: made.events, elsewhere: made.withheld, head: made.head,
                isOriginal: made.head == reader.index.head)
        }
    }

    private static func checked(_ path: String) async throws -> BundleReader {
        do {
            guard try SampleProof.read(path) == nil else {
                throw BundleError("it proves one sample, and a store can only be made of a whole run")
            }
            let verdict = try await BundleCheck.run(path)
            guard verdict.isWhole else { throw BundleError(verdict.problems.joined(separator: "; also: ")) }
            return try BundleReader(path)
        } catch let error as ArchiveError {
            throw BundleError(error)
        }
    }
}

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

    /// Checks every hash and the proof, and then makes the store, which is there whole or not at all.
    ///
    /// Nothing may have the name of the new store but an empty directory.
    package static func run(_ path: String, into store: String) async throws -> Report {
        let reader = try checked(path)
        return try await StoreTarget.make(store, operation: "importing a bundle") { store in
            let made = try await BundleImport.run(reader, into: store.log)
            return Report(
                events: made.events, elsewhere: made.withheld, head: made.head,
                isOriginal: made.head == reader.index.head)
        }
    }

    private static func checked(_ path: String) throws -> BundleReader {
        let reader: BundleReader
        do {
            guard try SampleProof.read(path) == nil else {
                throw BundleError("it proves one sample, and a store can only be made of a whole run")
            }
            reader = try BundleReader(path)
            _ = try reader.checkFiles()
        } catch let error as ArchiveError {
            throw BundleError(error)
        }
        var facts = BundleFacts(of: reader.index.run)
        var number = 0
        while let part = try reader.events(inFile: number) {
            for (_, event) in part { try facts.take(event) }
            number += 1
        }
        guard reader.proof.root(of: facts.leaves) == reader.index.head.root else {
            throw BundleError("the events and their proof don't lead to the head")
        }
        return reader
    }
}

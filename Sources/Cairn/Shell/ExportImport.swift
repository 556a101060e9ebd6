package import Audit

/// Makes a store of the export of a whole one.
package enum ExportImport {
    /// The store is there whole or not at all; nothing may have its name but an empty directory.
    package static func run(_ export: String, into store: String) async throws -> ImportReport {
        try await StoreTarget.make(store, operation: "importing events") { store in
            try await Importer(log: store.log, catalogue: Catalogues.events).run(export)
        }
    }
}

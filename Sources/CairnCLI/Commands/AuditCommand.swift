import ArgumentParser

/// Histories for others, and proof that nothing was changed, lost or added.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Export event histories, and verify that nothing was changed.",
        discussion: """
            EXAMPLE
              cairn audit verify && cairn audit export -o events.jsonl
            """,
        subcommands: [
            AuditExportCommand.self, AuditImportCommand.self, AuditVerifyCommand.self, AuditHeadCommand.self,
            AuditProveCommand.self, AuditConsistencyCommand.self, AuditCheckProofCommand.self, AuditKeyCommand.self,
            AuditWitnessCommand.self, AuditTilesCommand.self, AuditTrailCommand.self, AuditRedactCommand.self,
        ])
}

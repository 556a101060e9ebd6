package import EventLog

extension LogError {
    /// What to do, beyond what the message says; nil where nobody knows.
    package var remedy: String? {
        guard code == .notAStore else { return nil }
        return "`cairn run FILE.yaml` makes a store where there is none, as does `cairn submit`; "
            + "--store or CAIRN_STORE names another"
    }
}

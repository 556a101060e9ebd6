import EventLog

extension [VerifierKey] {
    /// How many keys there are: one that is mentioned twice, or under two names, is one.
    package var distinctCount: Int { Set(map(\.publicKey)).count }

    /// One signature of each key that has signed.
    func signatures<Failure: Error>(
        _ signature: (VerifierKey) throws(Failure) -> AuditReport.Signature?
    ) throws(Failure) -> [AuditReport.Signature] {
        var found: [AuditReport.Signature] = []
        var counted: Set<[UInt8]> = []
        for key in self where !counted.contains(key.publicKey) {
            guard let one = try signature(key) else { continue }
            found.append(one)
            counted.insert(key.publicKey)
        }
        return found
    }
}

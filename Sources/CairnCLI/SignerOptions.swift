import ArgumentParser
import Audit
import Cairn
import EventLog

/// Who signs a head of a store.
struct SignerOptions: ParsableArguments {
    @OptionGroup var access: AccessOptions

    /// The store's key; makes one if there is none, which is an event, and says so.
    func key(of log: LMDBLog) async throws -> StoreSigningKey {
        if let key = try StoreSigningKey.read(of: log) { return key }
        return try await made(for: log)
    }

    /// The same, for a bundle.
    func bundleSigner(of log: LMDBLog) async throws -> BundleSigner {
        try BundleSigner(try await key(of: log), of: log)
    }

    /// A new key.
    func made(for log: LMDBLog) async throws -> StoreSigningKey {
        let key = try await StoreSigningKey.make(for: log) { key in try await record(.created, key, in: log) }
        Terminal.complain("made a signing key; who shall believe in it needs its public half: \(key.key)\n")
        return key
    }

    /// Records that a key was made or dropped.
    func record(_ change: AccessKeyChanged.Change, _ key: VerifierKey, in log: LMDBLog) async throws {
        let what = Access.keyChange(change, .signing, key: key.text)
        let receipt = try await AccessTrail.record(what, by: .user(Person.current), reason: access.reason, in: log)
        if let obstacle = receipt.obstacle { throw obstacle }
    }
}

/// Keys that somebody believes in.
struct TrustOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The public key of the log, or a file of such: one of them must have signed.", valueName: "vkey"),
        transform: KeyArgument.init(argument:))
    var key: [KeyArgument] = []

    @Option(
        help: ArgumentHelp("The public key of a witness, or a file of such.", valueName: "vkey"),
        transform: KeyArgument.init(argument:))
    var witness: [KeyArgument] = []

    @Option(help: ArgumentHelp("How many of the witnesses must have cosigned.", valueName: "count"))
    var quorum: Int?

    var keys: [VerifierKey] { key.flatMap(\.keys) }
    /// A witness signs with a time; a key that was given for plain signatures is taken for those.
    var witnesses: [VerifierKey] { witness.flatMap(\.keys).map { $0.of(kind: .cosignature) } }

    func validate() throws {
        if let own = witnesses.first(where: { $0.name.hasPrefix(SignedCheckpoint.storeOrigins) }) {
            throw ValidationError("--witness takes the key of somebody else; \(own.name) is the key of a store")
        }
        guard let quorum else { return }
        guard quorum >= 1, !witnesses.isEmpty else {
            throw ValidationError("--quorum takes a number from 1 to that of the keys given with --witness")
        }
        let distinct = witnesses.distinctCount
        guard quorum <= distinct else {
            throw ValidationError(
                "--quorum asks for \(quorum) witnesses, and --witness names \(Quantities.counted(distinct, "key"))"
                    + (distinct < witnesses.count ? ", some more than once: each counts once" : ""))
        }
    }
}

/// A public key on the command line, or the name of a file with one a line.
struct KeyArgument: Sendable {
    let keys: [VerifierKey]

    init(argument: String) throws {
        if let key = try? VerifierKey(text: argument) {
            keys = [key]
            return
        }
        let bytes: [UInt8]
        do {
            bytes = try InputFile.read(argument)
        } catch let failure as Failure {
            throw ValidationError(
                "it is neither a public key, as in name+id+key, nor a file of them; \(failure.message)")
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        keys = try lines.enumerated().map { number, line in
            guard let key = try? VerifierKey(text: String(line)) else {
                throw ValidationError("line \(number + 1) of the file isn't a public key, as in name+id+key")
            }
            return key
        }
        if keys.isEmpty { throw ValidationError("the file has no public key in it") }
    }
}

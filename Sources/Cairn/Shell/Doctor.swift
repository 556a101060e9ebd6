import Determinism
import EventLog
import Glibc
import HTTPTransport
import LMDB
import Providers

/// Looks at everything that a run needs, without changing anything.
package struct Doctor {
    private let path: String
    private let isStoreRequired: Bool
    private let asksProviders: Bool

    /// The subject of what is found about the file of keys.
    package static let keyFileSubject = "file of keys"

    /// `isStoreRequired`: a missing store is bad; otherwise it is noted, since `cairn run` makes one.
    package init(storePath path: String, isStoreRequired: Bool, asksProviders: Bool) {
        self.path = path
        self.isStoreRequired = isStoreRequired
        self.asksProviders = asksProviders
    }

    package func examine() async -> [Diagnosis] {
        var findings = [
            Diagnosis("lmdb", .good, "liblmdb \(Environment.libraryVersion)"),
            libcurl(),
        ]
        findings += store()
        let keys: KeyRing
        do throws(KeyRing.Failure) {
            keys = try KeyRing.load()
        } catch {
            keys = KeyRing()
            findings.append(Diagnosis(Self.keyFileSubject, .bad, "\(error)"))
        }
        let transport = CurlTransport()
        defer { transport.shutdown() }
        for provider in ModelCatalogue.providers where provider.keyVariable != nil || provider.defaultBaseURL != nil {
            findings.append(key(of: provider, in: keys))
            if asksProviders, let finding = await reachability(of: provider, keys, through: transport) {
                findings.append(finding)
            }
        }
        return findings
    }

    private func libcurl() -> Diagnosis {
        if let problem = CurlTransport.libraryProblem { return Diagnosis("libcurl", .bad, problem) }
        return Diagnosis("libcurl", .good, CurlTransport.libraryVersion)
    }

    private func store() -> [Diagnosis] {
        do {
            return try openedStore() + readers()
        } catch let error as LogError where error.code == .notAStore {
            let words = [error.description, error.remedy].compactMap(\.self).joined(separator: "; ")
            return [Diagnosis("store", isStoreRequired ? .bad : .note, words)]
        } catch {
            return [Diagnosis("store", .bad, "\(error)")]
        }
    }

    private func openedStore() throws -> [Diagnosis] {
        let store = try Store.open(at: path, checksPages: true)
        defer { store.close() }
        let head = try store.log.head()
        let access = store.log.isReadOnly ? "can be read and not written" : "can be read and written"
        return [
            Diagnosis(
                "store", store.log.isReadOnly ? .note : .good,
                "\(path) \(access); \(counted(head.size, "event"))"),
            Diagnosis("head", .good, head.root.hex),
        ] + (PendingErasure(of: path).isPending ? [Diagnosis("erasure", .note, PendingErasure.notice)] : [])
    }

    /// Who holds a read transaction open: it keeps LMDB from using freed pages again.
    private func readers() -> [Diagnosis] {
        ["log", "blobs"].compactMap { name in
            var configuration = Environment.Configuration()
            configuration.access = .readOnly
            guard let environment = try? Environment.open(at: "\(path)/\(name)", configuration) else { return nil }
            defer { environment.close() }
            guard let slots = try? environment.readers() else { return nil }
            let holding = slots.filter { $0.transaction != nil && $0.process != getpid() }
            guard !holding.isEmpty else { return nil }
            let who = holding.map { "process \($0.process) at transaction \($0.transaction ?? 0)" }
            return Diagnosis("readers of \(name)", .note, who.joined(separator: ", "))
        }
    }

    private func key(of provider: ProviderFacts, in keys: KeyRing) -> Diagnosis {
        let subject = "key of \(provider.name)"
        guard let variable = provider.keyVariable else { return Diagnosis(subject, .good, "none is needed") }
        if let name = keys.variable(bringing: variable) { return Diagnosis(subject, .good, "\(name) is set") }
        let need =
            provider.requiresKey
            ? "it is needed for models of \(provider.name) only" : "most servers of this kind need none"
        return Diagnosis(subject, .note, "\(MissingKey.absence(of: variable)); \(need)")
    }

    /// Any answer, a refusal too, shows that the provider can be reached.
    ///
    /// Asked only where a key is there to be used.
    private func reachability(
        of provider: ProviderFacts, _ keys: KeyRing, through transport: CurlTransport
    ) async -> Diagnosis? {
        guard let base = provider.defaultBaseURL, base != ModelCatalogue.simulatedBaseURL,
            let variable = provider.keyVariable, keys.key(variable) != nil
        else { return nil }
        let limits = TransferLimits(
            connectTimeout: .seconds(5), firstByteTimeout: .seconds(10), totalTimeout: .seconds(10),
            maxResponseBytes: 4 << 20)
        let request = HTTPRequest(
            method: "GET", url: base + "/models", headers: [], body: [], limits: limits, label: "doctor")
        do throws(TransportError) {
            let response = try await transport.send(request)
            return Diagnosis("\(provider.name)", .good, "\(base) answers (HTTP \(response.status) without a key)")
        } catch {
            return Diagnosis("\(provider.name)", .bad, "\(base) can't be reached: \(error.message)")
        }
    }
}

import Cairn
import Deciders
import EventLog
import Foundation
import Replay
import Testing

/// Every derived event can be made again: whoever adds one without its derivation fails here.
@Suite struct EventOriginTests {
    @Test func everyEventTypeSaysWhereItsDataComesFrom() {
        let unclassified = Catalogues.events.types.filter { Catalogues.origins[$0] == nil }
        #expect(unclassified.isEmpty, "say in EventOrigins.swift where their data comes from")
        let unknown = Catalogues.origins.keys.filter { Catalogues.events[$0] == nil }.sorted()
        #expect(unknown.isEmpty, "no payload of these types is in the catalogue")
    }

    @Test func everyDerivedTypeHasADerivationAndNoOtherType() {
        #expect(types(of: .derived) == Catalogues.derivations.derivedTypes)
        #expect(types(of: .derivedWhereCited) == Catalogues.derivations.sometimesDerivedTypes)
    }

    @Test func everyFunctionThatTheSourcesNameIsInTheCatalogue() throws {
        let sources = Fixture.directory.deletingLastPathComponent().appendingPathComponent("Sources")
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        let known = Catalogues.derivations.all.map(\.function.name)
        var named: Set<String> = []
        for case let file as URL in files where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            for match in text.matches(of: /FunctionReference\(name: "([A-Za-z.]+)"/) { named.insert(String(match.1)) }
        }
        #expect(named.count >= 10)
        for name in named.sorted() {
            // A name that ends with a dot is followed by that of an adapter.
            let isKnown = name.hasSuffix(".") ? known.contains { $0.hasPrefix(name) } : known.contains(name)
            #expect(isKnown, "\(name) makes events and no derivation of that name is in the catalogue")
        }
    }

    @Test func everyDerivedTypeIsDerivedAgainInARecordedStore() async throws {
        var verified: Set<EventType> = []
        for fixture in Fixture.all {
            let imported = try await fixture.imported()
            let report = try Verifier(log: imported.store.log, derivations: Catalogues.derivations).verify()
            // Where content was erased on purpose some can't be derived any more, and others can.
            verified.formUnion(report.counts.filter { $0.count.verified > $0.count.diverged }.map(\.type))
        }
        let lacking = types(of: .derived).subtracting(verified).map(\.text).sorted()
        #expect(lacking.isEmpty, "no fixture has an event of these derived types")
    }

    private func types(of origin: EventOrigin) -> Set<EventType> {
        Set(Catalogues.origins.filter { $0.value == origin }.keys)
    }
}

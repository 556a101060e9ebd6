import Deciders
import EventLog
import Testing

@Suite struct DerivationCatalogueTests {
    private func derivation(_ name: String, _ version: Int, _ types: [EventType]) -> Derivation {
        Derivation(function: FunctionReference(name: name, version: version), eventTypes: types) { _ in [] }
    }

    @Test func `a derivation is found by name and version`() {
        let catalogue = DerivationCatalogue([
            derivation("b", 1, [DoorOpened.type]), derivation("a", 2, [DoorClosed.type]), derivation("a", 1, []),
        ])
        #expect(catalogue[FunctionReference(name: "a", version: 2)]?.eventTypes == [DoorClosed.type])
        #expect(catalogue[FunctionReference(name: "a", version: 3)] == nil)
        #expect(catalogue.all.map { "\($0.function.name)\($0.function.version)" } == ["a1", "a2", "b1"])
        #expect(catalogue.derivedTypes == [DoorOpened.type, DoorClosed.type])
    }

    @Test func `merged catalogues have the derivations of both`() {
        let merged = DerivationCatalogue([derivation("a", 1, [])]).merging(
            DerivationCatalogue([derivation("b", 1, [])]))
        #expect(merged.all.count == 2)
    }
}

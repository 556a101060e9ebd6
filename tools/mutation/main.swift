import Audit
import Cairn
import CanonicalJSON
import Deciders
import Determinism
import EventLog
import Glibc
import Mutation
import Replay

// Tries mutants of the pure functions on one store, for tools/mutate:
//   MutationProbe import EVENTS STORE     makes a store from an export
//   MutationProbe try STORE               reads "SITE VARIANT" lines, answers each with a line of JSON

/// What one mutant came to.
struct Outcome: CanonicalEncodable {
    let site: Int
    let variant: Int
    let changed: Bool
    /// The first event whose data the mutant changes, by a plain loop over the log.
    let expected: Position?
    /// The first event that `verify` names.
    let found: Position?
    let types: [String]

    func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("changed", changed)
        writer.optionalField("expected", expected)
        writer.optionalField("found", found)
        writer.field("site", site)
        writer.field("types", types)
        writer.field("variant", variant)
        writer.endObject()
    }
}

/// The first event that is derived otherwise than it was recorded; one after the other, and nothing of `Verifier`.
func firstDerivedOtherwise(in log: LMDBLog) throws -> Position? {
    var first: Position?
    try log.scan { event in
        guard first == nil, let cause = try event.metadata().cause, let function = cause.function else { return }
        guard let derivation = Catalogues.derivations[function] else {
            first = event.position
            return
        }
        let causes = try cause.positions.map { try log.event(at: $0) }.compactMap(\.self)
        let input = DerivationInput(
            recorded: event, causes: causes,
            blob: { (digest) throws(DerivationError) -> [UInt8] in
                guard let bytes = try? log.blob(digest) else { throw .missingBlob(digest) }
                return bytes
            },
            event: { (position) throws(DerivationError) -> Event in
                guard position < event.position, let event = try? log.event(at: position) else {
                    throw .unreadable("no such event")
                }
                return event
            })
        let derived = try? derivation.derive(input)
        if derived != event.dataBytes { first = event.position }
    }
    return first
}

let arguments = CommandLine.arguments
switch arguments[1] {
case "import":
    let store = try Store.open(at: arguments[3], .create)
    _ = try await Importer(log: store.log).run(arguments[2])
    store.close()
default:
    let store = try Store.open(at: arguments[2])
    while let line = readLine() {
        let numbers = line.split(separator: " ").compactMap { Int($0) }
        Mutation.site = numbers[0]
        Mutation.variant = numbers[1]
        Mutation.changed = false
        let expected = try firstDerivedOtherwise(in: store.log)
        let report = try Verifier(log: store.log, derivations: Catalogues.derivations).verify()
        let outcome = Outcome(
            site: numbers[0], variant: numbers[1], changed: Mutation.changed, expected: expected,
            found: report.divergences.first?.position,
            types: report.counts.filter { $0.count.diverged > 0 }.map(\.type.text))
        print(String(decoding: outcome.canonicalBytes(), as: UTF8.self))
        fflush(nil)
    }
    store.close()
}

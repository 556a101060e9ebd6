import Deciders
import EventLog
import Testing

@testable import Jobs

enum Derived {
    /// Derives every derived event of the log again, and says which differ from the record.
    static func divergences(in log: some Log) throws -> [String] {
        var found: [String] = []
        try log.scan { event in
            guard let cause = try event.metadata().cause, let function = cause.function else {
                if JobDerivations.catalogue.derivedTypes.contains(event.type) {
                    found.append("\(event.type) has no cause")
                }
                return
            }
            let derivation = try #require(JobDerivations.catalogue[function])
            let causes = try cause.positions.map { try #require(try log.event(at: $0)) }
            let input = DerivationInput(recorded: event, causes: causes) { digest throws(DerivationError) in
                guard let bytes = try? log.blob(digest) else { throw .missingBlob(digest) }
                return bytes
            }
            if try derivation.derive(input) != event.dataBytes { found.append("\(event.type) at \(event.position)") }
        }
        return found
    }
}

package import CanonicalJSON
import Deciders
package import EventLog
package import Jobs
package import Projections

/// Calls, tokens, cost and latency by run, provider, model and purpose.
package enum CallUsage: Projector {
    package static let name = "usage"
    package static let version = 2
    package static let types = [
        CallStarted.type, CallCompleted.type, CallFailed.type, CallOutcomeUnknown.type, CallReused.type,
    ]

    package struct Tables: ViewTables {
        package var usage: ViewTable<UsageKey, UsageRow>
        /// Whose the calls without an answer are.
        package var calls: ViewTable<CallID, UsageKey>

        package init(_ make: inout TableMaker) {
            usage = make.table("usage")
            calls = make.table("calls")
        }
    }

    package static func apply(_ event: SharedEvent, to tables: inout Tables) throws {
        let id = try CallID(streamOf: event.event)
        guard let happened = try event.read(CallEvent.self) else { return }
        if case .started(let started) = happened {
            guard let run = try event.circumstances().run else { return }
            let key = UsageKey(run: run, provider: started.provider, model: started.model, purpose: started.purpose)
            tables.calls[id] = key
            tables.change(key) { $0.attempts += 1 }
        } else if case .reused(let reused) = happened {
            guard let run = try event.circumstances().run else { return }
            let key = UsageKey(run: run, provider: reused.provider, model: reused.model, purpose: reused.purpose)
            tables.change(key) { $0.reused += 1 }
        } else if let key = tables.calls[id] {
            switch happened {
            case .started, .reused, .retryDecided: break
            case .completed(let completed):
                tables.change(key) { $0.take(completed) }
                tables.calls[id] = nil
            case .failed: tables.change(key) { $0.failures += 1 }
            case .outcomeUnknown: tables.change(key) { $0.unknown += 1 }
            }
        }
    }

    /// Whose usage it is.
    package struct UsageKey: ViewKey {
        package let run: RunID
        package let provider: String
        /// As it was asked for.
        package let model: String
        package let purpose: CallPurpose

        package init(run: RunID, provider: String, model: String, purpose: CallPurpose) {
            self.run = run
            self.provider = provider
            self.model = model
            self.purpose = purpose
        }

        package func encode(to key: inout KeyWriter) {
            key.append(run)
            key.append(provider)
            key.append(model)
            key.append(purpose)
        }

        package init(from key: inout KeyReader) throws(KeyError) {
            run = try key.read()
            provider = try key.read()
            model = try key.read()
            purpose = try key.read()
        }
    }
}

extension CallPurpose: ViewKey {}

extension CallUsage.Tables {
    fileprivate mutating func change(_ key: CallUsage.UsageKey, _ body: (inout UsageRow) -> Void) {
        if usage.change(key, body) == nil {
            var row = UsageRow()
            body(&row)
            usage[key] = row
        }
    }

    /// The usage of a run, by provider, model and purpose.
    package func rows(of run: RunID) throws -> [(key: CallUsage.UsageKey, row: UsageRow)] {
        try usage.scan(prefix: KeyPrefix(run))
    }
}

extension CallUsage.UsageKey: CanonicalCodable {
    package func encode(to writer: inout CanonicalWriter) {
        writer.beginObject()
        writer.field("model", model)
        writer.field("provider", provider)
        writer.field("purpose", purpose)
        writer.field("run", run)
        writer.endObject()
    }

    package init(from reader: inout CanonicalReader) throws(JSONError) {
        try reader.beginObject()
        model = try reader.field("model")
        provider = try reader.field("provider")
        purpose = try reader.field("purpose")
        run = try reader.field("run")
        try reader.endObject()
    }
}

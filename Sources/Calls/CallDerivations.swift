import CanonicalJSON
package import Deciders
import Determinism
package import EventLog
import Jobs
package import Providers

/// The derived events of calls, and the pure functions that derive them.
package enum CallDerivations {
    /// `llm.callCompleted` from the start of the attempt, the exchange and its body; the first blob is the terms.
    package static func parse(_ adapter: any LLMProvider.Type) -> FunctionReference {
        FunctionReference(name: "calls.parse." + adapter.name, version: adapter.version)
    }

    /// `llm.callFailed` from the start of the attempt and what was observed.
    package static func classify(_ adapter: any LLMProvider.Type) -> FunctionReference {
        FunctionReference(name: "calls.classify." + adapter.name, version: adapter.version)
    }

    /// `llm.retryDecided` from the failure or the unknown outcome; the first blob is the terms.
    package static func retry(_ rule: CallPolicy.Rule) -> FunctionReference {
        switch rule {
        case .everyFailureCounts: FunctionReference(name: "calls.retry", version: 1)
        case .refusalsAreFree: FunctionReference(name: "calls.retry", version: 2)
        }
    }

    /// `llm.callOutcomeUnknown` from the start of the attempt.
    package static let unknown = FunctionReference(name: "calls.unknown", version: 1)

    /// `llm.callReused` from the start and the answer of the other call.
    package static let reuse = FunctionReference(name: "calls.reuse", version: 1)

    /// The derivations of all these adapters' calls.
    package static func catalogue(
        adapters: [any LLMProvider.Type] = ModelCatalogue.adapters
    ) -> DerivationCatalogue {
        let ofAdapters = adapters.flatMap { adapter in
            [
                Derivation(function: parse(adapter), eventTypes: [CallCompleted.type]) {
                    (input) throws(DerivationError) in try deriveCompleted(input, adapter)
                },
                Derivation(function: classify(adapter), eventTypes: [CallFailed.type]) {
                    (input) throws(DerivationError) in try deriveFailed(input, adapter)
                },
            ]
        }
        return DerivationCatalogue(
            ofAdapters + [
                Derivation(function: retry(.everyFailureCounts), eventTypes: [CallRetryDecided.type]) {
                    (input) throws(DerivationError) in try deriveRetry(input, .everyFailureCounts)
                },
                Derivation(function: retry(.refusalsAreFree), eventTypes: [CallRetryDecided.type]) {
                    (input) throws(DerivationError) in try deriveRetry(input, .refusalsAreFree)
                },
                Derivation(function: unknown, eventTypes: [CallOutcomeUnknown.type], derive: deriveUnknown),
                Derivation(function: reuse, eventTypes: [CallReused.type], derive: deriveReused),
            ])
    }

    private static func deriveCompleted(
        _ input: DerivationInput, _ adapter: any LLMProvider.Type
    ) throws(DerivationError) -> [UInt8] {
        let start = try input.onlyCause()
        let started = try start.payload(CallStarted.self)
        let exchange = try input.recorded.payload(CallCompleted.self).exchange
        guard let terms = try input.firstBlob(CallTerms.self) else {
            throw .unexpectedCauses("no blob, and the terms of the call are needed")
        }
        let body = try input.blob(exchange.body)
        switch adapter.result(status: exchange.status, headers: exchange.headers, body: body) {
        case .failure: throw .otherType(CallFailed.type)
        case .success(let result):
            let isCounted = result.usage.input != nil || start.version == 1
            let requestBytes = isCounted ? nil : try input.blob(started.request).count
            let completed = CallCompleted(
                attempt: started.attempt, exchange: exchange, result: result, price: terms.price,
                version: start.version, requestBytes: { requestBytes })
            return completed.canonicalBytes()
        }
    }

    private static func deriveFailed(
        _ input: DerivationInput, _ adapter: any LLMProvider.Type
    ) throws(DerivationError) -> [UInt8] {
        let start = try input.onlyCause()
        let started = try start.payload(CallStarted.self)
        let evidence = try input.recorded.payload(CallFailed.self).evidence
        let error: ProviderError
        switch evidence {
        case .transport(let failure): error = failure.providerError
        case .exchange(let exchange):
            let body = try input.blob(exchange.body)
            switch adapter.result(status: exchange.status, headers: exchange.headers, body: body) {
            case .success: throw .otherType(CallCompleted.type)
            case .failure(let failure): error = failure
            }
        }
        return CallFailed(attempt: started.attempt, evidence: evidence, error: error, version: start.version)
            .canonicalBytes()
    }

    private static func deriveRetry(
        _ input: DerivationInput, _ rule: CallPolicy.Rule
    ) throws(DerivationError) -> [UInt8] {
        let cause = try input.onlyCause()
        let attempt: Int
        let delay: Microseconds
        if cause.hasType(CallOutcomeUnknown.type) {
            attempt = try cause.payload(CallOutcomeUnknown.self).attempt
            delay = CallPolicy.delayAfterUnknown
        } else {
            let failed = try cause.payload(CallFailed.self)
            guard let terms = try input.firstBlob(CallTerms.self) else {
                throw .unexpectedCauses("no blob, and the terms of the call are needed")
            }
            guard let id = CallID(rawValue: cause.stream.id) else {
                throw .unreadable("\(cause.stream) is no call's stream")
            }
            attempt = failed.attempt
            delay = CallPolicy(retry: terms.policy.retry, rule: rule).delay(after: failed, of: id)
        }
        return CallRetryDecided(attempt: attempt + 1, delay: delay, notBefore: input.recorded.time + delay)
            .canonicalBytes()
    }

    @Sendable
    private static func deriveUnknown(_ input: DerivationInput) throws(DerivationError) -> [UInt8] {
        let cause = try input.onlyCause()
        let started = try cause.payload(CallStarted.self)
        return CallOutcomeUnknown(attempt: started.attempt, started: cause.position).canonicalBytes()
    }

    /// What this call is is taken from the record; that it asked the same is in the hash of its request.
    @Sendable
    private static func deriveReused(_ input: DerivationInput) throws(DerivationError) -> [UInt8] {
        guard input.causes.count == 2, input.causes[0].stream == input.causes[1].stream,
            let origin = CallID(rawValue: input.causes[1].stream.id)
        else { throw .unexpectedCauses("the start and the answer of one call are needed") }
        let started = try input.causes[0].payload(CallStarted.self)
        let completed = try input.causes[1].payload(CallCompleted.self)
        let asker = try input.recorded.payload(CallReused.self).asker
        return CallReused(completed, at: input.causes[1].position, of: origin, started, by: asker).canonicalBytes()
    }
}

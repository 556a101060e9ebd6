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
    package static let retry = FunctionReference(name: "calls.retry", version: 1)
    /// `llm.callOutcomeUnknown` from the start of the attempt.
    package static let unknown = FunctionReference(name: "calls.unknown", version: 1)

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
                Derivation(function: retry, eventTypes: [CallRetryDecided.type], derive: deriveRetry),
                Derivation(function: unknown, eventTypes: [CallOutcomeUnknown.type], derive: deriveUnknown),
            ])
    }

    /// What an exchange means for an attempt: the event to record.
    package static func outcome(
        of exchange: CallExchange, body: [UInt8], attempt: Int, adapter: any LLMProvider.Type, price: ModelPrice?
    ) -> Result<CallCompleted, ProviderError> {
        adapter.result(status: exchange.status, headers: exchange.headers, body: body).map { result in
            CallCompleted(attempt: attempt, exchange: exchange, result: result, price: price)
        }
    }

    private static func deriveCompleted(
        _ input: DerivationInput, _ adapter: any LLMProvider.Type
    ) throws(DerivationError) -> [UInt8] {
        let started = try input.onlyCause().payload(CallStarted.self)
        let exchange = try input.recorded.payload(CallCompleted.self).exchange
        guard let terms = try input.firstBlob(CallTerms.self) else {
            throw .unexpectedCauses("no blob, and the terms of the call are needed")
        }
        let body = try input.blob(exchange.body)
        switch outcome(of: exchange, body: body, attempt: started.attempt, adapter: adapter, price: terms.price) {
        case .success(let completed): return completed.canonicalBytes()
        case .failure: throw .otherType(CallFailed.type)
        }
    }

    private static func deriveFailed(
        _ input: DerivationInput, _ adapter: any LLMProvider.Type
    ) throws(DerivationError) -> [UInt8] {
        let started = try input.onlyCause().payload(CallStarted.self)
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
        return CallFailed(attempt: started.attempt, evidence: evidence, error: error).canonicalBytes()
    }

    @Sendable
    private static func deriveRetry(_ input: DerivationInput) throws(DerivationError) -> [UInt8] {
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
            delay = terms.policy.delay(after: failed, of: id)
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
}

/// Prices by model id, read from LiteLLM's `model_prices_and_context_window.json`.
///
/// A model that isn't listed has an unknown price, never a price of 0. Prices of batches (`_batches`) are left out, since no
/// batch is ever sent; so are those of audio, images and searches, which the usage of a call doesn't count.
package struct PriceTable: Sendable, Equatable {
    /// Ways of being served that have prices of their own, as `service_tier` names them.
    package static let serviceTiers = ["flex", "priority"]

    private var prices: [String: ModelPrice]
    /// By service tier, then by model; only where they differ from the ordinary ones.
    private var tierPrices: [String: [String: ModelPrice]] = [:]

    package init(_ prices: [String: ModelPrice] = [:]) { self.prices = prices }

    package subscript(id: String) -> ModelPrice? {
        get { prices[id] }
        set { prices[id] = newValue }
    }

    /// The models that have a price, in order.
    package var models: [String] { prices.keys.sorted() }

    /// The price of a provider's model: `provider/model` is looked up first, as LiteLLM tells hosts apart that way.
    ///
    /// A service tier that a request asks for counts where the model has prices for it.
    package func price(provider: String, model: String, serviceTier: String? = nil) -> ModelPrice? {
        let host = Self.hosts[provider] ?? provider
        for id in ["\(host)/\(model)", model] {
            guard let ordinary = prices[id] else { continue }
            return serviceTier.flatMap { tierPrices[$0]?[id] } ?? ordinary
        }
        return nil
    }

    /// LiteLLM's names of providers where they aren't ours.
    private static let hosts = ["google": "gemini"]

    /// The cost of a call in nano-dollars; nil if the price or the number of tokens is unknown.
    package func cost(provider: String, model: String, usage: Usage) -> Int? {
        price(provider: provider, model: model)?.cost(of: usage)
    }
}

extension PriceTable {
    /// Reads the table from the text of LiteLLM's file.
    ///
    /// Models without a price per input and output token are left out.
    package init(liteLLM bytes: [UInt8]) throws(PriceTableError) {
        self.init()
        var reader = PriceTableReader(bytes)
        for (id, fields) in try reader.models() where id != "sample_spec" {
            prices[id] = try Self.price(fields, of: id)
            for tier in Self.serviceTiers {
                guard let price = try Self.price(fields, of: id, serviceTier: tier), price != prices[id] else {
                    continue
                }
                tierPrices[tier, default: [:]][id] = price
            }
        }
    }

    /// Reads one model's entry; the values are decimal texts, as they stand in the source.
    ///
    /// What has no price in a service tier costs there what it costs otherwise.
    package static func price(
        _ fields: [String: String], of id: String, serviceTier: String? = nil
    ) throws(PriceTableError) -> ModelPrice? {
        guard let ordinary = try rates(fields, suffix: "", else: nil, of: id) else { return nil }
        let service = serviceTier.map { "_" + $0 } ?? ""
        let rates = try rates(fields, suffix: service, else: ordinary, of: id) ?? ordinary
        var tiers: [ModelPrice.Tier] = []
        for (suffix, bound) in bounds {
            guard fields.keys.contains(where: { $0.hasSuffix(suffix) || $0.hasSuffix(suffix + service) }),
                let ordinary = try Self.rates(fields, suffix: suffix, else: rates, of: id),
                let raised = try Self.rates(fields, suffix: suffix + service, else: ordinary, of: id), raised != rates
            else { continue }
            tiers.append(ModelPrice.Tier(above: bound, rates: raised))
        }
        return ModelPrice(rates: rates, tiers: tiers)
    }

    private static let bounds = [
        ("_above_100k_tokens", 100_000), ("_above_128k_tokens", 128_000), ("_above_200k_tokens", 200_000),
        ("_above_272k_tokens", 272_000),
    ]

    private static func rates(
        _ fields: [String: String], suffix: String, else base: ModelPrice.Rates?, of id: String
    ) throws(PriceTableError) -> ModelPrice.Rates? {
        func amount(_ name: String) throws(PriceTableError) -> PicoDollars? {
            guard let text = fields[name + suffix] else { return nil }
            guard let amount = PicoDollars(dollars: text) else {
                throw PriceTableError(
                    message: "\(id): \(name)\(suffix) is \(text); a price is an amount in dollars from 0 to 9007")
            }
            return amount
        }
        guard let input = try amount("input_cost_per_token") ?? base?.input,
            let output = try amount("output_cost_per_token") ?? base?.output
        else { return nil }
        let cacheHit = try amount("input_cost_per_token_cache_hit")
        return ModelPrice.Rates(
            input: input,
            output: output,
            cacheRead: try amount("cache_read_input_token_cost") ?? cacheHit ?? base?.cacheRead,
            cacheWrite: try amount("cache_creation_input_token_cost") ?? base?.cacheWrite,
            reasoning: try amount("output_cost_per_reasoning_token") ?? base?.reasoning)
    }
}

/// Why a price table can't be used.
package struct PriceTableError: Error, Sendable, Equatable, CustomStringConvertible {
    package let message: String
    package var description: String { message }
}

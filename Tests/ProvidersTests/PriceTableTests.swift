import CanonicalJSON
import Providers
import Testing

@Suite("PriceTable")
struct PriceTableTests {
    @Test(
        "dollars are read digit by digit into pico-dollars",
        arguments: [
            ("2.5e-06", 2_500_000), ("0.0000025", 2_500_000), ("1e-05", 10_000_000), ("1.5E-7", 150_000),
            ("0", 0), ("0.0", 0), ("0e-99", 0), ("3", 3_000_000_000_000), ("1e+2", 100_000_000_000_000),
            ("1.00000000000000000000e-12", 1), ("0.15", 150_000_000_000), (".5", 500_000_000_000),
            ("5.", 5_000_000_000_000),
            ("5e-13", 0), ("15e-13", 2), ("25e-13", 2), ("2.5000001e-12", 3), ("9e-13", 1), ("4e-13", 0), ("1e-400", 0),
            ("9.999999999999999e-08", 100_000), ("6.666666666666667e-08", 66_667),
            ("9007.199254740991", 9_007_199_254_740_991),
        ])
    func dollars(_ text: String, _ expected: Int) {
        #expect(PicoDollars(dollars: text)?.rawValue == expected)
    }

    @Test(
        "what isn't an amount is none",
        arguments: [
            "", ".", "-1", "1e", "e5", "1.2.3", "nan", "inf", "0x1", "1,5", "$1", "1e99", "9007.199254740992", " 1",
            "1e99999999999",
        ])
    func noDollars(_ text: String) {
        #expect(PicoDollars(dollars: text) == nil)
    }

    private let source = #"""
        {
         "sample_spec": {"input_cost_per_token": 0.0, "output_cost_per_token": 0.0, "note": "a \"spec\", {not} a model"},
         "gpt-5.5": {"input_cost_per_token": 2.5e-06, "output_cost_per_token": 1.5e-05, "litellm_provider": "openai",
          "cache_read_input_token_cost": 2.5e-07, "input_cost_per_token_above_272k_tokens": 5e-06,
          "max_input_tokens": 400000, "supports_reasoning": true, "deprecation_date": null,
          "search_context_cost_per_query": {"low": 0.01, "modes": ["a", {"b": []}]}, "modes": ["x", 1, {}]},
         "deepseek/deepseek-flash": {"input_cost_per_token": 1e-7, "output_cost_per_token": 2e-7,
          "input_cost_per_token_cache_hit": 1e-8, "output_cost_per_reasoning_token": 3e-7},
         "dall-e": {"output_cost_per_image": 0.04},
         "twice": {"input_cost_per_token": 1, "output_cost_per_token": 1},
         "twice": {"input_cost_per_token": 2, "output_cost_per_token": 2}
        }
        """#

    @Test("LiteLLM's fields are read; the specification and models without token prices are not models")
    func liteLLM() throws {
        let table = try PriceTable(liteLLM: Array(source.utf8))
        #expect(table.models == ["deepseek/deepseek-flash", "gpt-5.5", "twice"])
        let base = ModelPrice.Rates(
            input: pico(2_500_000), output: pico(15_000_000), cacheRead: pico(250_000))
        var raised = base
        raised.input = pico(5_000_000)
        #expect(table["gpt-5.5"] == ModelPrice(rates: base, tiers: [.init(above: 272_000, rates: raised)]))
        #expect(table.price(provider: "deepseek", model: "deepseek-flash")?.rates.cacheRead == pico(10_000))
        #expect(table.price(provider: "openai", model: "gpt-5.5")?.rates == base)
        #expect(table["twice"]?.rates.input == PicoDollars(dollars: "2"))
    }

    @Test(
        "a damaged table is refused with the place",
        arguments: [
            "", "[]", "{", #"{"a"}"#, #"{"a":{"b":}}"#, #"{"a":{"b":1}"#, #"{"a":1} x"#, #"{"a":{"b":"c}}"#,
            #"{"a":{"input_cost_per_token":-1,"output_cost_per_token":1}}"#,
            String(repeating: #"{"a":["#, count: 100),
        ])
    func damaged(_ text: String) {
        #expect(throws: PriceTableError.self) { try PriceTable(liteLLM: Array(text.utf8)) }
    }

    @Test("parts of the tokens have their own prices")
    func cost() {
        let rates = ModelPrice.Rates(
            input: pico(1_000_000), output: pico(10_000_000), cacheRead: pico(100_000), cacheWrite: pico(2_000_000),
            reasoning: pico(5_000_000))
        let usage = Usage(input: 100, output: 50, cacheRead: 40, cacheWrite: 10, reasoning: 20)
        // 50 × 1000 + 40 × 100 + 10 × 2000 + 30 × 10000 + 20 × 5000 nano-dollars
        #expect(ModelPrice(rates: rates).cost(of: usage) == 474_000)
        let plain = ModelPrice(rates: .init(input: pico(1_000_000), output: pico(10_000_000)))
        #expect(plain.cost(of: usage) == 600_000)
        #expect(plain.cost(of: Usage(input: 0, output: 0)) == 0)
    }

    @Test(
        "halves of a nano-dollar are rounded to even",
        arguments: [(500, 0), (1_500, 2), (2_500, 2), (2_501, 3), (499, 0), (999, 1)])
    func rounding(_ picoDollars: Int, _ expected: Int) {
        let price = ModelPrice(rates: .init(input: pico(picoDollars), output: pico(0)))
        #expect(price.cost(of: Usage(input: 1, output: 0)) == expected)
    }

    @Test("a tier applies to all tokens of a call above its bound")
    func tiers() {
        let price = ModelPrice(
            rates: .init(input: pico(1_000), output: pico(0)),
            tiers: [.init(above: 10, rates: .init(input: pico(2_000), output: pico(1_000)))])
        #expect(price.cost(of: Usage(input: 10, output: 5)) == 10)
        #expect(price.cost(of: Usage(input: 11, output: 5)) == 27)
    }

    @Test("unknown is unknown, not 0")
    func unknown() {
        let table = PriceTable(["m": ModelPrice(rates: .init(input: pico(1_000), output: pico(1_000)))])
        #expect(table.cost(provider: "p", model: "other", usage: Usage(input: 1, output: 1)) == nil)
        #expect(table.cost(provider: "p", model: "m", usage: Usage(input: 1)) == nil)
        #expect(table.cost(provider: "p", model: "m", usage: Usage(input: 1, output: 1)) == 2)
        let dear = ModelPrice(rates: .init(input: pico(9_007_199_254_740_991), output: pico(0)))
        #expect(dear.cost(of: Usage(input: 1_000_000_000_000, output: 0)) == nil)
    }

    @Test("a service tier has the prices that are listed for it, and the ordinary ones for the rest")
    func serviceTiers() throws {
        let source = """
            {"m": {"input_cost_per_token": 2e-6, "output_cost_per_token": 8e-6, "cache_read_input_token_cost": 1e-6,
              "input_cost_per_token_batches": 1e-9, "output_cost_per_token_batches": 1e-9,
              "input_cost_per_token_flex": 1e-6, "output_cost_per_token_flex": 4e-6,
              "input_cost_per_token_priority": 4e-6, "output_cost_per_token_priority": 16e-6,
              "input_cost_per_token_above_200k_tokens": 3e-6,
              "input_cost_per_token_above_200k_tokens_priority": 6e-6},
             "gemini/g": {"input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6}}
            """
        let table = try PriceTable(liteLLM: Array(source.utf8))
        let usage = Usage(input: 1_000, output: 100, cacheRead: 500)
        let long = Usage(input: 300_000, output: 0)
        func cost(_ usage: Usage, _ tier: String?) -> Int? {
            table.price(provider: "openai", model: "m", serviceTier: tier)?.cost(of: usage)
        }
        // In nano-dollars: 500 × input + 500 × cache read + 100 × output.
        #expect(cost(usage, nil) == 1_000_000 + 500_000 + 800_000)
        #expect(cost(usage, "flex") == 500_000 + 500_000 + 400_000)
        #expect(cost(usage, "priority") == 2_000_000 + 500_000 + 1_600_000)
        for tier in [nil, "default", "batches", "scale"] { #expect(cost(usage, tier) == 2_300_000) }
        #expect(cost(long, nil) == 300_000 * 3_000)
        #expect(cost(long, "priority") == 300_000 * 6_000)
        #expect(cost(long, "flex") == 300_000 * 3_000)
        #expect(table.price(provider: "google", model: "g", serviceTier: "flex") != nil)
        #expect(table.price(provider: "xai", model: "g") == nil)
    }

    @Test("a price survives its own coding")
    func coding() throws {
        let price = try #require(try PriceTable(liteLLM: Array(source.utf8))["gpt-5.5"])
        #expect(try ModelPrice(canonicalBytes: price.canonicalBytes()) == price)
    }

    private func pico(_ amount: Int) -> PicoDollars { PicoDollars(rawValue: amount) }
}

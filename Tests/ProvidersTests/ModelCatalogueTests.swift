import Providers
import Testing

@Suite("ModelCatalogue")
struct ModelCatalogueTests {
    @Test(
        "a model id names its provider, or is ambiguous",
        arguments: [
            ("gpt-5.5", "openai", "gpt-5.5"), ("GPT-4o", "openai", "GPT-4o"), ("o3", "openai", "o3"),
            ("o4-mini", "openai", "o4-mini"), ("ft:gpt-4o:org::1", "openai", "ft:gpt-4o:org::1"),
            ("openai/gpt-oss-120b", "openai", "gpt-oss-120b"), ("sim-careful", "simulated", "sim-careful"),
            ("openai-compatible/Qwen/Qwen3-8B", "openai-compatible", "Qwen/Qwen3-8B"),
            ("gpt-oss-120b", nil, nil), ("qwen3:8b", nil, nil), ("Qwen/Qwen3-8B", nil, nil), ("o1x", nil, nil),
            ("llama-3", nil, nil), ("openai/", nil, nil), ("", nil, nil),
        ] as [(String, String?, String?)])
    func resolve(_ id: String, _ provider: String?, _ model: String?) {
        let found = ModelCatalogue.resolve(id)
        #expect(found?.provider.name == provider)
        #expect(found?.model == model)
    }

    @Test("every provider's adapter exists, and names are unique")
    func adapters() {
        for facts in ModelCatalogue.providers { #expect(ModelCatalogue.adapter(named: facts.adapter) != nil) }
        #expect(Set(ModelCatalogue.providers.map(\.name)).count == ModelCatalogue.providers.count)
        #expect(ModelCatalogue.provider(named: "nobody") == nil)
        #expect(ModelCatalogue.adapter(named: "nobody") == nil)
    }
}

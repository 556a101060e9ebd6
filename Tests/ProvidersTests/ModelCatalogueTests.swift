import Providers
import Testing

@Suite("ModelCatalogue")
struct ModelCatalogueTests {
    @Test(
        "a model id names its provider by its longest known beginning, without regard to case",
        arguments: [
            ("gpt-5.5", "openai"), ("GPT-4o", "openai"), ("o3", "openai"), ("o4-mini", "openai"),
            ("chatgpt-4o-latest", "openai"), ("chat-latest", "openai"), ("ft:gpt-4o:org::1", "openai"),
            ("ft:o4-mini:org::1", "openai"), ("codex-mini-latest", "openai"), ("computer-use-preview", "openai"),
            ("gpt-audio-2", "openai"), ("daybreak-1", "openai"), ("claude-sonnet-5-5", "anthropic"),
            ("Claude-opus-4-5", "anthropic"), ("gemini-3.5-flash", "google"), ("models/gemini-3.5-flash", "google"),
            ("learnlm-2", "google"), ("grok-4.3", "xai"), ("deepseek-flash", "deepseek"),
            ("deepseek-v4-pro", "deepseek"),
            ("deepseek-chat", "deepseek"), ("deepseek-reasoner", "deepseek"), ("mistral-small-latest", "mistral"),
            ("ministral-8b", "mistral"), ("magistral-medium-latest", "mistral"), ("codestral-latest", "mistral"),
            ("devstral-2", "mistral"), ("pixtral-12b", "mistral"), ("voxtral-mini", "mistral"),
            ("open-mistral-nemo", "mistral"), ("open-mixtral-8x22b", "mistral"), ("labs-leanstral-1", "mistral"),
            ("sim-careful", "simulated"),
        ])
    func detected(_ id: String, _ provider: String) throws {
        let found = try ModelCatalogue.detect(id)
        #expect(found.provider.name == provider)
        #expect(found.model == id)
    }

    @Test(
        "a provider before the first slash wins, whatever follows",
        arguments: [
            ("openai/gpt-oss-120b", "openai", "gpt-oss-120b"), ("mistral/mistral:7b", "mistral", "mistral:7b"),
            ("openai-compatible/Qwen/Qwen3-8B", "openai-compatible", "Qwen/Qwen3-8B"),
            ("google/claude-3", "google", "claude-3"), ("xai/x", "xai", "x"),
        ])
    func outright(_ id: String, _ provider: String, _ model: String) throws {
        let found = try ModelCatalogue.detect(id)
        #expect(found.provider.name == provider)
        #expect(found.model == model)
    }

    @Test(
        "a name that several may have is ambiguous, and who may is said",
        arguments: [
            ("gpt-oss-120b", ["openai-compatible"]), ("gemma-3", ["google", "openai-compatible"]),
            ("deepseek-r1-70b", ["deepseek", "openai-compatible"]),
            ("deepseek-coder-2", ["deepseek", "openai-compatible"]),
            ("deepseek-v4-1-flash-1017", ["deepseek", "mistral"]), ("glm-5", ["openai-compatible"]),
            ("zai-1", ["openai-compatible"]), ("llama3", ["openai-compatible"]), ("qwen3:8b", ["openai-compatible"]),
            ("phi-5", ["openai-compatible"]), ("mixtral-8x7b", ["mistral", "openai-compatible"]),
            ("mistral:7b", ["openai-compatible"]), ("Qwen/Qwen3-8B", ["openai-compatible"]),
            ("nobody/gpt-4o", ["openai-compatible"]),
        ])
    func ambiguous(_ id: String, _ candidates: [String]) {
        #expect(throws: DetectionError.ambiguous(id, candidates: candidates)) { try ModelCatalogue.detect(id) }
        let error = DetectionError.ambiguous(id, candidates: candidates)
        for candidate in candidates { #expect("\(error)".contains("\(candidate)/\(id)")) }
    }

    @Test("a name that nobody has is unknown", arguments: ["o1x", "o30", "nova-1", "openai/", "", "claude"])
    func unknown(_ id: String) {
        #expect(throws: DetectionError.unknown(id)) { try ModelCatalogue.detect(id) }
        #expect("\(DetectionError.unknown(id))".contains("“\(id)”"))
    }

    @Test("every provider's adapter exists in both forms, and names are unique")
    func adapters() {
        for facts in ModelCatalogue.providers {
            for wire in facts.wires {
                #expect(ModelCatalogue.adapter(named: wire.adapter)?.name == wire.adapter)
                #expect(ModelCatalogue.adapter(named: wire.adapter, streams: true)?.name == wire.adapter)
            }
            #expect(facts.wires.contains(facts.wire))
        }
        #expect(Set(ModelCatalogue.providers.map(\.name)).count == ModelCatalogue.providers.count)
        #expect(Set(ModelCatalogue.adapters.map { "\($0.name) \($0.version)" }).count == ModelCatalogue.adapters.count)
        #expect(ModelCatalogue.provider(named: "nobody") == nil)
        #expect(ModelCatalogue.adapter(named: "nobody") == nil)
    }

    @Test("what released stores have recorded stays: OpenAI's chat format in one piece is version 1's")
    func released() {
        #expect(ModelCatalogue.adapter(named: "openai.chat")?.version == 1)
        #expect(ModelCatalogue.adapter(named: "openai.chat", streams: true)?.version == 2)
        #expect(ModelCatalogue.simulatedBaseURL == "http://simulated/v1")
        #expect(ModelCatalogue.provider(named: "simulated")?.defaultBaseURL(in: .openAI) == "http://simulated/v1")
    }

    @Test("models that only the Responses API serves are asked there, unless they aren't OpenAI's own")
    func responses() throws {
        let openAI = try #require(ModelCatalogue.provider(named: "openai"))
        for id in [
            "gpt-5.1-codex", "gpt-5-codex-mini", "gpt-5-pro-2025-10-06", "o3-pro", "o4-mini-deep-research",
            "codex-mini-latest", "computer-use-preview",
        ] {
            #expect(openAI.wire(for: id) == .openAIResponses, "\(id)")
        }
        for id in ["gpt-5.5", "o3", "gpt-4o-mini", "gpt-prose", "deep-sea-research"] {
            #expect(openAI.wire(for: id) == .openAI, "\(id)")
        }
        let local = try #require(ModelCatalogue.provider(named: "openai-compatible"))
        #expect(local.wire(for: "gpt-5-codex") == .openAI)
    }

    @Test("the simulated provider speaks every format, each at its own place")
    func simulated() throws {
        let facts = try #require(ModelCatalogue.provider(named: "simulated"))
        #expect(facts.wires == WireFormat.allCases)
        let urls = WireFormat.allCases.compactMap { facts.defaultBaseURL(in: $0) }
        #expect(
            urls == [
                "http://simulated/v1", "http://simulated/openai/v1", "http://simulated/anthropic",
                "http://simulated/google", "http://simulated/xai/v1", "http://simulated/deepseek",
                "http://simulated/mistral",
            ])
        let anthropic = try #require(ModelCatalogue.provider(named: "anthropic"))
        #expect(anthropic.defaultBaseURL(in: .anthropic) == "https://api.anthropic.com")
    }

    @Test("the variables of keys and base URLs are those of the official SDKs, or else LiteLLM's")
    func variables() {
        let found = ModelCatalogue.providers.map { [$0.name, $0.keyVariable ?? "-"] + $0.baseURLVariables }
        #expect(
            found == [
                ["openai", "OPENAI_API_KEY", "OPENAI_BASE_URL"],
                ["anthropic", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"],
                ["google", "GOOGLE_API_KEY", "GOOGLE_GEMINI_BASE_URL"], ["xai", "XAI_API_KEY", "XAI_API_BASE"],
                ["deepseek", "DEEPSEEK_API_KEY", "DEEPSEEK_BASE_URL", "DEEPSEEK_API_BASE"],
                ["mistral", "MISTRAL_API_KEY"], ["openai-compatible", "OPENAI_COMPATIBLE_API_KEY"],
                ["simulated", "-"],
            ])
    }

    @Test("a key may stand in a second variable")
    func keyVariables() {
        #expect(ModelCatalogue.keyVariables(standingFor: "GOOGLE_API_KEY") == ["GOOGLE_API_KEY", "GEMINI_API_KEY"])
        #expect(ModelCatalogue.keyVariables(standingFor: "OPENAI_API_KEY") == ["OPENAI_API_KEY"])
        #expect(ModelCatalogue.keyVariables(standingFor: "MY_KEY") == ["MY_KEY"])
    }
}

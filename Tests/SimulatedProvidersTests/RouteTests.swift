import NIOHTTP1
import Testing

@testable import SimulatedProviders

@Suite("Route")
struct RouteTests {
    @Test(
        "each format is found at its paths, with the version or without",
        arguments: [
            ("/v1/chat/completions", .answer(.openai)), ("/openai/v1/chat/completions", .answer(.openai)),
            ("/openai/chat/completions", .answer(.openai)), ("/v1/responses", .answer(.openaiResponses)),
            ("/openai/v1/responses", .answer(.openaiResponses)),
            ("/openai-responses/v1/responses", .answer(.openaiResponses)), ("/v1/messages", .answer(.anthropic)),
            ("/anthropic/v1/messages", .answer(.anthropic)), ("/xai/v1/chat/completions", .answer(.xai)),
            ("/deepseek/chat/completions", .answer(.deepseek)), ("/deepseek/v1/chat/completions", .answer(.deepseek)),
            ("/mistral/v1/chat/completions", .answer(.mistral)),
            ("/google/v1/models/m:generateContent", .answer(.google, model: "m", streams: .no)),
            ("/v1beta/models/m:generateContent", .answer(.google, model: "m", streams: .no)),
            (
                "/google/v1beta/models/a:b:streamGenerateContent?alt=sse",
                .answer(.google, model: "a:b", streams: .events)
            ),
            ("/google/v1/models/m:streamGenerateContent", .answer(.google, model: "m", streams: .array)),
            ("/anthropic/v1/chat/completions", .unknown(.anthropic)), ("/xai/v1/messages", .unknown(.xai)),
            ("/mistral/v1/responses", .unknown(.mistral)), ("/google/v1/models/m:countTokens", .unknown(.google)),
            ("/v1/audio", .unknown(.openai)), ("", .unknown(.openai)), ("/stats", .unknown(.openai)),
        ] as [(String, Route)])
    func posts(_ uri: String, _ route: Route) {
        #expect(Route(.POST, uri) == route)
    }

    @Test("lists and statistics are read")
    func gets() {
        #expect(Route(.GET, "/v1/models") == .models(.openai))
        #expect(Route(.GET, "/anthropic/v1/models?limit=5") == .models(.anthropic))
        #expect(Route(.GET, "/stats") == .stats)
        #expect(Route(.GET, "/v1/chat/completions") == .unknown(.openai))
    }

    @Test("a format's base URL leads to it")
    func basePaths() {
        for wire in [Wire.openai, .xai, .deepseek, .mistral] {
            let version = wire == .mistral ? "/v1" : ""
            #expect(Route(.POST, wire.basePath + version + "/chat/completions") == .answer(wire))
        }
    }
}

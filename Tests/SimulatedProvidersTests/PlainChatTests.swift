import CanonicalJSON
import Determinism
import Providers
import Testing

@testable import SimulatedProviders

@Suite("PlainChat")
struct PlainChatTests {
    @Test("the short way of reading comes to the same as the general one")
    func sameAsGeneral() throws {
        let schema: JSONValue = ["type": "object", "properties": ["score": ["type": "integer"]]]
        let all = ChatParameters(
            temperature: 0.25, topP: 0.5, maxTokens: 40, seed: 7, stop: ["\n", "."],
            responseSchema: ResponseSchema(name: "verdict", schema: schema))
        for parameters in [ChatParameters(), ChatParameters(maxTokens: 9), all] {
            let bytes = SimulatedBody.bytes("sim-careful", [("system", "Be brief."), ("user", "Ünï?")], parameters)
            let short = try PlainChat(canonicalBytes: bytes).request(seed: Digest(of: bytes))
            #expect(try SimulatedRequest(bytes) == short)
        }
    }

    @Test(
        "what has to be looked at more closely isn't read in the short way",
        arguments: [
            #"{"messages":[{"content":"?","role":"user"}],"model":"m","stream":true}"#,
            #"{"messages":[{"content":[{"text":"?"}],"role":"user"}],"model":"m"}"#,
            #"{"model":"m","messages":[{"content":"?","role":"user"}]}"#, #"{"messages":[],"model":"m"}"#,
            #"{"messages":[{"content":"?","role":"user"}],"model":"o3"}"#, "{",
        ])
    func others(_ body: String) {
        let bytes = Array(body.utf8)
        #expect((try? PlainChat(canonicalBytes: bytes))?.request(seed: Digest(of: bytes)) == nil)
    }
}

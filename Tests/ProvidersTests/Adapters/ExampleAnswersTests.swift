import CanonicalJSON
import Determinism
import Providers
import Testing

/// Every adapter makes of every published answer what the reference says.
@Suite struct ExampleAnswersTests {
    @Test("the manifest is there, whole, and has adapters for all of it")
    func manifest() {
        #expect(ExampleFile.all.count == 185)
        for example in ExampleFile.all { #expect(!example.adapters.isEmpty, "\(example.testDescription)") }
    }

    @Test("an error has the class and the retry of the reference, and keeps what had come", arguments: ExampleFile.all)
    func errors(_ example: ExampleFile) {
        guard example.isError else { return }
        for adapter in example.adapters {
            guard case .failure(let error) = example.read(by: adapter) else {
                Issue.record("\(adapter.name) \(adapter.version) reads an answer")
                continue
            }
            #expect(error.class == example.errorClass)
            #expect(error.retryable == example.expected["retryable"]?.bool)
            #expect(error.partialText == example.expected["text"]?.string)
            #expect(error.detail.hasPrefix("HTTP \(example.status)"))
        }
    }

    @Test(
        "an answer has the finish, the text, the reasoning and all tokens of the reference", arguments: ExampleFile.all)
    func results(_ example: ExampleFile) throws {
        guard !example.isError else { return }
        for adapter in example.adapters {
            let result = try example.read(by: adapter).get()
            #expect(result.finish == example.finish)
            #expect(result.text == example.expected["text"]?.string)
            #expect(result.reasoning == example.expected["reasoning_text"]?.string)
            let usage = example.expected["usage"]
            #expect(result.usage.input == usage?["input"]?.int)
            #expect(result.usage.output == usage?["output"]?.int)
            // The manifest has 0 where a provider doesn't count.
            #expect(result.usage.cacheRead ?? 0 == usage?["cache_read"]?.int ?? 0)
            #expect(result.usage.cacheWrite ?? 0 == usage?["cache_write"]?.int ?? 0)
            #expect(result.usage.reasoning ?? 0 == usage?["reasoning"]?.int ?? 0)
        }
    }

    @Test("a streamed answer gives what the same one gives in one piece")
    func streamsEqualPlain() throws {
        var pairs: [String] = []
        for stream in ExampleFile.all where stream.isStream && !stream.isError {
            for plain in ExampleFile.all where plain.provider == stream.provider && !plain.isStream {
                guard
                    ["finish", "text", "reasoning_text", "usage"].allSatisfy({
                        plain.expected[$0] == stream.expected[$0]
                    }), plain.expected["finish"] != nil
                else { continue }
                for adapter in stream.adapters {
                    let (left, right) = (try stream.read(by: adapter).get(), try plain.read(by: adapter).get())
                    #expect(left.finishOriginal == right.finishOriginal)
                    #expect(left.refusal == right.refusal)
                    #expect(left.reasoning == right.reasoning)
                    #expect(left.requestID == right.requestID)
                    #expect((left.responseID == nil) == (right.responseID == nil))
                }
                pairs.append(stream.testDescription)
            }
        }
        for name in [
            "openai/response_stream.txt", "openai/response_stream_refusal.txt", "openai-responses/response_stream.txt",
            "openai-compatible/response_stream.txt", "deepseek/response_stream_trailing.txt",
            "mistral/response_stream.txt", "anthropic/response_stream_thinking.txt",
        ] {
            #expect(pairs.contains(name), "\(name)")
        }
    }

    @Test(
        "an answer of the chat format gives the same record however it is cut into pieces", arguments: ExampleFile.all)
    func pieces(_ example: ExampleFile) throws {
        guard !example.isStream, !example.isError else { return }
        for adapter in example.adapters where adapter.name.hasSuffix(".chat") && adapter != OpenAIChat.self {
            let whole = try example.read(by: adapter).get()
            for size in [1, 2, 5, 100] {
                let stream = try Self.stream(of: JSONParser.parse(example.body), pieces: size)
                var headers = example.headers.filter { adapter.recordedHeaders.contains($0.key) }
                headers["content-type"] = "text/event-stream"
                #expect(try adapter.result(status: 200, headers: headers, body: stream).get() == whole)
            }
        }
    }

    /// The answer as a stream whose texts come in pieces of this many characters.
    private static func stream(of answer: JSONValue, pieces size: Int) throws -> [UInt8] {
        var chunk = answer.object ?? [:]
        chunk["usage"] = nil
        var deltas: [JSONObject] = []
        for (name, value) in (answer["choices"]?[0]?["message"]?.object ?? [:]).map({ ($0.key, $0.value) }) {
            guard let text = value.string, name != "role" else {
                deltas.append([name: value])
                continue
            }
            // An empty text is still said to be one.
            var rest = text[...]
            repeat {
                deltas.append([name: .string(String(rest.prefix(size)))])
                rest = rest.dropFirst(size)
            } while !rest.isEmpty
        }
        var text = ""
        func write(_ choices: JSONValue, _ usage: JSONValue?) {
            chunk["choices"] = choices
            chunk["usage"] = usage
            text += "data: " + String(decoding: chunk.canonicalBytes(), as: UTF8.self) + "\n\n"
        }
        for delta in deltas { write([["index": 0, "delta": .object(delta)]], nil) }
        write([["delta": [:], "finish_reason": answer["choices"]?[0]?["finish_reason"] ?? .null]], nil)
        write([], answer["usage"])
        return Array((text + "data: [DONE]\n\n").utf8)
    }

    @Test("nothing of a provider's message is in the detail, which goes into events", arguments: ExampleFile.all)
    func detail(_ example: ExampleFile) {
        for adapter in example.adapters {
            guard case .failure(let error) = example.read(by: adapter), let message = error.providerMessage else {
                continue
            }
            // A single word may be a type, too.
            #expect(!message.isEmpty)
            #expect(!message.contains(" ") || !error.detail.contains(message))
        }
    }

    @Test(
        "what isn't an answer is malformed, though the status is 200",
        arguments: [
            ("", "application/json"), ("{}", "application/json"), ("[]", "application/json"),
            ("null", "application/json"), ("<html>Welcome</html>", "text/html"),
            ("<html>Welcome</html>", "application/json"), (#"{"id":"#, "application/json"), ("", "text/event-stream"),
            ("{}", "text/event-stream"), ("data: {}\n\n", "text/event-stream"),
            ("data: [DONE]\n\n", "text/event-stream"), ("data: <html>\n\n", "text/event-stream"),
            (": keep-alive\n\n", "text/event-stream"), (#"{"a":1,"a":2}"#, "application/json"),
        ])
    func malformed(_ body: String, _ type: String) {
        for adapter in ModelCatalogue.adapters {
            let read = adapter.result(status: 200, headers: ["content-type": type], body: Array(body.utf8))
            guard case .failure(let error) = read else {
                Issue.record("\(adapter.name) \(adapter.version) reads an answer")
                continue
            }
            #expect(error.class == .malformedResponse)
            #expect(error.retryable)
            #expect(error.class.mostRetries == 1)
        }
    }

    @Test("a status that is neither success nor an error is malformed", arguments: [201, 202, 204, 301, 302, 307])
    func statuses(_ status: Int) {
        for example in ExampleFile.all where example.name == "response.json" {
            for adapter in example.adapters {
                let read = adapter.result(status: status, headers: [:], body: example.body)
                guard case .failure(let error) = read else {
                    Issue.record("\(adapter.name) \(adapter.version) reads an answer")
                    continue
                }
                #expect(error.class == .malformedResponse)
            }
        }
    }

    @Test("a stream cut anywhere is malformed with what had come, or had told its finish", arguments: ExampleFile.all)
    func cuts(_ example: ExampleFile) throws {
        guard example.isStream, !example.isError else { return }
        for adapter in example.adapters {
            let whole = try example.read(by: adapter).get()
            var malformed = 0
            for count in 0..<example.body.count {
                let headers = example.headers.filter { adapter.recordedHeaders.contains($0.key) }
                let read = adapter.result(status: 200, headers: headers, body: Array(example.body[..<count]))
                switch read {
                case .success(let result):
                    #expect(result.text == whole.text)
                    #expect(result.finish == whole.finish)
                case .failure(let error):
                    malformed += 1
                    #expect(error.class == .malformedResponse)
                    #expect(error.partialText.map(whole.text.hasPrefix) == true, "\(count) bytes")
                }
            }
            #expect(malformed > example.body.count / 2)
        }
    }

    @Test("the first token is behind the event with the first piece of the answer", arguments: ExampleFile.all)
    func firstToken(_ example: ExampleFile) throws {
        guard example.isStream, !example.isError else { return }
        for adapter in example.adapters {
            let whole = try example.read(by: adapter).get()
            let offset = adapter.firstToken(in: example.body)
            guard !whole.text.isEmpty || whole.reasoning != nil || whole.refusal != nil else {
                continue
            }
            let first = try #require(offset)
            #expect(adapter.firstToken(in: Array(example.body[..<first])) == first)
            #expect(adapter.firstToken(in: Array(example.body[..<(first - 1)])) == nil)
        }
    }

    @Test("no bytes make an adapter trap, and the same bytes give the same result")
    func arbitrary() {
        let seed: UInt64 = 20_261_122
        var generator = SeededGenerator(seed: seed)
        for example in ExampleFile.all where example.status == 200 {
            for adapter in example.adapters {
                var body = example.body
                for _ in 0..<3 { body[Int(generator.next() % UInt64(body.count))] = UInt8(generator.next() % 256) }
                let read = { adapter.result(status: 200, headers: example.headers, body: body) }
                #expect(read() == read(), "seed \(seed), \(example.testDescription)")
            }
        }
    }
}

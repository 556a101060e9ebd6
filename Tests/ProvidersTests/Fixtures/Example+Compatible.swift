import Providers

extension Example {
    /// Answers in the forms of vLLM, Ollama, llama.cpp and LM Studio.
    static let compatible: [Example] = [
        Example(
            "error_400_llamacpp.json", status: 400, headers: [:],
            .error(.contextLength, retryable: false),
            body: #"""
                {"error":{"code":400,"message":"request (13392 tokens) exceeds the available context size (8192 \#
                tokens), try increasing it","type":"exceed_context_size_error","n_prompt_tokens":13392,"n_ctx":8\#
                192}}
                """#),
        Example(
            "error_400_lmstudio.json", status: 400, headers: [:],
            .error(.contextLength, retryable: false),
            body: #"""
                {"error":"The number of tokens to keep from the initial prompt is greater than the context lengt\#
                h."}
                """#),
        Example(
            "error_400_vllm.json", status: 400, headers: [:],
            .error(.contextLength, retryable: false),
            body: #"""
                {"error":{"message":"This model's maximum context length is 8192 tokens. However, you requested \#
                9000 tokens in the messages. Please reduce the length of the messages.","type":"BadRequestError"\#
                ,"param":null,"code":400}}
                """#),
        Example(
            "error_400_vllm_old.json", status: 400, headers: [:],
            .error(.contextLength, retryable: false),
            body: #"""
                {"object":"error","message":"This model's maximum context length is 8192 tokens. However, you re\#
                quested 9000 tokens.","type":"BadRequestError","param":null,"code":400}
                """#),
        Example(
            "error_401_llamacpp.json", status: 401, headers: [:],
            .error(.auth, retryable: false),
            body: #"""
                {"error":{"code":401,"message":"Invalid API Key","type":"authentication_error"}}
                """#),
        Example(
            "error_404_lmstudio.json", status: 404, headers: [:],
            .error(.notFound, retryable: false),
            body: #"""
                {"error":{"message":"Model \"none\" not found.","type":"invalid_request_error","param":"model","\#
                code":"model_not_found"}}
                """#),
        Example(
            "error_404_ollama.json", status: 404, headers: [:],
            .error(.notFound, retryable: false),
            body: #"""
                {"error":{"message":"model 'none' not found","type":"not_found_error","param":null,"code":null}}
                """#),
        Example(
            "error_404_vllm.json", status: 404, headers: [:],
            .error(.notFound, retryable: false),
            body: #"""
                {"error":{"message":"The model `none` does not exist.","type":"NotFoundError","param":"model","c\#
                ode":404}}
                """#),
        Example(
            "error_500_ollama.json", status: 500, headers: [:],
            .error(.serverError, retryable: true),
            body: #"""
                {"error":{"message":"llama runner process has terminated","type":"api_error","param":null,"code"\#
                :null}}
                """#),
        Example(
            "error_503_llamacpp.json", status: 503, headers: [:],
            .error(.overloaded, retryable: true),
            body: #"""
                {"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}
                """#),
        Example(
            "response_llamacpp.json", status: 200, headers: [:],
            .result(.stop, text: "Seven.", Usage(input: 31, output: 3)),
            body: #"""
                {"choices":[{"finish_reason":"stop","index":0,"message":{"role":"assistant","content":"Seven."}}\#
                ],"created":1795000000,"model":"gpt-3.5-turbo","system_fingerprint":"b7000-cairn","object":"chat\#
                .completion","usage":{"completion_tokens":3,"prompt_tokens":31,"total_tokens":34},"id":"chatcmpl\#
                -CAIRN0001","timings":{"prompt_n":31,"prompt_ms":40.1,"predicted_n":3,"predicted_ms":60.2}}
                """#),
        Example(
            "response_lmstudio.json", status: 200, headers: [:],
            .result(.stop, text: "Seven.", Usage(input: 31, output: 3)),
            body: #"""
                {"id":"chatcmpl-CAIRN0001","object":"chat.completion","created":1795000000,"model":"qwen3-8b","c\#
                hoices":[{"index":0,"message":{"role":"assistant","content":"Seven.","reasoning_content":"","too\#
                l_calls":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":31,"completion_to\#
                kens":3,"total_tokens":34},"stats":{},"system_fingerprint":"qwen3-8b"}
                """#),
        Example(
            "response_no_usage.json", status: 200, headers: [:],
            .result(.stop, text: "Seven.", Usage()),
            body: #"""
                {"id":"x","object":"chat.completion","created":1795000000,"model":"local","choices":[{"index":0,\#
                "message":{"role":"assistant","content":"Seven."},"finish_reason":"stop"}]}
                """#),
        Example(
            "response_ollama.json", status: 200, headers: [:],
            .result(.stop, text: "Seven.", Usage(input: 31, output: 15)),
            body: #"""
                {"id":"chatcmpl-1","object":"chat.completion","created":1795000000,"model":"qwen3:8b","system_fi\#
                ngerprint":"fp_ollama","choices":[{"index":0,"message":{"role":"assistant","content":"Seven.","r\#
                easoning":"Six, then seven."},"finish_reason":"stop"}],"usage":{"prompt_tokens":31,"completion_t\#
                okens":15,"total_tokens":46}}
                """#),
        Example(
            "response_vllm.json", status: 200, headers: [:],
            .result(.stop, text: "Seven.", Usage(input: 31, output: 3)),
            body: #"""
                {"id":"chatcmpl-CAIRN0001","object":"chat.completion","created":1795000000,"model":"Qwen/Qwen3-8\#
                B","choices":[{"index":0,"message":{"role":"assistant","content":"Seven.","refusal":null,"annota\#
                tions":null,"audio":null,"function_call":null,"tool_calls":[],"reasoning":null},"logprobs":null,\#
                "finish_reason":"stop","stop_reason":null,"token_ids":null}],"service_tier":null,"system_fingerp\#
                rint":null,"usage":{"prompt_tokens":31,"total_tokens":34,"completion_tokens":3,"prompt_tokens_de\#
                tails":null},"prompt_logprobs":null,"kv_transfer_params":null}
                """#),
    ]
}

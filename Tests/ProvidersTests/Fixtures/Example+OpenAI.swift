import Providers

extension Example {
    /// Answers in the form of api.openai.com.
    static let openAI: [Example] = [
        Example(
            "error_400.json", status: 400, headers: ["x-request-id": "req_CAIRN0001"],
            .error(.invalidRequest, retryable: false),
            body: #"""
                {"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use '\#
                max_completion_tokens' instead.","type":"invalid_request_error","param":"max_tokens","code":"uns\#
                upported_parameter"}}
                """#),
        Example(
            "error_400_context.json", status: 400, headers: ["x-request-id": "req_CAIRN0001"],
            .error(.contextLength, retryable: false),
            body: #"""
                {"error":{"message":"This model's maximum context length is 128000 tokens. However, your message\#
                s resulted in 130011 tokens.","type":"invalid_request_error","param":"messages","code":"context_\#
                length_exceeded"}}
                """#),
        Example(
            "error_400_policy.json", status: 400, headers: ["x-request-id": "req_CAIRN0001"],
            .error(.contentPolicy, retryable: false),
            body: #"""
                {"error":{"message":"Invalid prompt: your prompt was flagged as potentially violating our usage \#
                policy. Please try again with a different prompt.","type":"invalid_request_error","param":null,"\#
                code":"invalid_prompt"}}
                """#),
        Example(
            "error_400_value.json", status: 400, headers: ["x-request-id": "req_CAIRN0001"],
            .error(.invalidRequest, retryable: false),
            body: #"""
                {"error":{"message":"Unsupported value: 'temperature' does not support 0.2 with this model. Only\#
                 the default (1) value is supported.","type":"invalid_request_error","param":"temperature","code\#
                ":"unsupported_value"}}
                """#),
        Example(
            "error_401.json", status: 401, headers: ["x-request-id": "req_CAIRN0001"],
            .error(.auth, retryable: false),
            body: #"""
                {"error":{"message":"Incorrect API key provided.","type":"invalid_request_error","param":null,"c\#
                ode":"invalid_api_key"}}
                """#),
        Example(
            "error_403.json", status: 403, headers: ["x-request-id": "req_CAIRN0001"],
            .error(.permission, retryable: false),
            body: #"""
                {"error":{"message":"Project does not have access to model.","type":"invalid_request_error","par\#
                am":null,"code":"model_not_found"}}
                """#),
        Example(
            "error_403_country.json", status: 403, headers: ["x-request-id": "req_CAIRN0001"],
            .error(.permission, retryable: false),
            body: #"""
                {"error":{"message":"Country, region, or territory not supported","type":"request_forbidden","pa\#
                ram":null,"code":"unsupported_country_region_territory"}}
                """#),
        Example(
            "error_404.json", status: 404, headers: ["x-request-id": "req_CAIRN0001"],
            .error(.notFound, retryable: false),
            body: #"""
                {"error":{"message":"The model does not exist or you do not have access to it.","type":"invalid_\#
                request_error","param":null,"code":"model_not_found"}}
                """#),
        Example(
            "error_409.json", status: 409, headers: ["x-request-id": "req_CAIRN0001"],
            .error(.serverError, retryable: true),
            body: #"""
                {"error":{"message":"The resource was updated by another process.","type":"conflict_error","para\#
                m":null,"code":null}}
                """#),
        Example(
            "error_429.json", status: 429,
            headers: ["retry-after": "1", "retry-after-ms": "100", "x-request-id": "req_CAIRN0001"],
            .error(.rateLimit, retryable: true),
            body: #"""
                {"error":{"message":"Rate limit reached for requests per min (RPM): Limit 600, Used 600, Request\#
                ed 1. Please try again in 100ms.","type":"requests","param":null,"code":"rate_limit_exceeded"}}
                """#),
        Example(
            "error_429_billing.json", status: 429, headers: ["x-request-id": "req_CAIRN0001"],
            .error(.quotaExhausted, retryable: false),
            body: #"""
                {"error":{"message":"The project has reached its spend limit for this month.","type":"insufficie\#
                nt_quota","param":null,"code":"project_spend_limit_exceeded"}}
                """#),
        Example(
            "error_429_quota.json", status: 429, headers: ["x-request-id": "req_CAIRN0001", "x-should-retry": "false"],
            .error(.quotaExhausted, retryable: false),
            body: #"""
                {"error":{"message":"You exceeded your current quota, please check your plan and billing details\#
                .","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}
                """#),
        Example(
            "error_429_slow_down.json", status: 429, headers: ["retry-after": "2", "x-request-id": "req_CAIRN0001"],
            .error(.rateLimit, retryable: true),
            body: #"""
                {"error":{"message":"Please reduce your request rate, then ramp up gradually.","type":"rate_limi\#
                t_error","param":null,"code":"slow_down"}}
                """#),
        Example(
            "error_429_tokens.json", status: 429, headers: ["retry-after": "1", "x-request-id": "req_CAIRN0001"],
            .error(.rateLimit, retryable: true),
            body: #"""
                {"error":{"message":"Rate limit reached for tokens per min (TPM): Limit 200000, Used 199990, Req\#
                uested 64. Please try again in 16ms.","type":"tokens","param":null,"code":"rate_limit_exceeded"}\#
                }
                """#),
        Example(
            "error_500.json", status: 500, headers: ["x-request-id": "req_CAIRN0001"],
            .error(.serverError, retryable: true),
            body: #"""
                {"error":{"message":"The server had an error while processing your request.","type":"server_erro\#
                r","param":null,"code":null}}
                """#),
        Example(
            "error_502.html", status: 502, headers: ["x-request-id": "req_CAIRN0001"],
            .error(.serverError, retryable: true),
            body: #"""
                <html> <head><title>502 Bad Gateway</title></head> <body><center><h1>502 Bad Gateway</h1></cente\#
                r></body> </html>
                """#),
        Example(
            "error_503.json", status: 503, headers: ["x-request-id": "req_CAIRN0001"],
            .error(.overloaded, retryable: true),
            body: #"""
                {"error":{"message":"The engine is currently overloaded, please try again later.","type":"server\#
                _error","param":null,"code":null}}
                """#),
        Example(
            "error_503_overloaded.json", status: 503, headers: ["retry-after": "3", "x-request-id": "req_CAIRN0001"],
            .error(.overloaded, retryable: true),
            body: #"""
                {"error":{"message":"Our servers are currently overloaded. Please try again later.","type":"serv\#
                ice_unavailable_error","param":null,"code":"server_is_overloaded"}}
                """#),
        Example(
            "response.json", status: 200, headers: ["x-request-id": "req_CAIRN0001"],
            .result(.stop, text: "Seven.", Usage(input: 31, output: 3, cacheRead: 0, reasoning: 0)),
            body: #"""
                {"id":"chatcmpl-CAIRN0001","object":"chat.completion","created":1763700000,"model":"gpt-4o-mini-\#
                2024-07-18","choices":[{"index":0,"message":{"role":"assistant","content":"Seven.","refusal":nul\#
                l,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":31,"comple\#
                tion_tokens":3,"total_tokens":34,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"c\#
                ompletion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,\#
                "rejected_prediction_tokens":0}},"service_tier":"default","system_fingerprint":"fp_0a1b2c3d4e"}
                """#),
        Example(
            "response_content_filter.json", status: 200, headers: ["x-request-id": "req_CAIRN0001"],
            .result(
                .contentFilter, text: "Sev", Usage(input: 31, output: 1, cacheRead: 0, cacheWrite: 0, reasoning: 0)),
            body: #"""
                {"id":"chatcmpl-CAIRN0001","object":"chat.completion","created":1795000000,"model":"gpt-4o-mini-\#
                2024-07-18","choices":[{"index":0,"message":{"role":"assistant","content":"Sev","refusal":null,"\#
                annotations":[]},"logprobs":null,"finish_reason":"content_filter"}],"usage":{"prompt_tokens":31,\#
                "completion_tokens":1,"total_tokens":32,"prompt_tokens_details":{"cached_tokens":0,"cache_write_\#
                tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"\#
                accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"service_tier":"default","system_\#
                fingerprint":"fp_0a1b2c3d4e"}
                """#),
        Example(
            "response_json_schema.json", status: 200, headers: ["x-request-id": "req_CAIRN0001"],
            .result(
                .stop, text: "{\"score\":7}", Usage(input: 58, output: 6, cacheRead: 0, cacheWrite: 0, reasoning: 0)),
            body: #"""
                {"id":"chatcmpl-CAIRN0001","object":"chat.completion","created":1795000000,"model":"gpt-4o-mini-\#
                2024-07-18","choices":[{"index":0,"message":{"role":"assistant","content":"{\"score\":7}","refus\#
                al":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":58,\#
                "completion_tokens":6,"total_tokens":64,"prompt_tokens_details":{"cached_tokens":0,"cache_write_\#
                tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"\#
                accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"service_tier":"default","system_\#
                fingerprint":"fp_0a1b2c3d4e"}
                """#),
        Example(
            "response_length_empty.json", status: 200, headers: ["x-request-id": "req_CAIRN0001"],
            .result(.length, text: "", Usage(input: 31, output: 64, cacheRead: 0, cacheWrite: 0, reasoning: 64)),
            body: #"""
                {"id":"chatcmpl-CAIRN0001","object":"chat.completion","created":1795000000,"model":"gpt-5.5-2026\#
                -04-23","choices":[{"index":0,"message":{"role":"assistant","content":"","refusal":null,"annotat\#
                ions":[]},"logprobs":null,"finish_reason":"length"}],"usage":{"prompt_tokens":31,"completion_tok\#
                ens":64,"total_tokens":95,"prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":0,"aud\#
                io_tokens":0},"completion_tokens_details":{"reasoning_tokens":64,"audio_tokens":0,"accepted_pred\#
                iction_tokens":0,"rejected_prediction_tokens":0}},"service_tier":"default","system_fingerprint":\#
                null}
                """#),
        Example(
            "response_reasoning.json", status: 200, headers: ["x-request-id": "req_CAIRN0001"],
            .result(
                .stop, text: "Seven.", Usage(input: 2079, output: 75, cacheRead: 2048, cacheWrite: 0, reasoning: 64)),
            body: #"""
                {"id":"chatcmpl-CAIRN0001","object":"chat.completion","created":1795000000,"model":"gpt-5.5-2026\#
                -04-23","choices":[{"index":0,"message":{"role":"assistant","content":"Seven.","refusal":null,"a\#
                nnotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":2079,"completi\#
                on_tokens":75,"total_tokens":2154,"prompt_tokens_details":{"cached_tokens":2048,"cache_write_tok\#
                ens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":64,"audio_tokens":0,"ac\#
                cepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"service_tier":"default","system_fi\#
                ngerprint":null}
                """#),
        Example(
            "response_refusal.json", status: 200, headers: ["x-request-id": "req_CAIRN0001"],
            .result(.refusal, text: "", Usage(input: 31, output: 12, cacheRead: 0, cacheWrite: 0, reasoning: 0)),
            body: #"""
                {"id":"chatcmpl-CAIRN0001","object":"chat.completion","created":1795000000,"model":"gpt-4o-mini-\#
                2024-07-18","choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":"I'm so\#
                rry, I can't help with that.","annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage"\#
                :{"prompt_tokens":31,"completion_tokens":12,"total_tokens":43,"prompt_tokens_details":{"cached_t\#
                okens":0,"cache_write_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens\#
                ":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"service_ti\#
                er":"default","system_fingerprint":"fp_0a1b2c3d4e"}
                """#),
        Example(
            "response_tool_calls.json", status: 200, headers: ["x-request-id": "req_CAIRN0001"],
            .result(.toolCalls, text: "", Usage(input: 31, output: 17, cacheRead: 0, cacheWrite: 0, reasoning: 0)),
            body: #"""
                {"id":"chatcmpl-CAIRN0001","object":"chat.completion","created":1795000000,"model":"gpt-4o-mini-\#
                2024-07-18","choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":null,"a\#
                nnotations":[],"tool_calls":[{"id":"call_CAIRN0001","type":"function","function":{"name":"lookup\#
                ","arguments":"{\"n\":7}"}}]},"logprobs":null,"finish_reason":"tool_calls"}],"usage":{"prompt_to\#
                kens":31,"completion_tokens":17,"total_tokens":48,"prompt_tokens_details":{"cached_tokens":0,"ca\#
                che_write_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_t\#
                okens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"service_tier":"default\#
                ","system_fingerprint":"fp_0a1b2c3d4e"}
                """#),
    ]
}

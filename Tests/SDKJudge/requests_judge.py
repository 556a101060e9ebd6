"""Our adapters' requests against those that the official SDKs send for the same conversation, field by field."""
import copy

import capture
import probe
import sdks

ABSENT = "(absent)"
ANYTHING = "(anything)"

CONVERSATION = [
    {"role": "system", "content": "Answer in one word."},
    {"role": "user", "content": "What comes after six?"},
    {"role": "assistant", "content": "Seven."},
    {"role": "user", "content": "Again, please."},
]

# Adapter, place in the request, what the SDK sends there, what we send there, why that is as it should be.
DIFFERENCES = [
    ("google.generateContent", "body.systemInstruction.role", "user", ABSENT,
     "instructions have no role in the documented format; the server ignores the SDK's"),
    ("google.generateContent", "body.generationConfig.thinkingConfig.thinking_level", "LOW", ABSENT,
     "a slip of the SDK: the documented name is thinkingLevel, and proto JSON reads both"),
    ("google.generateContent", "body.generationConfig.thinkingConfig.thinkingLevel", ABSENT, "LOW",
     "the other half of the same slip"),
    ("openai.chat", "body.stream_options.include_obfuscation", ABSENT, False,
     "padding against listeners on the line: it would be recorded with every piece, and TLS is always on"),
    ("openai.responses", "body.stream_options", ABSENT, {"include_obfuscation": False}, "the same padding"),
    ("deepseek.chat", "body.messages[0].content", CONVERSATION[0]["content"], ANYTHING,
     "the API enforces no schema, so it is put into the instructions"),
    ("mistral.chat", "body.stream", False, ABSENT, "false is the default; what isn't set isn't sent"),
    ("mistral.chat", "body.messages[2].prefix", False, ABSENT, "false is the default; what isn't set isn't sent"),
]

AWKWARD = 'Tab\t, quote ", backslash \\, slash /, CRLF\r\n, NUL-like \u0001, line \u2028, é, 漢字, 👩‍👩‍👧, \ufffd, </script>'
VERDICT = {
    "name": "verdict",
    "schema": {
        "type": "object", "properties": {"score": {"type": "integer"}, "why": {"type": "string"}},
        "required": ["score", "why"], "additionalProperties": False,
    },
}


def conversations(model: str, sampling: dict, extra: dict) -> dict[str, dict]:
    """The neutral conversations, with what a provider takes of sampling and of its own parameters."""
    def chat(messages, streams=False, **parameters):
        made = {"model": model, "messages": messages, "parameters": {"maxTokens": 64} | parameters}
        return made | ({"streams": True} if streams else {})

    first = CONVERSATION[1:2]
    return {
        "a conversation": chat(CONVERSATION, **sampling),
        "a schema": chat(CONVERSATION, responseSchema=VERDICT),
        "a stream": chat(CONVERSATION, streams=True),
        "a stream with everything": chat(CONVERSATION, streams=True, responseSchema=VERDICT, **sampling),
        "one question": chat(first),
        "awkward text": chat([{"role": "user", "content": AWKWARD}]),
        "two instructions": chat([CONVERSATION[0], {"role": "system", "content": "Be brief."}] + first),
        "a parameter of the provider's own": chat(CONVERSATION, extra=extra),
        "a schema beside it": chat(CONVERSATION, responseSchema=VERDICT, extra=extra),
    }


FULL = {"temperature": 0.2, "topP": 0.9, "seed": 7, "stop": ["\n\n", "END"]}


def without(*names: str) -> dict:
    return {name: value for name, value in FULL.items() if name not in names}


def providers(base: str) -> list[tuple]:
    """Adapter, provider, base URL as in the provider's facts, SDK, conversations."""
    effort = {"reasoning_effort": "low"}
    gemini = {
        "generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW"}},
        "safetySettings": [{"category": "HARM_CATEGORY_HATE_SPEECH", "threshold": "BLOCK_ONLY_HIGH"}],
    }
    return [
        ("openai.chat", "openai", base + "/v1", sdks.OpenAIChat(base, "/v1", "max_completion_tokens"),
         conversations("gpt-5.5", FULL, effort)),
        ("openai.chat", "openai-compatible", base + "/v1", sdks.OpenAIChat(base, "/v1", "max_tokens"),
         conversations("local/model", FULL, effort)),
        ("openai.responses", "openai", base + "/v1", sdks.OpenAIResponses(base),
         conversations("gpt-6-codex", without("seed", "stop"), {"reasoning": {"effort": "low"}})),
        ("anthropic.messages", "anthropic", base, sdks.Anthropic(base),
         conversations("claude-sonnet-5-5", without("seed", "temperature", "topP"), {"output_config": {"effort": "low"}})),
        ("google.generateContent", "google", base, sdks.Gemini(base), conversations("gemini-3.5-flash", FULL, gemini)),
        ("xai.chat", "xai", base + "/v1", sdks.XAIChat(base, "/v1", "max_completion_tokens"),
         conversations("grok-4.3", FULL, effort)),
        ("deepseek.chat", "deepseek", base, sdks.DeepSeekChat(base, "", "max_tokens"),
         conversations("deepseek-flash", without("seed"), effort)),
        ("mistral.chat", "mistral", base, sdks.MistralChat(base),
         conversations("mistral-small-latest", FULL, {"safe_prompt": True})),
    ]


def differences(theirs, ours, place="") -> list[tuple]:
    """Every place at which two JSON values differ, with both values."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        names = sorted(theirs.keys() | ours.keys())
        return [
            found for name in names for found in differences(
                theirs.get(name, ABSENT), ours.get(name, ABSENT), f"{place}.{name}" if place else name)
        ]
    if isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        return [
            found for index, pair in enumerate(zip(theirs, ours)) for found in differences(*pair, f"{place}[{index}]")]
    same = theirs == ours and isinstance(theirs, bool) == isinstance(ours, bool)
    return [] if same else [(place, theirs, ours)]


def judge(program: str) -> tuple[list[str], list[str]]:
    """What is wrong, and what may be said of what was compared."""
    wrong, used, orders, theirs = [], set(), [], []
    with capture.CapturingServer() as server:
        for adapter, provider, base, sdk, chats in providers(server.base):
            for name, chat in chats.items():
                before = len(server.captured)
                try:
                    sdks.drained(sdk.ask(copy.deepcopy(chat)))
                except Exception as error:
                    if len(server.captured) != before + 1:
                        raise AssertionError(f"{provider}, {name}: the SDK sent nothing") from error
                theirs.append((adapter, provider, name, server.captured[-1]))
                orders.append({
                    "adapter": adapter, "baseURL": base, "chat": chat, "key": sdks.KEY, "provider": provider})
        base = server.base
    made = probe.adapters(program, orders)
    for (adapter, provider, name, sent), request in zip(theirs, made, strict=True):
        request["path"] = request.pop("url").removeprefix(base)
        for place, sdk, cairn in differences(sent, request):
            for row, (of, at, its, our, _) in enumerate(DIFFERENCES):
                if (of, at) == (adapter, place) and its in (sdk, ANYTHING) and our in (cairn, ANYTHING):
                    used.add(row)
                    break
            else:
                wrong.append(f"{provider}, {name}: {place} is {sdk!r} in the SDK's request and {cairn!r} in ours")
    wrong += [
        f"{of}: no request differs at {at} any more: remove the row" for row, (of, at, *_) in enumerate(DIFFERENCES)
        if row not in used
    ]
    adapters = sorted({adapter for adapter, *_ in theirs})
    said = [f"{len(made)} requests of {len(adapters)} adapters equal those of the SDKs, but for:"]
    said += [f"  {of} {at}: SDK {its!r}, ours {our!r}: {why}" for of, at, its, our, why in DIFFERENCES]
    return wrong, said

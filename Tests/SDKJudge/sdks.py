"""How each official SDK is asked the question that a neutral conversation holds.

A conversation is what Cairn's `ChatRequest` holds, as JSON: `model`, `messages`, `parameters`, `streams`. The translation
is written here a second time, from the SDKs' own signatures, so that the adapters are judged and not repeated.
"""
import dataclasses
import json

import anthropic
import openai
from google import genai
from google.genai import types as gemini
from mistralai.client import Mistral

KEY = "judge-key-0123456789"


@dataclasses.dataclass
class Answer:
    """What an SDK says of an answer, in words that are common to all."""

    text: str
    finish: str | None
    """As the provider says it."""
    usage: tuple[int, int, int, int] | None
    """Tokens read, written, read from a cache, and spent on reasoning; the first two include the others."""
    problem: str | None
    """Where the answer isn't of the SDK's own type, which the SDK itself doesn't check."""


def problem(models: list) -> str | None:
    """Checks what openai and anthropic only take for granted: that the fields are there and of their types."""
    for model in models:
        try:
            type(model).model_validate(json.loads(model.to_json(warnings=False)))
        except Exception as error:
            return f"{type(model).__name__}: {error}".replace("\n", " ")[:300]
    return None


def last(values) -> object | None:
    found = [value for value in values if value]
    return found[-1] if found else None


def turns(chat: dict, but: str = "") -> list[dict]:
    return [message for message in chat["messages"] if message["role"] != but]


def instructions(chat: dict) -> list[str]:
    return [message["content"] for message in chat["messages"] if message["role"] == "system"]


def renamed(parameters: dict, names: dict[str, str]) -> dict:
    return {names[name]: value for name, value in parameters.items() if name in names}


def schema_format(parameters: dict) -> dict:
    """The `response_format` of the chat formats."""
    if "responseSchema" not in parameters:
        return {}
    named = parameters["responseSchema"]
    schema = {"name": named["name"], "schema": named["schema"], "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}


class OpenAIChat:
    """openai's chat completions: OpenAI itself, and the providers that document this SDK as theirs."""

    counts_reasoning_beside = False

    def __init__(self, base: str, path: str, limit: str, seconds: float = 10):
        self.client = openai.OpenAI(api_key=KEY, base_url=base + path, max_retries=0, timeout=seconds)
        self.limit = limit

    def ask(self, chat: dict):
        parameters = chat["parameters"]
        names = {"maxTokens": self.limit, "temperature": "temperature", "topP": "top_p", "seed": "seed", "stop": "stop"}
        streams = {"stream": True, "stream_options": {"include_usage": True}} if chat.get("streams") else {}
        return self.client.chat.completions.create(
            model=chat["model"], messages=turns(chat), **renamed(parameters, names), **schema_format(parameters),
            **streams, **parameters.get("extra", {}))

    def read(self, answer, streams: bool) -> Answer:
        models = answer if streams else [answer]
        choices = [choice for model in models for choice in model.choices]
        messages = [choice.delta if streams else choice.message for choice in choices]
        usage = last(model.usage for model in models)
        return Answer(
            text="".join(message.content or "" for message in messages),
            finish="refusal" if any(message.refusal for message in messages)
            else last(choice.finish_reason for choice in choices),
            usage=usage and self.counts(usage), problem=problem(models))

    def counts(self, usage) -> tuple:
        cached = usage.prompt_tokens_details and usage.prompt_tokens_details.cached_tokens
        thought = usage.completion_tokens_details and usage.completion_tokens_details.reasoning_tokens
        beside = thought if self.counts_reasoning_beside else 0
        return usage.prompt_tokens, usage.completion_tokens + beside, cached or 0, thought or 0


class XAIChat(OpenAIChat):
    counts_reasoning_beside = True


class DeepSeekChat(OpenAIChat):
    """DeepSeek documents openai's SDK as its own; it takes no schema, only the wish for a JSON object."""

    def ask(self, chat: dict):
        parameters = dict(chat["parameters"])
        extra = dict(parameters.pop("extra", {}))
        if parameters.pop("responseSchema", None):
            extra["response_format"] = {"type": "json_object"}
        if "thinking" in extra:
            extra["extra_body"] = {"thinking": extra.pop("thinking")}
        return super().ask(chat | {"parameters": parameters | {"extra": extra}})


class OpenAIResponses:
    def __init__(self, base: str, seconds: float = 10):
        self.client = openai.OpenAI(api_key=KEY, base_url=base + "/v1", max_retries=0, timeout=seconds)

    def ask(self, chat: dict):
        parameters = chat["parameters"]
        names = {"maxTokens": "max_output_tokens", "temperature": "temperature", "topP": "top_p"}
        asked = renamed(parameters, names)
        if instructions(chat):
            asked["instructions"] = "\n\n".join(instructions(chat))
        if "responseSchema" in parameters:
            named = parameters["responseSchema"]
            schema = {"type": "json_schema", "name": named["name"], "schema": named["schema"], "strict": True}
            asked["text"] = {"format": schema}
        if chat.get("streams"):
            asked["stream"] = True
        return self.client.responses.create(
            model=chat["model"], input=turns(chat, but="system"), store=False, **asked, **parameters.get("extra", {}))

    def read(self, answer, streams: bool) -> Answer:
        response = last(getattr(event, "response", None) for event in answer) if streams else answer
        parts = [part for item in response.output if item.type == "message" for part in item.content]
        details = response.incomplete_details
        finish = "refusal" if any(part.type == "refusal" for part in parts) else response.status
        text = response.output_text
        if streams:
            text = "".join(event.delta for event in answer if event.type == "response.output_text.delta")
        return Answer(
            text=text, finish=f"{finish}/{details.reason}" if details else finish,
            usage=response.usage and (
                response.usage.input_tokens, response.usage.output_tokens,
                response.usage.input_tokens_details.cached_tokens,
                response.usage.output_tokens_details.reasoning_tokens),
            problem=problem(answer if streams else [answer]))


class Anthropic:
    def __init__(self, base: str, seconds: float = 10):
        self.client = anthropic.Anthropic(api_key=KEY, base_url=base, max_retries=0, timeout=seconds)

    def ask(self, chat: dict):
        parameters = chat["parameters"]
        asked = renamed(parameters, {"maxTokens": "max_tokens", "stop": "stop_sequences"})
        texts = instructions(chat)
        if texts:
            asked["system"] = texts[0] if len(texts) == 1 else [{"type": "text", "text": text} for text in texts]
        extra = dict(parameters.get("extra", {}))
        if "responseSchema" in parameters:
            form = {"type": "json_schema", "schema": parameters["responseSchema"]["schema"]}
            asked["output_config"] = extra.pop("output_config", {}) | {"format": form}
        if chat.get("streams"):
            asked["stream"] = True
        return self.client.messages.create(
            model=chat["model"], messages=turns(chat, but="system"), **asked, **extra)

    def read(self, answer, streams: bool) -> Answer:
        if not streams:
            text = "".join(block.text for block in answer.content if block.type == "text")
            return Answer(text, answer.stop_reason, self.counts(answer.usage, answer.usage), problem([answer]))
        deltas = [event.delta for event in answer if event.type == "content_block_delta"]
        end = last(event for event in answer if event.type == "message_delta")
        start = last(event.message for event in answer if event.type == "message_start")
        return Answer(
            text="".join(delta.text for delta in deltas if delta.type == "text_delta"), finish=end.delta.stop_reason,
            usage=self.counts(start.usage, end.usage), problem=problem(answer))

    def counts(self, start, end) -> tuple:
        cached = start.cache_read_input_tokens or 0
        thought = end.output_tokens_details and end.output_tokens_details.thinking_tokens
        read = start.input_tokens + cached + (start.cache_creation_input_tokens or 0)
        return read, end.output_tokens, cached, thought or 0


class Gemini:
    def __init__(self, base: str, seconds: float | None = None):
        # A timeout is sent along, so there is none unless it is wanted.
        timeout = {"timeout": int(seconds * 1000)} if seconds else {}
        self.client = genai.Client(api_key=KEY, http_options={"base_url": base} | timeout)

    def ask(self, chat: dict):
        parameters = chat["parameters"]
        names = {
            "maxTokens": "max_output_tokens", "temperature": "temperature", "topP": "top_p", "seed": "seed",
            "stop": "stop_sequences",
        }
        config = renamed(parameters, names)
        texts = instructions(chat)
        if texts:
            config["system_instruction"] = texts[0] if len(texts) == 1 else texts
        if "responseSchema" in parameters:
            config["response_mime_type"] = "application/json"
            config["response_json_schema"] = parameters["responseSchema"]["schema"]
        extra = parameters.get("extra", {})
        if "safetySettings" in extra:
            config["safety_settings"] = extra["safetySettings"]
        if "generationConfig" in extra:
            thinking = extra["generationConfig"]["thinkingConfig"]
            config["thinking_config"] = gemini.ThinkingConfig.model_validate(thinking)
        roles = {"user": "user", "assistant": "model"}
        contents = [
            gemini.Content(role=roles[turn["role"]], parts=[gemini.Part(text=turn["content"])])
            for turn in turns(chat, but="system")
        ]
        models = self.client.models
        ask = models.generate_content_stream if chat.get("streams") else models.generate_content
        return ask(
            model=chat["model"], contents=contents, config=gemini.GenerateContentConfig(**config) if config else None)

    def read(self, answer, streams: bool) -> Answer:
        chunks = answer if streams else [answer]
        candidates = [chunk.candidates[0] for chunk in chunks if chunk.candidates]
        parts = [part for candidate in candidates if candidate.content for part in candidate.content.parts or []]
        blocked = last(chunk.prompt_feedback and chunk.prompt_feedback.block_reason for chunk in chunks)
        reason = last(candidate.finish_reason for candidate in candidates) or blocked
        usage = last(chunk.usage_metadata for chunk in chunks)
        # This SDK checks the types itself.
        return Answer(
            text="".join(part.text or "" for part in parts if not part.thought), finish=reason and reason.value,
            usage=usage and (
                usage.prompt_token_count or 0, (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0),
                usage.cached_content_token_count or 0, usage.thoughts_token_count or 0),
            problem=None)


class MistralChat:
    def __init__(self, base: str, seconds: float = 10):
        self.client = Mistral(api_key=KEY, server_url=base, timeout_ms=int(seconds * 1000))

    def ask(self, chat: dict):
        parameters = chat["parameters"]
        names = {
            "maxTokens": "max_tokens", "temperature": "temperature", "topP": "top_p", "seed": "random_seed",
            "stop": "stop",
        }
        asked = renamed(parameters, names) | schema_format(parameters) | parameters.get("extra", {})
        ask = self.client.chat.stream if chat.get("streams") else self.client.chat.complete
        return ask(model=chat["model"], messages=turns(chat), **asked)

    def read(self, answer, streams: bool) -> Answer:
        models = [event.data for event in answer] if streams else [answer]
        choices = [choice for model in models for choice in model.choices]
        contents = [(choice.delta if streams else choice.message).content or "" for choice in choices]
        # Thinking models answer in parts.
        parts = [[content] if isinstance(content, str) else content for content in contents]
        texts = [part if isinstance(part, str) else getattr(part, "text", "") for some in parts for part in some]
        usage = last(model.usage for model in models)
        # This SDK checks the types itself.
        return Answer(
            text="".join(texts),
            finish=last(choice.finish_reason for choice in choices),
            usage=usage and (usage.prompt_tokens, usage.completion_tokens, self.cached(usage), 0), problem=None)

    def cached(self, usage) -> int:
        # Not among the SDK's own fields.
        details = (usage.additional_properties or {}).get("prompt_tokens_details") or {}
        return details.get("cached_tokens", 0)


def drained(answer):
    """Reads a streamed answer to its end, so that what is wrong in it is found."""
    if hasattr(answer, "__iter__") and not hasattr(answer, "model_dump"):
        return list(answer)
    return answer

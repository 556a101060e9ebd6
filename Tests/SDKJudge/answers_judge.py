"""The official SDKs against the simulated providers: every answer parses, every error is of the class of the reference."""
import concurrent.futures
import json
import pathlib
import re
import subprocess
import tempfile

import readings_judge
import sdks

# What goes wrong, and the class of the reference that it belongs to.
ERRORS = {
    "400": "INVALID_REQUEST", "401": "AUTH_ERROR", "402": "QUOTA_EXHAUSTED", "403": "PERMISSION", "404": "NOT_FOUND",
    "408": "TIMEOUT", "409": "SERVER_ERROR", "413": "INVALID_REQUEST", "422": "INVALID_REQUEST",
    "500": "SERVER_ERROR", "502": "SERVER_ERROR", "503": "OVERLOADED", "504": "TIMEOUT", "529": "OVERLOADED",
    "429": "RATE_LIMIT", "429-seconds": "RATE_LIMIT", "429-fraction": "RATE_LIMIT", "429-date": "RATE_LIMIT",
    "429-ms": "RATE_LIMIT", "429-info": "RATE_LIMIT", "429-none": "RATE_LIMIT", "429-tokens": "RATE_LIMIT",
    "quota": "QUOTA_EXHAUSTED", "context-length": "CONTEXT_LENGTH", "content-policy": "CONTENT_POLICY",
}

# Statuses of which the reference has no example: the exception that the SDK's own source assigns to them.
OTHER_STATUSES = {
    "openai": {
        402: "APIStatusError", 403: "PermissionDeniedError", 404: "NotFoundError", 408: "APIStatusError",
        409: "ConflictError", 413: "APIStatusError", 422: "UnprocessableEntityError",
        502: "InternalServerError", 504: "InternalServerError", 529: "InternalServerError",
    },
    "anthropic": {
        408: "RequestTimeoutError", 409: "ConflictError", 422: "UnprocessableEntityError", 502: "InternalServerError",
    },
    "google": {
        408: "ClientError", 409: "ClientError", 413: "ClientError", 422: "ClientError", 502: "ServerError",
        529: "ServerError",
    },
    "mistral": {status: "SDKError" for status in (408, 409, 413, 502, 504)},
}

# Errors that the reference has no example of and a provider may still send: the status alone decides their exception.
OTHER_ERRORS = {(wire, "CONTENT_POLICY") for wire in ("openai-responses", "anthropic", "google", "mistral")}

# What makes a model think before it answers.
THINKING = {
    "openai": {"reasoning_effort": "low"}, "openai-responses": {"reasoning": {"effort": "low"}},
    "anthropic": {"thinking": {"type": "adaptive"}},
    "google": {"generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW", "includeThoughts": True}}},
    "xai": {"reasoning_effort": "low"}, "deepseek": {"thinking": {"type": "enabled"}},
    "mistral": {"reasoning_effort": "high"},
}

# What the reference saw the SDKs make of a broken transfer (§11); None is an answer that is taken as it is.
CONNECTION = ("APIConnectionError", "APIConnectionError", "httpx2", "httpx2")
BROKEN = {
    # fault, streamed: openai, anthropic, google, mistral
    ("close", False): CONNECTION,
    ("reset", False): CONNECTION,
    ("close", True): ("APIConnectionError", "httpx2", "httpx2", "httpx2"),
    ("reset", True): ("APIConnectionError", "httpx2", "httpx2", "httpx2"),
    ("stream-cut", False): CONNECTION,
    ("stream-cut", True): ("APIConnectionError", "httpx2", "httpx2", "httpx2"),
    ("stream-truncated", True): (None, None, None, None),
    ("hang", False): ("APITimeoutError", "APITimeoutError", "httpx2", "httpx2"),
    ("hang", True): ("APITimeoutError", "APITimeoutError", "httpx2", "httpx2"),
    ("invalidJSON", False): ("JSONDecodeError", "JSONDecodeError", "JSONDecodeError", "ResponseValidationError"),
    ("html", False): (None, None, "JSONDecodeError", "SDKError"),
    ("empty-object", False): (None, None, None, "ResponseValidationError"),
    ("empty-body", False): ("JSONDecodeError", "JSONDecodeError", None, "ResponseValidationError"),
}

# The provider's own word for each end of an answer (§10). A refusal is mere words where the format has no place for one.
ENDS = {
    "openai": {"": "stop", "length": "length", "refusal": "refusal", "safety": "content_filter", "resource": "length"},
    "openai-responses": {
        "": "completed", "length": "incomplete/max_output_tokens", "refusal": "refusal",
        "safety": "incomplete/content_filter", "resource": "incomplete/max_output_tokens"},
    "anthropic": {
        "": "end_turn", "length": "max_tokens", "refusal": "refusal", "safety": "refusal", "resource": "max_tokens"},
    "google": {
        "": "STOP", "length": "MAX_TOKENS", "refusal": "SAFETY", "safety": "PROHIBITED_CONTENT",
        "resource": "MAX_TOKENS"},
    "xai": {"": "stop", "length": "length", "refusal": "stop", "safety": "content_filter", "resource": "length"},
    "deepseek": {
        "": "stop", "length": "length", "refusal": "stop", "safety": "content_filter",
        "resource": "insufficient_system_resource"},
    "mistral": {"": "stop", "length": "length", "refusal": "stop", "safety": "error", "resource": "length"},
}
# Answered, one way or another.
ANSWERS = ["", "length", "refusal", "safety", "resource", "keep-alive", "slow-headers", "slow-body", "duplicate-keys",
           "malformedJudge", "thinking"]
# Documented by the provider, though the SDK's types lack it; the SDK hands it over.
BEYOND_THE_TYPES = {("deepseek", "resource"): "insufficient_system_resource"}
# Faults that are none to an SDK: `usage` may be required by its types, but no SDK checks that.
LENIENT = {"no-usage"}
# Not asked: `huge` is 100 MB for each of fourteen requests, and the SDKs follow a `redirect`, which we never do.

MESSAGES = [
    {"role": "system", "content": "Answer briefly."},
    {"role": "user", "content": "What comes after six?"},
    {"role": "assistant", "content": "Seven."},
    {"role": "user", "content": "And why does it?"},
]


def wires(base: str, hurry: bool = False) -> dict[str, tuple]:
    """Per format the name of the SDK, as in the tables above, and the SDK."""
    seconds = 0.5 if hurry else 20
    return {
        "openai": ("openai", sdks.OpenAIChat(base + "/openai", "/v1", "max_completion_tokens", seconds)),
        "openai-responses": ("openai", sdks.OpenAIResponses(base + "/openai", seconds)),
        "anthropic": ("anthropic", sdks.Anthropic(base + "/anthropic", seconds)),
        "google": ("google", sdks.Gemini(base + "/google", seconds)),
        "xai": ("openai", sdks.XAIChat(base + "/xai", "/v1", "max_completion_tokens", seconds)),
        "deepseek": ("openai", sdks.DeepSeekChat(base + "/deepseek", "", "max_tokens", seconds)),
        "mistral": ("mistral", sdks.MistralChat(base + "/mistral", seconds)),
    }


COLUMNS = ["openai", "anthropic", "google", "mistral"]


class Reference:
    """The manifest of the reference's examples: which exception belongs to which error of a provider."""

    def __init__(self, path: pathlib.Path):
        self.examples: dict[tuple[str, int], list[dict]] = {}
        for provider, files in json.loads(path.read_text()).items():
            for example in files.values():
                if "class" in example:
                    self.examples.setdefault((provider, example["status"]), []).append(example)

    def wrong(self, wire: str, sdk: str, status: int, kind: str, error: str) -> str | None:
        """Why an exception is not the one that belongs to an error; None if it is."""
        named = {example["sdk_error"] for example in self.examples.get((wire, status), []) if example["class"] == kind}
        if not named and (wire, kind) in OTHER_ERRORS:
            named = {example["sdk_error"] for example in self.examples[wire, status]}
        if not named and status in OTHER_STATUSES[sdk]:
            named = {OTHER_STATUSES[sdk][status]}
        if not named:
            return f"has the status {status}, with which the reference knows no {kind}"
        return None if error in named else f"raises {error} for status {status}, not {' or '.join(sorted(named))}"

    def after_the_start(self, wire: str) -> set[str]:
        """What the SDK makes of an error after status 200; where the reference has no example, that of its SDK."""
        others = {"xai": "openai", "deepseek": "openai"}
        examples = self.examples.get((others.get(wire, wire), 200), [])
        return {example.get("sdk_error") for example in examples} - {None} or {"ResponseValidationError"}


def status(error: Exception) -> int | None:
    for name in ("status_code", "code"):
        value = getattr(error, name, None)
        if isinstance(value, int):
            return value
    return None


def kinds(error: Exception) -> set[str]:
    """An exception's own name, and the package that it comes from."""
    return {type(error).__name__, type(error).__module__.partition(".")[0]}


def conversation(wire: str, fault: str) -> dict:
    """The question that a fault is met with: the model's name chooses it."""
    if fault == "thinking":
        # Long enough for its earlier turns to be in the provider's cache.
        earlier = [MESSAGES[0], {"role": "user", "content": "Count to seven. " * 600}, *MESSAGES[2:]]
        return {
            "model": "sim-careful", "messages": earlier, "parameters": {"maxTokens": 900, "extra": THINKING[wire]}}
    model = f"fault-{fault}-model" if fault else "sim-careful"
    return {"model": model, "messages": MESSAGES, "parameters": {"maxTokens": 400}}


class Judge:
    def __init__(self, base: str, reference: Reference):
        self.reference = reference
        self.wires = wires(base)
        self.hurried = wires(base, hurry=True)
        self.seen: dict[tuple, sdks.Answer] = {}

    def ask(self, wire: str, fault: str, streams: bool):
        _, sdk = (self.hurried if fault == "hang" else self.wires)[wire]
        return sdks.drained(sdk.ask(conversation(wire, fault) | ({"streams": True} if streams else {})))

    def case(self, wire: str, fault: str, streams: bool) -> str | None:
        """What is wrong with what the SDK makes of a fault; None if nothing is."""
        try:
            answer, error = self.ask(wire, fault, streams), None
        except Exception as raised:
            answer, error = None, raised
        sdk = self.wires[wire][0]
        if fault in ERRORS or (fault == "stream-error" and not streams):
            if error is None:
                return "is answered"
            found = status(error)
            if found is None:
                return f"raises {error!r}, which has no status"
            return self.reference.wrong(wire, sdk, found, ERRORS.get(fault, "SERVER_ERROR"), type(error).__name__)
        if fault == "stream-error":
            # The Responses SDK hands over one of its two forms as an event.
            events = {type(event).__name__ for event in answer or []}
            return self.after_the_start(wire, {type(error).__name__} if error else events)
        if (fault, streams) in BROKEN:
            named = BROKEN[fault, streams][COLUMNS.index(sdk)]
            if named is None:
                return None if error is None else f"raises {error!r}, but the reference says that it is accepted"
            return None if error is not None and named in kinds(error) else f"gives {error!r}, not {named}"
        if fault in LENIENT:
            return None
        if error is not None:
            return f"raises {error!r}"
        try:
            seen = self.seen[wire, fault, streams] = self.wires[wire][1].read(answer, streams)
            return self.parsed(wire, fault, seen)
        except Exception as unreadable:
            return f"lacks what every answer has: {unreadable!r}"

    def parsed(self, wire: str, fault: str, answer: sdks.Answer) -> str | None:
        beyond = BEYOND_THE_TYPES.get((wire, fault))
        if answer.problem and not (beyond and beyond in answer.problem):
            return f"isn't of the SDK's own type: {answer.problem}"
        ends = ENDS[wire]
        if answer.finish != ends.get(fault, ends[""]):
            return f"ends with {answer.finish!r}"
        if not answer.text and fault not in ("refusal", "safety"):
            return "has no text"
        if answer.usage is None or answer.usage[0] <= 0:
            return f"has the usage {answer.usage}"
        # Mistral doesn't count what it thinks.
        if fault == "thinking" and not all(answer.usage[:3] if wire == "mistral" else answer.usage):
            return f"has the usage {answer.usage}"
        return None

    def reading(self, wire: str, fault: str, streams: bool, reading: dict) -> str | None:
        """What is wrong with what our adapter reads; None if nothing is."""
        if fault in readings_judge.MALFORMED:
            return readings_judge.error(reading, {"MALFORMED_RESPONSE"})
        if fault in ERRORS:
            return readings_judge.error(reading, {ERRORS[fault]})
        if (wire, fault) == ("deepseek", "resource"):
            return readings_judge.error(reading, {"OVERLOADED"})
        if fault == "stream-error":
            return readings_judge.error(reading, {"SERVER_ERROR", "OVERLOADED"})
        return readings_judge.answer(reading, self.seen[wire, fault, streams])

    def after_the_start(self, wire: str, found: set[str]) -> str | None:
        """An error in the middle of a stream has the class of the reference's own example of one."""
        named = self.reference.after_the_start(wire)
        return None if found & named else f"gives {sorted(found)}, not {sorted(named)}"

    def same(self, wire: str) -> str | None:
        """A streamed answer is the plain one."""
        sdk = self.wires[wire][1]
        plain, streamed = (sdk.read(self.ask(wire, "", streams), streams) for streams in (False, True))
        if (plain.text, plain.finish, plain.usage) == (streamed.text, streamed.finish, streamed.usage):
            return None
        return f"differs when it is streamed: {plain} and {streamed}"


def cases() -> list[tuple[str, bool]]:
    faults = ANSWERS + sorted(LENIENT) + list(ERRORS) + ["stream-error"]
    return [(fault, streams) for fault in faults for streams in (False, True)] + list(BROKEN)


def script() -> dict:
    """A rule per fault, met by the requests for a model of its name."""
    faults = sorted({fault for fault, _ in cases()} - {"", "thinking"})
    return {
        "faults": [
            {"kind": fault, "model": f"fault-{fault}-model", "first_attempts": 1000, "delay_ms": 50} for fault in faults]}


def judge(command: list[str], program: str, manifest: pathlib.Path) -> tuple[list[str], list[str]]:
    """What is wrong, and what may be said of what was asked."""
    reference = Reference(manifest)
    wrong = []

    def note(wire: str, fault: str, streams: bool, found: str | None) -> None:
        if found:
            wrong.append(f"{wire}, {fault or 'an answer'}, {'streamed' if streams else 'plain'}: {found}")

    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "script.yaml"
        # JSON is YAML.
        path.write_text(json.dumps(script()))
        server = subprocess.Popen([*command, "--script", str(path)], stdout=subprocess.PIPE, text=True)
        try:
            line = server.stdout.readline()
            address = re.search(r"http://127\.0\.0\.1:\d+", line)
            if not address:
                raise SystemExit(f"the simulated providers did not say where they listen: {line!r}")
            base = address[0]
            judge = Judge(base, reference)
            work = [(wire, fault, streams) for wire in judge.wires for fault, streams in cases()]
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                for case, found in zip(work, pool.map(lambda case: judge.case(*case), work)):
                    note(*case, found)
                for wire, found in zip(judge.wires, pool.map(judge.same, judge.wires)):
                    note(wire, "", True, found)
            # Of what the SDKs read too, and of what only we refuse: transfers that break are judged elsewhere.
            ours = [case for case in work if case in judge.seen or case[1] in readings_judge.MALFORMED
                    or case[1] in ERRORS or case[1] == "stream-error"]
            chats = [(wire, conversation(wire, fault), streams) for wire, fault, streams in ours]
            for case, reading in zip(ours, readings_judge.read(program, base, chats), strict=True):
                note(*case, judge.reading(*case, reading))
        finally:
            # It has nothing to finish, and would say that it stops.
            server.kill()
            server.wait(10)
    said = [
        f"{len(work)} answers and failures of {len(judge.wires)} formats are to the SDKs what the reference says,",
        f"and {len(ours)} of them to our adapters what the SDKs or the reference say",
    ]
    return wrong, said

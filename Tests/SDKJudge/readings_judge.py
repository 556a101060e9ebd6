"""What our adapters read from the simulated providers, against what the SDKs read and what the reference says."""
import concurrent.futures
import http.client
import json
import urllib.parse

import probe
import sdks

# Per format: adapter, provider whose facts count, and the base URL below the server's.
ADAPTERS = {
    "openai": ("openai.chat", "openai", "/openai/v1"),
    "openai-responses": ("openai.responses", "openai", "/openai/v1"),
    "anthropic": ("anthropic.messages", "anthropic", "/anthropic"),
    "google": ("google.generateContent", "google", "/google"),
    "xai": ("xai.chat", "xai", "/xai/v1"),
    "deepseek": ("deepseek.chat", "deepseek", "/deepseek"),
    "mistral": ("mistral.chat", "mistral", "/mistral"),
}

RETRYABLE = {"RATE_LIMIT", "TIMEOUT", "OVERLOADED", "SERVER_ERROR", "NETWORK", "MALFORMED_RESPONSE"}
# Status 200 and no answer: our rule is stricter than any SDK's (§11).
MALFORMED = ["invalidJSON", "html", "empty-object", "empty-body", "duplicate-keys", "stream-truncated"]


def spelled(name: str) -> str:
    """A class of the reference in the spelling of our records."""
    first, *rest = name.removesuffix("_ERROR" if name == "AUTH_ERROR" else "").lower().split("_")
    return first + "".join(word.capitalize() for word in rest)


def received(request: dict) -> dict:
    """Sends a request as it stands and gives the response: status, headers, whole body."""
    url = urllib.parse.urlsplit(request["url"])
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=20)
    try:
        target = url.path + ("?" + url.query if url.query else "")
        body = json.dumps(request["body"], ensure_ascii=False).encode()
        connection.request(request["method"], target, body, request["headers"])
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return {"status": response.status, "headers": headers, "body": response.read().decode()}
    finally:
        connection.close()


def read(program: str, base: str, cases: list[tuple]) -> list[dict]:
    """What our adapters read of each case: format, conversation, streamed."""
    orders = []
    for wire, chat, streams in cases:
        adapter, provider, path = ADAPTERS[wire]
        orders.append({
            "adapter": adapter, "baseURL": base + path, "key": sdks.KEY, "provider": provider,
            "chat": chat | ({"streams": True} if streams else {})})
    requests = probe.adapters(program, orders)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        responses = list(pool.map(received, requests))
    return probe.adapters(program, [
        response | {"adapter": ADAPTERS[wire][0], "streams": streams}
        for (wire, _, streams), response in zip(cases, responses, strict=True)
    ])


def error(reading: dict, allowed: set[str]) -> str | None:
    """Why a reading isn't an error of one of these classes; None if it is."""
    if "class" not in reading:
        return f"our adapter reads an answer: {reading}"
    for name in allowed:
        if reading == {"class": spelled(name), "retryable": name in RETRYABLE}:
            return None
    return f"our adapter reads {reading}, not {' or '.join(sorted(allowed))}"


def answer(reading: dict, seen: sdks.Answer) -> str | None:
    """Why a reading isn't the answer that an SDK saw; None if it is."""
    if "class" in reading:
        return f"our adapter reads {reading}"
    finish = reading["finish"] if seen.finish == "refusal" else reading["original"]
    counts = (reading["input"], reading["output"], reading["cacheRead"] or 0, reading["reasoning"] or 0)
    ours = (reading["text"], finish, counts)
    theirs = (seen.text, seen.finish and seen.finish.removeprefix("incomplete/"), seen.usage)
    if reading["finish"] == "refusal":
        # Each SDK has a place of its own for the words.
        ours, theirs = ours[1:], theirs[1:]
    return None if ours == theirs else f"our adapter reads {ours}, the SDK {theirs}"

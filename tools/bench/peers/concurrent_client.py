"""Asks a loopback provider so many questions, so many at once, with plain httpx or the official client; prints JSON.

    concurrent_client.py httpx|openai PORT QUESTIONS AT_ONCE
"""

import asyncio
import json
import resource
import sys
import time

client, port, questions, at_once = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
base = f"http://127.0.0.1:{port}/v1"
LIMITS = {"max_connections": at_once, "max_keepalive_connections": at_once}


def body(number):
    return {
        "model": "sim-careful",
        "messages": [
            {"role": "system", "content": "You are a poet."},
            {"role": "user", "content": f"Write one line about harbour {number}."}]}


async def with_httpx():
    import httpx

    async with httpx.AsyncClient(limits=httpx.Limits(**LIMITS), timeout=60) as session:
        async def ask(number):
            answer = await session.post(f"{base}/chat/completions", json=body(number))
            return bool(answer.json()["choices"][0]["message"]["content"])

        return await all_of(ask)


async def with_openai():
    import httpx
    import openai

    session = httpx.AsyncClient(limits=httpx.Limits(**LIMITS), timeout=60)
    async with openai.AsyncOpenAI(base_url=base, api_key="none-needed", http_client=session, max_retries=0) as service:
        async def ask(number):
            answer = await service.chat.completions.create(**body(number))
            return bool(answer.choices[0].message.content)

        return await all_of(ask)


async def all_of(ask):
    """Every question once, with as many tasks as may be under way; what it took."""
    numbers = iter(range(questions))
    done = 0

    async def work():
        nonlocal done
        for number in numbers:
            answered = await ask(number)
            done += answered

    start, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work() for _ in range(at_once)))
    return {"done": done, "wall": time.perf_counter() - start, "cpu": time.process_time() - cpu}


figures = asyncio.run({"httpx": with_httpx, "openai": with_openai}[client]())
figures["resident"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps(figures))

"""Our adapters, through the built AdapterProbe."""
import json
import subprocess


def adapters(program: str, orders: list[dict]) -> list[dict]:
    """What the adapters make of each order: a request of a conversation, a result of a response."""
    lines = [json.dumps(order, sort_keys=True, separators=(",", ":"), ensure_ascii=False) for order in orders]
    made = subprocess.run(
        [program], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True, timeout=120).stdout
    return [json.loads(line) for line in made.split("\n") if line]

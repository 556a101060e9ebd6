"""Proofs: what a third party is handed about one event."""

import json
import os
import shutil

from measure import BUILD, CAIRN, SCRATCH, Contender, Row, alternate, output, process, ratio, say


def synthetic_store(events):
    """A store of so many derived events and their causes; made once and kept."""
    store = BUILD / "stores" / f"derived-{events}"
    done = store / "bench.json"
    if not done.exists():
        say(f"  making a store of {events:,} events (kept in {store.relative_to(BUILD.parent)})")
        shutil.rmtree(store, ignore_errors=True)
        store.parent.mkdir(parents=True, exist_ok=True)
        made = output([os.environ["REPLAY_STORE"], store, events])
        done.write_text(json.dumps(json.loads(made)))
    return store


class Proving:
    """`cairn audit prove` of one event of many under a signed head, written to standard output."""

    name = "prove"

    def __init__(self, sizes, _):
        self.events = sizes.proven_events
        self.store = None
        self.bytes = 0
        self.contenders = [
            Contender("Cairn, audit prove", lambda number: self.prove(number)),
            Contender("Cairn, audit check-proof", lambda _: self.check()),
            Contender("Cairn, --version", lambda _: self.whole([CAIRN, "--version"])),
            Contender("true, of coreutils", lambda _: self.whole(["true"])),
        ]

    def whole(self, words):
        result = process(words)
        return {**result, "milliseconds": 1e3 * result["wall"]}

    def check(self):
        return self.whole([CAIRN, "audit", "check-proof", self.proof, "--key", self.key])

    def prove(self, number):
        position = (number + 1) * 7_919 * self.events // 104_729 % self.events
        result = self.whole([CAIRN, "audit", "prove", position, "--store", self.store])
        self.bytes = max(self.bytes, len(result["output"]))
        return {**result, "output": ""}

    def run(self, rounds):
        self.store = synthetic_store(self.events)
        SCRATCH.mkdir(parents=True, exist_ok=True)
        self.proof, self.key = SCRATCH / "event.tlog-proof", SCRATCH / "bench.vkey"
        output([CAIRN, "audit", "prove", self.events // 2, "--store", self.store, "-o", self.proof])
        self.key.write_text(output([CAIRN, "audit", "key", "show", "--store", self.store]))
        alternate(self.contenders, 4 * rounds)
        prove, check, version, nothing = self.contenders
        case = f"prove one of {self.events:,} events, whole process"
        return [
            Row(case, prove.name, "ms", prove.values("milliseconds"), target="< 5", problem=prove.problem),
            Row(case, check.name, "ms", check.values("milliseconds"), problem=check.problem),
            Row(case, version.name, "ms", version.values("milliseconds"),
                ratio(prove.values("milliseconds"), version.values("milliseconds")), "prove ÷ --version",
                problem=version.problem),
            Row(case, nothing.name, "ms", nothing.values("milliseconds"), problem=nothing.problem),
        ]

    def notes(self):
        return [f"a proof has at most {self.bytes:,} bytes here, with the event's record, its hashes and the signed head"]

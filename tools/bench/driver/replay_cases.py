"""Replays of whole stores: read models built again, derived events derived again."""

import json
import os
import subprocess
import time

from measure import BENCH, CAIRN, SCRATCH, Contender, Failed, Row, alternate, c_program, figures, fresh, output, process
from process_cases import MEGABYTE, count_events, flat_prices, run_experiment
from proof_cases import synthetic_store


class Rebuilding:
    """`cairn replay rebuild` of a finished run's store: every read model from nothing, and compared."""

    name = "rebuild"

    def __init__(self, sizes, _):
        self.calls = sizes.rebuilt_calls
        self.events = 0
        self.store = None
        self.written = None
        self.contenders = [
            Contender("Cairn, replay rebuild", lambda _: self.once()),
            Contender("C, cursor", lambda _: self.cursor()),
            Contender("C, the rows alone with MDB_APPEND", lambda _: self.rows()),
            Contender("CanonicalJSON, every event's data", lambda _: self.decoded("canonical")),
            Contender("Foundation's JSONDecoder, the same", lambda _: self.decoded("foundation")),
        ]

    def once(self):
        result = process([CAIRN, "replay", "rebuild", "--store", self.store, "--json"])
        if not json.loads(result["output"])["identical"]:
            raise Failed("the rebuilt read models differ")
        result["rate"] = self.events / result["wall"]
        result["per_core"] = self.events / (result["user"] + result["system"])
        return {**result, "output": ""}

    def cursor(self):
        result = figures([c_program("lmdb_baseline"), "scan", self.store / "log", 4])
        return {"rate": result["events"] / sorted(result["passes"][1:])[1]}

    def rows(self):
        """What LMDB takes to write the rows of all read models that are there already encoded and in order."""
        result = figures([c_program("lmdb_baseline"), "copy", self.store / "views", fresh("copied")])
        self.written = result
        return {"rate": self.events / result["wall"]}

    def decoded(self, by):
        result = figures([BENCH, "decode", self.store, by])
        return {"rate": result["events"] / result["wall"]}

    def run(self, rounds):
        run_experiment("rebuilt", self.calls)
        self.store = SCRATCH / "rebuilt"
        self.events = count_events(self.store)
        output([CAIRN, "query", "runs", "--store", self.store, "--json"])
        alternate(self.contenders, rounds)
        rebuild = self.contenders[0]
        case = f"rebuild all read models, {self.events:,} events of a run"
        return [
            Row(case, rebuild.name, "events/s", rebuild.values("rate"), target="≥ 1,000,000", problem=rebuild.problem),
            Row(case, rebuild.name, "events/s/core", rebuild.values("per_core"), problem=rebuild.problem),
        ] + [
            Row(case, other.name, "events/s", other.values("rate"), problem=other.problem)
            for other in self.contenders[1:]]

    def notes(self):
        results = self.contenders[0].results
        if not results:
            return []
        resident = max(result["resident"] for result in results) / MEGABYTE
        return [
            "the whole process counts, with both digests of every read model; "
            f"at most {resident:.0f} MB resident",
            "the cursor and the decoders read each event once on one core, and fold and write nothing",
            f"the rows that C writes are there encoded and in order: {self.written['rows']:,} of them, "
            f"{self.written['bytes'] / MEGABYTE:.0f} MB, into an empty file, without a sync"]


class Replaying:
    """A finished run replayed without any network, in three ways.

    Its results are derived again, its read models built again, all of it executed again; head, usage and cost must be
    those of the run."""

    name = "replay"

    def __init__(self, sizes, _):
        self.calls = sizes.replayed_calls
        self.contenders = [
            Contender("Cairn, replay verify", lambda _: self.once("verify")),
            Contender("Cairn, replay rebuild", lambda _: self.once("rebuild")),
            Contender("Cairn, replay execute", lambda _: self.once("execute")),
        ]

    def once(self, how):
        # A network namespace of its own has no interface that is up, not even loopback.
        alone = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
        result = process([*alone, CAIRN, "replay", how, "--store", self.store, "--json"])
        answer = json.loads(result["output"])
        if not answer["identical"] or answer.get("head", self.head) != self.head or self.state() != self.before:
            raise Failed(f"replay {how} came to something else")
        return {**result, "rate": self.calls / result["wall"], "output": ""}

    def state(self):
        """The head, and the tokens and costs by model."""
        asked = [[CAIRN, *words, "--store", self.store, "--json"] for words in (["audit", "head"], ["query", "usage"])]
        return [output(words) for words in asked]

    def run(self, rounds):
        run_experiment("replayed", self.calls, prices=flat_prices().name)
        self.store = SCRATCH / "replayed"
        self.before = self.state()
        self.head = json.loads(self.before[0])["head"]
        alternate(self.contenders, rounds)
        case = f"replay a run of {self.calls:,} calls, no network"
        verify, rebuild, execute = self.contenders
        both = [self.calls / (one + other) for one, other in zip(verify.values("wall"), rebuild.values("wall"))]
        return [
            Row(case, verify.name, "calls/s", verify.values("rate"), problem=verify.problem),
            Row(case, rebuild.name, "calls/s", rebuild.values("rate"), problem=rebuild.problem),
            Row(case, "both, one after the other", "calls/s", both, target="≥ 10,000"),
            Row(case, execute.name, "calls/s", execute.values("rate"), problem=execute.problem),
        ]

    def notes(self):
        return ["verify derives every answer, score and ranking again from the recorded bytes, rebuild makes usage, costs "
                "and all other read models again from the events, execute makes the events themselves again"]


def anonymous_memory(pid):
    """Bytes of memory that no file is behind; 0 when the process has ended."""
    try:
        with open(f"/proc/{pid}/status") as status:
            return next((1024 * int(line.split()[1]) for line in status if line.startswith("RssAnon:")), 0)
    except OSError:
        return 0


class Verifying:
    """`cairn replay verify` of synthetic stores: refusals, retries, answers, scores and rankings derived again."""

    name = "verify"

    def __init__(self, sizes, _):
        self.sizes = [sizes.verified_events // 10, sizes.verified_events]
        self.stores = {}
        self.contenders = [
            Contender(f"Cairn, {size:,} events", lambda _, size=size: self.once(size)) for size in self.sizes]

    def once(self, size):
        answer = SCRATCH / "verified.json"
        start = time.monotonic()
        with open(answer, "w") as file:
            child = subprocess.Popen([CAIRN, "replay", "verify", "--store", self.stores[size], "--json"], stdout=file)
        anonymous = 0
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            anonymous = max(anonymous, anonymous_memory(child.pid))
            time.sleep(0.02)
        wall = time.monotonic() - start
        verified = json.loads(answer.read_text())
        if status != 0 or not verified["identical"]:
            raise Failed("a derived event came out otherwise")
        return {
            "rate": verified["verified"] / wall, "anonymous": anonymous,
            "per_core": verified["verified"] / (usage.ru_utime + usage.ru_stime)}

    def run(self, rounds):
        for size in self.sizes:
            self.stores[size] = synthetic_store(size)
        alternate(self.contenders, rounds)
        rows = []
        for size, contender in zip(self.sizes, self.contenders):
            case = "verify, four of seven events derived"
            rows += [
                Row(case, contender.name, "derived/s", contender.values("rate"), target="≥ 100,000",
                    problem=contender.problem),
                Row(case, contender.name, "derived/s/core", contender.values("per_core"), problem=contender.problem),
                Row(case, contender.name, "MB anonymous",
                    [value / MEGABYTE for value in contender.values("anonymous")], target="< 300",
                    problem=contender.problem),
            ]
        return rows

    def notes(self):
        return ["the bodies of answers are 4,096 blobs, read and hashed again for each answer and each score"]

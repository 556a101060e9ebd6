"""What-if and time travel: results derived under other terms, and questions about the past."""

import json
import shutil

from measure import BUILD, CAIRN, SCRATCH, Contender, Failed, Row, alternate, output, process, ratio, say
from process_cases import MEGABYTE, Querying, flat_prices, run_experiment


class Wondering:
    """`cairn replay what-if` of a judged run: other weights, and another table of prices."""

    name = "what-if"

    def __init__(self, sizes, _):
        self.calls = 2 * sizes.scores
        self.store = BUILD / "stores" / f"judged-{self.calls}"
        self.contenders = [
            Contender("Cairn, other weights", lambda _: self.once("--weights", "clear=2,fresh=1")),
            Contender("Cairn, other prices", lambda _: self.once("--prices", self.prices)),
        ]

    def once(self, *change):
        result = process([CAIRN, "replay", "what-if", "--store", self.store, "--json", *change])
        return {**result, "output": "", "megabytes": result["resident"] / MEGABYTE}

    def prepare(self):
        """Makes the run once, and lets its read models catch up."""
        done = self.store / "bench.json"
        if not done.exists():
            say(f"  running {self.calls:,} calls (kept in {self.store.relative_to(BUILD.parent)})")
            shutil.rmtree(self.store, ignore_errors=True)
            self.store.parent.mkdir(parents=True, exist_ok=True)
            run_experiment("judged", self.calls, criteria=("clear", "fresh"))
            shutil.move(SCRATCH / "judged", self.store)
            done.write_text(json.dumps({"calls": self.calls}))
        output([CAIRN, "query", "runs", "--store", self.store, "--json"])
        self.prices = flat_prices()

    def run(self, rounds):
        self.prepare()
        alternate(self.contenders, rounds)
        weights, prices = self.contenders
        scores, calls = self.calls // 2, self.calls
        scaled = [value * 1e6 / calls for value in prices.values("wall")]
        return [
            Row(f"what-if over {scores:,} scores, whole process", weights.name, "s", weights.values("wall"),
                target="≤ 2", problem=weights.problem),
            Row(f"what-if over {scores:,} scores, whole process", weights.name, "MB resident",
                weights.values("megabytes"), problem=weights.problem),
            Row(f"price {calls:,} calls anew, whole process", prices.name, "s", prices.values("wall"),
                problem=prices.problem),
            Row(f"price {calls:,} calls anew, whole process", prices.name, "s per million calls", scaled,
                target="≤ 2", problem=prices.problem),
        ]

    def notes(self):
        return ["seconds per million calls are scaled from the calls that were priced"]


class Returning:
    """`cairn query job ID --at POSITION` in a long log with snapshots of its read models."""

    name = "at"

    def __init__(self, sizes, _):
        self.querying = Querying(sizes, _)
        self.querying.use(sizes.past_events // 3)
        self.events = sizes.past_events
        self.contenders = [
            Contender("Cairn, --at, here and there", lambda number: self.at(number)),
            Contender("Cairn, now", lambda _: self.ask()),
        ]

    def ask(self, *moment):
        result = process(
            [CAIRN, "query", "job", self.querying.job, "--store", self.querying.store, *moment], expected=(0, 1, 2))
        return {**result, "milliseconds": 1e3 * result["wall"], "megabytes": result["resident"] / MEGABYTE, "output": ""}

    def at(self, number):
        """Another place each time, from near the beginning to near the end."""
        place = (1 + number * 5 % 17) * self.events // 18 + 12_345 % self.events
        return self.ask("--at", min(place, self.events))

    def run(self, rounds):
        self.querying.prepare()
        say("  taking the snapshots that are missing")
        taken = process([CAIRN, "store", "snapshot", "--store", self.querying.store])
        self.snapshots = taken["wall"]
        alternate(self.contenders, 4 * rounds)
        past, now = self.contenders
        case = f"one job as of a position in {self.events:,} events"
        return [
            Row(case, past.name, "ms", past.values("milliseconds"),
                ratio(past.values("milliseconds"), now.values("milliseconds")), "now", target="< 2,000",
                problem=past.problem),
            Row(case, past.name, "ms, the slowest", [max(past.values("milliseconds"), default=0)],
                problem=past.problem),
            Row(case, now.name, "ms", now.values("milliseconds"), problem=now.problem),
        ]

    def notes(self):
        return [f"the snapshots that were missing took {self.snapshots:.0f} s: once in a log's life, and a window as it grows"]

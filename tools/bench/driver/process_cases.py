"""Whole processes of the built `cairn`: a run, a rebuild, a query."""

import json
import shutil
import subprocess
from contextlib import contextmanager

from measure import (
    BENCH, BUILD, CAIRN, SCRATCH, Contender, Failed, Row, alternate, c_program, figures, fresh, output, process, ratio, say)

MEGABYTE = 1e6


@contextmanager
def provider(latency_ms=0):
    """The provider in C, for as long as the block runs; yields its port."""
    server = subprocess.Popen([c_program("provider"), str(latency_ms)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield int(server.stdout.readline())
    finally:
        server.stdin.close()
        server.wait(10)


def experiment(calls, port=None, judged=True, at_once=256, criteria=("quality",), in_flight=None, prices=None):
    """An experiment of so many calls, half of them a judge's; against the simulated provider, or a port.

    So many jobs are in hand at once, and of these no more calls in flight than `in_flight`, if it is given. `prices`
    is a file of them beside it."""
    where = (
        "provider: simulated" if port is None
        else f'provider: openai-compatible, base_url: "http://127.0.0.1:{port}/v1"')
    samples = 10
    scenarios = calls // (2 if judged else 1) // 2 // samples
    lines = ["name: bench", "models:"]
    lines += [f"  - {{id: {name}, {where}, model: sim-{name}}}" for name in ("careful", "quick")]
    lines += ["scenarios:"]
    lines += [f"  - {{id: s{n}, variables: {{number: {n}}}}}" for n in range(scenarios)]
    lines += ["preamble: You are a poet.", "turns:", '  - prompt: "Write one line about harbour {{number}}."']
    lines += [f"samples: {samples}"]
    if judged:
        lines += [
            "judges:", "  - id: judge", f"    model: {{id: critic, {where}, model: sim-judge}}",
            "    criteria:"]
        lines += [f"      - {{id: {name}, description: Concrete and {name}, min: 1, max: 5}}" for name in criteria]
    if prices:
        lines += [f"prices: {prices}"]
    rates = f", rates: {{openai-compatible: {{concurrency: {in_flight}}}}}" if in_flight else ""
    lines += [f"limits: {{concurrency: {at_once}, timeout_seconds: 30, max_attempts: 3{rates}}}"]
    SCRATCH.mkdir(parents=True, exist_ok=True)
    path = SCRATCH / f"experiment-{'simulated' if port is None else 'port'}-{'judged' if judged else 'plain'}.yaml"
    path.write_text("\n".join(lines) + "\n")
    asked = scenarios * 2 * samples
    return path, asked * (2 if judged else 1), asked


def run_experiment(
        name, calls, port=None, judged=True, at_once=256, criteria=("quality",), in_flight=None, prices=None):
    """Runs one in a fresh store and checks that nothing is missing; what the process cost, per call."""
    path, calls, cells = experiment(calls, port, judged, at_once, criteria, in_flight, prices)
    store = fresh(name)
    result = process([CAIRN, "run", path, "--store", store, "--json"])
    done = json.loads(result["output"])["cells"]["done"]
    if done != cells:
        raise Failed(f"{done} of {cells} cells are done")
    cpu = 1e3 * (result["user"] + result["system"]) / calls
    return {**result, "rate": calls / result["wall"], "cpu": cpu, "calls": calls, "output": ""}


def flat_prices():
    """A file with one price for all simulated models; its name in the scratch directory."""
    price = {
        "input_cost_per_token": 1.5e-06, "output_cost_per_token": 6e-06, "litellm_provider": "simulated", "mode": "chat"}
    SCRATCH.mkdir(parents=True, exist_ok=True)
    path = SCRATCH / "prices.json"
    path.write_text(json.dumps({f"sim-{name}": price for name in ("careful", "quick", "judge")}))
    return path


class Running:
    """A run of calls without latency through libcurl and loopback HTTP, judged and ranked."""

    name = "run"

    def __init__(self, sizes, _):
        self.calls = sizes.calls
        self.contenders = [
            Contender("Cairn, provider in process", lambda _: run_experiment("run-simulated", self.calls)),
            Contender("Cairn, provider in C beside it", lambda _: self.beside()),
        ]

    def beside(self):
        with provider() as port:
            return run_experiment("run-beside", self.calls, port)

    def run(self, rounds):
        alternate(self.contenders, rounds)
        case = f"run {self.calls:,} calls, judged and ranked"
        return [
            row for contender in self.contenders for row in (
                Row(case, contender.name, "calls/s", contender.values("rate"), problem=contender.problem,
                    target="≥ 5,000"),
                Row(case, contender.name, "ms CPU/call", contender.values("cpu"), target="≤ 0.83",
                    problem=contender.problem))
        ]

    def notes(self):
        lines = []
        for contender in self.contenders:
            if contender.results:
                wall = sum(contender.values("wall"))
                user, kernel = sum(contender.values("user")) / wall, sum(contender.values("system")) / wall
                resident = max(contender.values("resident")) / MEGABYTE
                lines.append(
                    f"{contender.name}: {user:.2f} cores in user code, {kernel:.2f} in the kernel; "
                    f"at most {resident:.0f} MB resident")
        store = SCRATCH / "run-simulated"
        if (store / "log").exists():
            transactions = figures([c_program("lmdb_baseline"), "transactions", store / "log"])["transactions"]
            events = count_events(store)
            lines.append(
                f"the log of a run: {events:,} events ({events / self.calls:.1f} per call) "
                f"in {transactions:,} transactions")
        return lines


def count_events(store):
    return json.loads(output([CAIRN, "audit", "verify", "--store", store, "--json"]))["events"]


class Querying:
    """`cairn query job ID` in a store with many jobs."""

    name = "query"

    def __init__(self, sizes, _):
        self.job = None
        self.use(sizes.jobs)
        self.contenders = [
            Contender("Cairn, query job", lambda _: self.once(["query", "job", self.job, "--store", self.store])),
            Contender("Cairn, --version", lambda _: self.once(["--version"])),
        ]

    def use(self, jobs):
        """Names the store; `prepare` makes it."""
        self.jobs = jobs
        self.store = BUILD / "stores" / f"jobs-{jobs}"

    def once(self, words):
        result = process([CAIRN, *words])
        return {**result, "milliseconds": 1e3 * result["wall"], "megabytes": result["resident"] / MEGABYTE}

    def prepare(self):
        """Makes the store once, and lets the read models catch up."""
        done = self.store / "bench.json"
        if not done.exists():
            say(f"  making a store of {self.jobs:,} jobs (kept in {self.store.relative_to(BUILD.parent)})")
            shutil.rmtree(self.store, ignore_errors=True)
            self.store.parent.mkdir(parents=True, exist_ok=True)
            made = output([BENCH, "jobs", self.store, self.jobs])
            first = process([CAIRN, "query", "job", json.loads(made)["job"], "--store", self.store])
            done.write_text(json.dumps({**json.loads(made), "caughtUp": first["wall"]}))
        kept = json.loads(done.read_text())
        self.job = kept["job"]
        self.caught_up = kept["caughtUp"]
        output([CAIRN, "query", "job", self.job, "--store", self.store])

    def run(self, rounds):
        self.prepare()
        alternate(self.contenders, 3 * rounds)
        query, version = self.contenders
        case = f"query one of {self.jobs:,} jobs, whole process"
        return [
            Row(case, query.name, "ms", query.values("milliseconds"), target="< 50", problem=query.problem),
            Row(case, query.name, "MB resident", query.values("megabytes"), target="< 150", problem=query.problem),
            Row(case, version.name, "ms", version.values("milliseconds"),
                ratio(query.values("milliseconds"), version.values("milliseconds")), "query ÷ --version",
                problem=version.problem),
        ]

    def notes(self):
        events = 3 * self.jobs
        return [
            f"when the store was new, its first query brought all read models up to {events:,} events in "
            f"{self.caught_up:.1f} s ({events / self.caught_up:,.0f} events/s)"]

"""Other people's programs doing the same work: an event store, a framework for evaluations, clients, job queues."""

import json
import socket
import subprocess
import time
from contextlib import contextmanager
from datetime import datetime

from log_cases import Appenders, Appending, rate
from measure import (
    BENCH, BUILD, CAIRN, HERE, SCRATCH, Contender, Failed, Row, alternate, figures, fresh, output, ratio, say)
from process_cases import MEGABYTE, provider, run_experiment
from queue_peers import QueuePeers

PYTHON = BUILD / "peers" / "bin" / "python"


def install():
    """Puts the peers' newest versions into an environment of their own; returns name → version, or why not."""
    if not PYTHON.exists():
        say("preparing .build/peers (umadb, inspect-ai, openai, httpx, procrastinate, huey)")
        done = subprocess.run(["python3", "-m", "venv", str(PYTHON.parent.parent)], capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(f"can't make a Python environment: {done.stdout.strip()[-300:]}")
    done = subprocess.run(
        [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade", "umadb", "inspect-ai",
         "openai", "httpx", "procrastinate", "psycopg[binary,pool]", "huey"], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"pip can't install the peers: {done.stderr.strip()[-300:]}")


def version(package):
    done = subprocess.run(
        [PYTHON, "-c", f"import importlib.metadata as m; print(m.version({package!r}))"], capture_output=True, text=True)
    return done.stdout.strip() or "?"


def cases(sizes, workload):
    try:
        install()
    except Failed as problem:
        return [Missing(str(problem))]
    return [UmaDB(sizes, workload), InspectAI(sizes), Concurrent(sizes), QueuePeers(sizes, workload)]


class Missing:
    """Peers that can't be had here."""

    name = "peers"

    def __init__(self, problem):
        self.problem = problem

    def run(self, _):
        raise Failed(self.problem)

    def notes(self):
        return []


@contextmanager
def umadb_server(store):
    """A server on a fresh file; yields its URL. The block's end stops it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store.mkdir(parents=True)
    server = subprocess.Popen(
        [PYTHON.parent / "umadb", "--listen", f"127.0.0.1:{port}", "--db-path", str(store)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        else:
            raise Failed("the UmaDB server doesn't listen")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


class UmaDB:
    """UmaDB's server and Python client, beside Cairn in the caller's process."""

    name = "umadb"

    def __init__(self, sizes, workload):
        self.workload = workload
        few = sizes.single_events
        self.plans = [
            ("1,000 events per request", 1, 1_000, sizes.peer_events),
            ("1 client, single events", 1, 1, few),
            ("64 clients, single events", 64, 1, min(20_000, sizes.concurrent_events)),
            ("512 clients, single events", 512, 1, min(40_000, sizes.concurrent_events)),
        ]
        self.appending = Appending(sizes, workload)
        self.appenders = Appenders(sizes, workload)

    def once(self, clients, batch, events):
        with umadb_server(fresh("umadb")) as url:
            result = figures([PYTHON, "-B", HERE / "peers" / "umadb_client.py", url, self.workload, events, clients, batch])
        if result["head"] != events:
            raise Failed(f"UmaDB has {result['head']} of {events} events")
        return result

    def cairn(self, tasks, batch, events):
        if batch > 1:
            return self.appending.cairn(2)
        return figures([BENCH, "appenders", fresh("appenders-peer"), tasks, events])

    def run(self, rounds):
        rows = []
        self.pairs = []
        for what, clients, batch, events in self.plans:
            uma = Contender("UmaDB", lambda _, c=clients, b=batch, e=events: self.once(c, b, e))
            cairn = Contender("Cairn", lambda _, c=clients, b=batch, e=events: self.cairn(c, b, e))
            alternate([uma, cairn], rounds)
            theirs, ours = [rate(r) for r in uma.results], [rate(r) for r in cairn.results]
            rows += [
                Row(f"append, {what}, fsync", uma.name, "events/s", theirs, problem=uma.problem),
                Row(f"append, {what}, fsync", cairn.name, "events/s", ours, ratio(ours, theirs), "UmaDB",
                    problem=cairn.problem)]
            self.pairs.append((what, uma))
        return rows

    def notes(self):
        lines = [
            f"umadb {version('umadb')}, its default options, server and client as processes over gRPC; with 1,000 events "
            "to a request Cairn appends the whole workload, UmaDB a part of it"]
        for what, uma in self.pairs:
            if uma.results:
                events, cpu = sum(uma.values("events")), sum(uma.values("client"))
                lines.append(f"{what}: {1e6 * cpu / events:.0f} µs CPU per event in UmaDB's client alone")
        return lines


class InspectAI:
    """Inspect AI's openai-api provider, and Cairn, asking the same provider in C."""

    name = "inspect"

    def __init__(self, sizes):
        self.calls = sizes.peer_calls
        self.contenders = [
            Contender("Inspect AI, 16 connections", lambda _: self.inspect()),
            Contender("Cairn", lambda _: self.cairn()),
        ]

    def inspect(self):
        with provider() as port:
            result = figures(
                [PYTHON, "-B", HERE / "peers" / "inspect_task.py", port, self.calls, fresh("inspect-logs")])
        if result["done"] != self.calls:
            raise Failed(f"Inspect AI finished {result['done']} of {self.calls} samples: {result['status']}")
        return {"rate": result["calls"] / result["wall"], "cpu": 1e3 * result["cpu"] / result["calls"]}

    def cairn(self):
        with provider() as port:
            return run_experiment("run-peer", self.calls, port, judged=False)

    def run(self, rounds):
        alternate(self.contenders, min(rounds, 3))
        inspect, cairn = self.contenders
        case = f"ask {self.calls:,} questions, one turn, not judged"
        rows = []
        for key, unit, target in (("rate", "calls/s", ""), ("cpu", "ms CPU/call", "≤ 0.1")):
            theirs, ours = inspect.values(key), cairn.values(key)
            rows += [
                Row(case, inspect.name, unit, theirs, problem=inspect.problem),
                Row(case, cairn.name, unit, ours, ratio(ours, theirs), "Inspect AI", target, cairn.problem)]
        return rows

    def notes(self):
        return [
            f"inspect_ai {version('inspect_ai')}, openai {version('openai')}; its figure begins when its modules are "
            "loaded, Cairn's counts the whole process"]


class Concurrent:
    """1,000 calls at once, each answered after 500 ms: Cairn beside plain httpx and the official openai client."""

    name = "concurrent"
    AT_ONCE, LATENCY_MS = 1_000, 500
    # Jobs in hand beside those whose calls are in flight: being leased, or their answers recorded.
    MORE_JOBS = 250

    def __init__(self, sizes):
        self.calls = sizes.concurrent_calls
        self.few = min(self.calls, 3 * self.AT_ONCE)
        self.contenders = [
            Contender("Cairn, every call recorded", lambda _: self.cairn()),
            Contender("httpx", lambda _: self.python("httpx")),
            Contender("openai", lambda _: self.python("openai")),
        ]

    def cairn(self):
        with provider(self.LATENCY_MS) as port:
            result = run_experiment(
                "run-concurrent", self.calls, port, judged=False, at_once=self.AT_ONCE + self.MORE_JOBS,
                in_flight=self.AT_ONCE)
        return {**result, "sustained": self.sustained(SCRATCH / "run-concurrent")}

    @staticmethod
    def sustained(store):
        """Answers per second by the times in the log, between a fifth and nine tenths of the answers: without the first
        wave, which connects while jobs are still submitted, and the last, after which nothing follows."""
        lines = output([CAIRN, "export", "jsonl", "--store", store, "--type", "llm.callCompleted"]).splitlines()
        events = [event for event in map(json.loads, lines) if event.get("type") == "llm.callCompleted"]
        times = sorted(datetime.fromisoformat(event["time"]).timestamp() for event in events)
        first, last = len(times) // 5, len(times) * 9 // 10
        return (last - first) / (times[last] - times[first])

    def python(self, client):
        with provider(self.LATENCY_MS) as port:
            result = figures(
                [PYTHON, "-B", HERE / "peers" / "concurrent_client.py", client, port, self.few, self.AT_ONCE])
        if result["done"] != self.few:
            raise Failed(f"{client} got {result['done']} of {self.few} answers")
        return {**result, "rate": self.few / result["wall"], "cpu": 1e3 * result["cpu"] / self.few}

    def run(self, rounds):
        alternate(self.contenders, min(rounds, 3))
        cairn, *peers = self.contenders
        case = f"calls of {self.LATENCY_MS} ms, {self.AT_ONCE:,} at once"
        rows = [Row(case, cairn.name, "calls/s", cairn.values("rate"), target="≥ 1,800", problem=cairn.problem)]
        rows += [
            Row(case, cairn.name, "calls/s, sustained", cairn.values("sustained"), target="≥ 1,800",
                problem=cairn.problem)]
        rows += [Row(case, peer.name, "calls/s", peer.values("rate"), problem=peer.problem) for peer in peers]
        rows += [Row(case, cairn.name, "ms CPU/call", cairn.values("cpu"), problem=cairn.problem)]
        for peer in peers:
            theirs = peer.values("cpu")
            rows.append(
                Row(case, peer.name, "ms CPU/call", theirs, ratio(cairn.values("cpu"), theirs), "Cairn to it", "≤ 0.1",
                    peer.problem))
        return rows

    def notes(self):
        return [
            f"httpx {version('httpx')}, openai {version('openai')}; their figures begin when their modules are loaded, "
            f"Cairn's counts the whole process with submission and recording; {self.calls:,} calls of Cairn, {self.few:,} of "
            "each of the others, which need minutes for more"] + [
            f"{contender.name}: at most {max(contender.values('resident')) / MEGABYTE:.0f} MB resident"
            for contender in self.contenders if contender.results]


CASES = [UmaDB, InspectAI, Concurrent, QueuePeers]

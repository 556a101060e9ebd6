"""Queues: `cairn submit` and `cairn work` as whole processes, on jobs that do nothing."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from contextlib import contextmanager

from measure import BENCH, BUILD, CAIRN, SCRATCH, Contender, Failed, Row, alternate, figures, fresh, output, process, ratio, say

MEGABYTE = 1e6
AT_ONCE = 1_000


class Worker:
    """A `cairn work` under way: what it costs is known when it has ended."""

    def __init__(self, store, *options):
        self.started = time.time()
        self.child = subprocess.Popen(
            [CAIRN, "work", "--store", str(store), *map(str, options)], stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True)
        self.resident = 0
        self.usage = None
        self.code = None
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self):
        """Anonymous memory: what is mapped from the store's files is the kernel's to take back."""
        while self.code is None:
            try:
                with open(f"/proc/{self.child.pid}/status") as lines:
                    kilobytes = next((line.split()[1] for line in lines if line.startswith("RssAnon")), "0")
            except OSError:
                return
            self.resident = max(self.resident, int(kilobytes) * 1024)
            time.sleep(0.05)

    def end(self, number=None, within=600):
        """Waits for the end, after a signal if one is given; seconds from then on."""
        start = time.monotonic()
        if number is not None:
            self.child.send_signal(number)
        timer = threading.Timer(within, self.child.kill)
        timer.start()
        _, status, self.usage = os.wait4(self.child.pid, 0)
        timer.cancel()
        self.code = self.child.returncode = os.waitstatus_to_exitcode(status)
        errors = self.child.stderr.read()
        if self.code != 0:
            raise Failed(f"cairn work: exit {self.code}: {errors.strip()[-600:]}")
        return time.monotonic() - start

    @property
    def cpu(self):
        return self.usage.ru_utime + self.usage.ru_stime


@contextmanager
def working(store, *options):
    """A worker that is killed if the block fails."""
    worker = Worker(store, *options)
    try:
        yield worker
    finally:
        if worker.code is None:
            worker.child.kill()
            worker.code = worker.child.wait()


def submit(store, count, name):
    return process([CAIRN, "submit", "--store", store, "--kind", "noop", "--count", count, "--id", name])


def done(store, jobs, within=1_800):
    """Waits until the log has every job's completion, asking seldom; the times in it."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        if int(figures([BENCH, "head", store])["size"]) >= 3 * jobs:
            times = figures([BENCH, "times", store])
            if times["completed"] == jobs:
                return times
        time.sleep(0.5)
    raise Failed(f"{jobs:,} jobs weren't done within {within} s")


class Queues:
    """Jobs that do nothing through `cairn submit` and `cairn work`, with every event on disk."""

    name = "queue"
    SUBMISSIONS = 10

    def __init__(self, sizes, _):
        self.jobs = sizes.queue_jobs
        self.paced = sizes.queue_paced
        self.whole = Contender("Cairn", lambda _: self.once())
        self.pace = Contender("Cairn", lambda _: self.at_a_pace())

    def once(self):
        store = fresh("queue")
        with working(store, "--concurrency", AT_ONCE) as worker:
            submitters = [
                submit(store, self.jobs // self.SUBMISSIONS, f"s{number}") for number in range(self.SUBMISSIONS)]
            times = done(store, self.jobs)
            worker.end(signal.SIGTERM)
        wall = times["lastCompletion"] - times["firstSubmission"]
        cpu = worker.cpu + sum(result["user"] + result["system"] for result in submitters)
        tenths = times["tenths"]
        size = sum(file.stat().st_size for file in store.rglob("*") if file.is_file())
        return {
            "rate": self.jobs / wall, "cpu": 1e6 * cpu / self.jobs, "worker": 1e6 * worker.cpu / self.jobs,
            "resident": worker.resident / MEGABYTE, "last": tenths[-1] / tenths[0], "slowest": min(tenths) / tenths[0],
            "enqueue": self.jobs / (times["lastSubmission"] - times["firstSubmission"]), "bytes": size / self.jobs}

    def at_a_pace(self):
        store = fresh("queue-pace")
        with working(store, "--concurrency", AT_ONCE) as worker:
            made = figures([BENCH, "pace", store, self.paced, 1_000])
            times = done(store, self.paced)
            worker.end(signal.SIGTERM)
        start = times["toCompletion"]
        return {
            "p50": start["p50"], "p99": start["p99"], "max": start["max"], "lease50": times["toLease"]["p50"],
            "lease99": times["toLease"]["p99"], "rate": self.paced / made["wall"],
            "cpu": 1e6 * worker.cpu / self.paced}

    def run(self, rounds):
        alternate([self.whole], min(rounds, 1 if self.jobs >= 500_000 else 3))
        alternate([self.pace], min(rounds, 3))
        whole, pace = self.whole, self.pace
        case = f"{self.jobs:,} jobs, enqueue → claim → complete, fsync"
        rows = [
            Row(case, whole.name, "jobs/s", whole.values("rate"), target="≥ 20,000", problem=whole.problem),
            Row(case, whole.name, "µs CPU/job", whole.values("cpu"), problem=whole.problem),
            Row(case, whole.name, "MB anonymous, worker", whole.values("resident"), problem=whole.problem),
            Row(case, whole.name, "last tenth ÷ first", whole.values("last"), target="≥ 0.8", problem=whole.problem),
        ]
        case = "submit → start at 1,000 jobs/s"
        for key, what, target in (("p50", "p50", "≤ 5"), ("p99", "p99", "≤ 20"), ("max", "max", "")):
            rows.append(Row(case, pace.name, f"ms, {what}", pace.values(key), target=target, problem=pace.problem))
        return rows

    def notes(self):
        lines = []
        for result in self.whole.results:
            lines.append(
                f"one process works with {AT_ONCE:,} slots while others submit in {self.SUBMISSIONS} submissions, at "
                f"{result['enqueue']:,.0f} jobs/s; of the CPU time {result['worker']:.0f} µs a job are the worker's; the "
                f"slowest tenth of the jobs came at {result['slowest']:.2f} of the first tenth's rate; "
                f"{result['bytes']:,.0f} bytes a job on disk, log and read models")
        for result in self.pace.results:
            lines.append(
                f"at {result['rate']:,.0f} jobs/s, a commit each: submitted → lease decided p50 {result['lease50']:.2f} ms, "
                f"p99 {result['lease99']:.2f} ms; start is the moment after the lease is on disk; "
                f"{result['cpu']:.0f} µs CPU a job in the worker")
        return lines


class Flows:
    """Flows of growing size: the CPU time that a job costs must not grow with them."""

    name = "queue-flows"
    SHAPES = ("fan-out", "fan-in", "chains of 100", "diamonds")

    def __init__(self, sizes, _):
        self.small, self.large = sizes.flow_jobs // 10, sizes.flow_jobs
        self.contenders = {
            (shape, size): Contender(f"{shape}, {size:,} jobs", lambda _, s=shape, n=size: self.once(s, n))
            for shape in self.SHAPES for size in (self.small, self.large)}

    @staticmethod
    def lines(shape, size):
        """One job a line, with the names of those that it waits for."""
        job = lambda name, *after: json.dumps({"kind": "noop", "name": name, "after": list(after)})
        if shape == "fan-out":
            return [job("root")] + [job(f"leaf{n}", "root") for n in range(size - 1)]
        if shape == "fan-in":
            return [job(f"leaf{n}") for n in range(size - 1)] + [job("last", *(f"leaf{n}" for n in range(size - 1)))]
        if shape == "diamonds":
            return [
                line for n in range(size // 4) for line in (
                    job(f"top{n}"), job(f"left{n}", f"top{n}"), job(f"right{n}", f"top{n}"),
                    job(f"bottom{n}", f"left{n}", f"right{n}"))]
        return [
            job(f"c{n // 100}.{n % 100}", *([f"c{n // 100}.{n % 100 - 1}"] if n % 100 else [])) for n in range(size)]

    def once(self, shape, size):
        store, file = fresh("queue-flow"), fresh("queue-flow.jsonl")
        file.write_text("\n".join(self.lines(shape, size)) + "\n")
        made = process([CAIRN, "submit", file, "--store", store, "--id", "flow"])
        with working(store, "--concurrency", AT_ONCE, "--until-empty") as worker:
            worker.end()
        times = figures([BENCH, "times", store])
        if times["completed"] != times["submitted"]:
            raise Failed(f"{times['completed']} of {times['submitted']} jobs are done")
        jobs = times["submitted"]
        return {
            "submit": 1e6 * (made["user"] + made["system"]) / jobs, "work": 1e6 * worker.cpu / jobs,
            "rate": jobs / (times["lastCompletion"] - times["firstLease"])}

    def run(self, rounds):
        alternate(list(self.contenders.values()), 1)
        rows = []
        for shape in self.SHAPES:
            small, large = self.contenders[shape, self.small], self.contenders[shape, self.large]
            for key, what in (("submit", "µs CPU/job to submit"), ("work", "µs CPU/job to work")):
                rows += [
                    Row(f"flow, {shape}", f"{self.small:,} jobs", what, small.values(key), problem=small.problem),
                    Row(f"flow, {shape}", f"{self.large:,} jobs", what, large.values(key),
                        ratio(large.values(key), small.values(key)), "a tenth of it", "≤ 1.3", large.problem)]
        return rows

    def notes(self):
        rates = ", ".join(
            f"{contender.name} {contender.results[0]['rate']:,.0f}/s" for contender in self.contenders.values()
            if contender.results)
        return [
            "the CPU time of whole processes, so that of small flows has more of the start in it",
            f"drained at: {rates}; a chain has one job at a time, so those of 100 links run {self.small // 100} or "
            f"{self.large // 100} beside one another"] if rates else []


class Million:
    """Questions about a queue with very many ready jobs, and the start of a worker on it."""

    name = "queue-million"

    def __init__(self, sizes, _):
        self.jobs = sizes.queue_ready
        self.store = BUILD / "stores" / f"queue-{self.jobs}"
        self.query = Contender("Cairn, query jobs --status ready", lambda _: self.ask())
        self.start = Contender("Cairn, work", lambda _: self.claim())
        self.drain = Contender("Cairn, SIGTERM", lambda _: self.give_back())

    def prepare(self):
        if (self.store / "made").exists():
            return
        say(f"  making a store of {self.jobs:,} ready jobs (kept in {self.store.relative_to(BUILD.parent)})")
        shutil.rmtree(self.store, ignore_errors=True)
        self.store.parent.mkdir(parents=True, exist_ok=True)
        for number in range(10):
            submit(self.store, self.jobs // 10, f"s{number}")
        self.ask()
        (self.store / "made").write_text("")

    def ask(self):
        result = process([CAIRN, "query", "jobs", "--status", "ready", "--limit", 20, "--store", self.store, "--json"])
        if len(json.loads(result["output"])) != 20:
            raise Failed("it doesn't list 20 jobs")
        return {
            "milliseconds": 1e3 * result["wall"], "cpu": 1e3 * (result["user"] + result["system"]),
            "megabytes": result["resident"] / MEGABYTE}

    def claim(self):
        """From the start of the process to its first lease, on a copy whose read models have caught up."""
        store = fresh("queue-claim")
        subprocess.run(["cp", "-a", "--reflink=auto", str(self.store), str(store)], check=True)
        os.sync()
        with working(store, "--concurrency", 16) as worker:
            time.sleep(3)
            worker.end(signal.SIGTERM)
        return {"seconds": figures([BENCH, "times", store])["firstLease"] - worker.started}

    def give_back(self):
        """A signal to a worker with 1,000 jobs that run, and a second of grace."""
        store = fresh("queue-signal")
        output([CAIRN, "submit", "--store", store, "--kind", "wait", "--input", '{"seconds": 3600}', "--count", "1000"])
        with working(store, "--concurrency", AT_ONCE, "--grace", 1) as worker:
            while int(figures([BENCH, "head", store])["size"]) < 2_002:
                time.sleep(0.1)
            seconds = worker.end(signal.SIGTERM)
        return {"seconds": seconds}

    def run(self, rounds):
        self.prepare()
        alternate([self.query], 3 * rounds)
        alternate([self.start], min(rounds, 3))
        alternate([self.drain], min(rounds, 3))
        query, start, drain = self.query, self.start, self.drain
        case = f"{self.jobs:,} ready jobs, list 20, whole process"
        return [
            Row(case, query.name, "ms", query.values("milliseconds"), target="< 50", problem=query.problem),
            Row(case, query.name, "MB resident", query.values("megabytes"), problem=query.problem),
            Row(f"{self.jobs:,} ready jobs, start until the first lease", start.name, "s", start.values("seconds"),
                target="< 1", problem=start.problem),
            Row("1,000 running jobs, grace 1 s, until it has ended", drain.name, "s", drain.values("seconds"),
                target="≤ 2", problem=drain.problem),
        ]

    def notes(self):
        cpu = self.query.values("cpu")
        return ["the start counts from before the process exists to the time of its first `job.leased`"] + [
            f"the query's CPU time: {min(cpu):.0f} to {max(cpu):.0f} ms" for _ in cpu[:1]]

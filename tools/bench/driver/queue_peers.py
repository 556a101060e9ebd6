"""Other people's job queues on the same jobs, with everything on disk: procrastinate on PostgreSQL, huey on SQLite."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from measure import BUILD, HERE, SCRATCH, Contender, Failed, Row, alternate, fresh, ratio
from queue_cases import MEGABYTE, Queues

PYTHON = BUILD / "peers" / "bin" / "python"


def binaries():
    """Where PostgreSQL's programs are: Debian puts them beside no path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [Path(shutil.which("initdb") or "")]
    if not found[-1].is_file():
        raise Failed("PostgreSQL isn't installed: apt-get install postgresql")
    return found[-1].parent


@contextmanager
def postgres():
    """A cluster in a directory of its own, with its socket there and default durability; yields how to connect.

    The programs refuse to run as root: then they run as the user that came with them. The dictionary is told the CPU
    time of all its processes when the block has ended.
    """
    programs = binaries()
    place = Path(tempfile.mkdtemp(prefix="cairn-bench-"))
    user = {"user": "postgres"} if os.geteuid() == 0 else {}
    if user:
        shutil.chown(place, "postgres")
    server, told = None, {"connection": f"host={place} user=bench dbname=postgres"}
    try:
        made = subprocess.run(
            [programs / "initdb", "--pgdata", place / "data", "--username", "bench", "--auth", "trust"],
            capture_output=True, text=True, cwd=place, **user)
        if made.returncode != 0:
            raise Failed(f"initdb: {made.stderr.strip()[-300:]}")
        server = subprocess.Popen(
            [programs / "postgres", "-D", place / "data", "-k", place, "-c", "listen_addresses="],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=place, **user)
        for _ in range(200):
            if subprocess.run([programs / "pg_isready", "-q", "-h", place], cwd=place).returncode == 0:
                break
            time.sleep(0.1)
        else:
            raise Failed("PostgreSQL doesn't start")
        yield told
    finally:
        if server is not None:
            server.terminate()
            _, _, usage = os.wait4(server.pid, 0)
            server.returncode = 0
            told["cpu"] = usage.ru_utime + usage.ru_stime
        shutil.rmtree(place, ignore_errors=True)


def worked(script, where, jobs, at_once):
    """One process submits while another works; when the first began, when the last job was done, and the CPU time."""
    command = lambda mode: [PYTHON, "-B", HERE / "peers" / script, mode, where, str(jobs), str(at_once)]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    worker = subprocess.Popen(command("work"), **options)
    try:
        submitter = subprocess.run(command("submit"), capture_output=True, text=True)
        if submitter.returncode != 0:
            raise Failed(f"{script} submit: {submitter.stderr.strip()[-300:]}")
        output, errors = worker.communicate(timeout=600)
    except subprocess.TimeoutExpired:
        raise Failed(f"{script}: {jobs:,} jobs weren't done within 600 s") from None
    finally:
        if worker.poll() is None:
            worker.kill()
            worker.wait()
    if worker.returncode != 0:
        raise Failed(f"{script} work: {errors.strip()[-300:]}")
    first, last = (json.loads(text.strip().splitlines()[-1]) for text in (submitter.stdout, output))
    return {
        "rate": jobs / (last["end"] - first["start"]), "cpu": first["cpu"] + last["cpu"],
        "resident": last["resident"] / MEGABYTE}


class QueuePeers:
    """procrastinate on PostgreSQL and huey on SQLite, on jobs that do nothing; Cairn in the same rounds."""

    name = "queue-peers"
    AT_ONCE, THREADS = 20, 1

    def __init__(self, sizes, workload):
        self.jobs = sizes.peer_jobs
        self.cairn = Queues(sizes, workload)
        self.contenders = [
            Contender("procrastinate, PostgreSQL", lambda _: self.procrastinate()),
            Contender("huey, SQLite with fsync", lambda _: self.huey()),
            Contender("Cairn", lambda _: self.cairn.once()),
        ]

    def procrastinate(self):
        with postgres() as server:
            prepare = [PYTHON, "-B", HERE / "peers" / "procrastinate_queue.py", "prepare", server["connection"], "0", "1"]
            made = subprocess.run(prepare, capture_output=True, text=True)
            if made.returncode != 0:
                raise Failed(f"procrastinate: {made.stderr.strip()[-300:]}")
            result = worked("procrastinate_queue.py", server["connection"], self.jobs, self.AT_ONCE)
        return {**result, "cpu": 1e6 * (result["cpu"] + server["cpu"]) / self.jobs}

    def huey(self):
        SCRATCH.mkdir(parents=True, exist_ok=True)
        result = worked("huey_queue.py", fresh("huey.db"), self.jobs, self.THREADS)
        return {**result, "cpu": 1e6 * result["cpu"] / self.jobs}

    def run(self, rounds):
        alternate(self.contenders, min(rounds, 2))
        *peers, cairn = self.contenders
        rows = []
        for key, unit in (("rate", "jobs/s"), ("cpu", "µs CPU/job")):
            for peer in peers:
                theirs = peer.values(key)
                rows.append(Row(
                    "jobs that do nothing, enqueue → done", peer.name, unit, theirs, ratio(cairn.values(key), theirs),
                    "Cairn to it", "", peer.problem))
            rows.append(Row("jobs that do nothing, enqueue → done", cairn.name, unit, cairn.values(key),
                            problem=cairn.problem))
        return rows

    def notes(self):
        versions = subprocess.run(
            [PYTHON, "-c", "import importlib.metadata as m; print('procrastinate', m.version('procrastinate'), "
                           "'and huey', m.version('huey'))"], capture_output=True, text=True).stdout.strip()
        return [
            f"{versions}; {self.jobs:,} jobs of each of them, {self.cairn.jobs:,} of Cairn, while others submit them; "
            f"procrastinate works {self.AT_ONCE} at once and submits 1,000 in a statement, huey has one thread, with which it is fastest; "
            "CPU time with PostgreSQL's processes",
            "huey keeps nothing of a job that was done, procrastinate its last state, Cairn every event"] + [
            f"{contender.name}: at most {max(contender.values('resident')):.0f} MB resident in the worker"
            for contender in self.contenders[:2] if contender.results]

"""Runs contenders in turn and sums up what they did."""

import json
import os
import shutil
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
BUILD = HERE / ".build"
SCRATCH = BUILD / "scratch"
BENCH = os.environ["CAIRN_BENCH"]
CAIRN = os.environ["CAIRN"]


class Failed(Exception):
    """A contender couldn't be measured; the message says why."""


def c_program(name):
    return str(BUILD / "c" / name)


def say(text):
    print(text, file=sys.stderr, flush=True)


def output(command, **options):
    """What a program prints; fails with its last words."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip() or "no message")[-600:]
        raise Failed(f"{Path(str(command[0])).name} {command[1]}: exit {done.returncode}: {last}")
    return done.stdout


def figures(command):
    """The JSON object that a contender prints on its last line."""
    return json.loads(output(command).strip().splitlines()[-1])


def process(command, expected=(0,), env=None):
    """A whole process: wall and CPU seconds, largest resident memory, and what it printed."""
    result = SCRATCH / "measured.json"
    done = subprocess.run(
        [c_program("measured"), str(result)] + [str(word) for word in command], capture_output=True, text=True,
        env={**os.environ, **(env or {})})
    if done.returncode not in expected:
        raise Failed(f"{' '.join(map(str, command[:4]))}: exit {done.returncode}: {done.stderr.strip()[-600:]}")
    return {**json.loads(result.read_text()), "output": done.stdout}


def fresh(name):
    """An empty place for a store; what stood there before is gone."""
    path = SCRATCH / name
    shutil.rmtree(path, ignore_errors=True)
    if path.is_file():
        path.unlink()
    SCRATCH.mkdir(parents=True, exist_ok=True)
    return path


def settle():
    """Writes back what earlier contenders left dirty, so that the next one doesn't pay for it."""
    os.sync()


@dataclass
class Contender:
    """Something that is measured once per round; `once(round)` returns a dict of numbers."""

    name: str
    once: object
    results: list = field(default_factory=list)
    problem: str = ""

    def values(self, key):
        return [result[key] for result in self.results if key in result]


def alternate(contenders, rounds):
    """Each round runs every contender once, beginning with another one each time."""
    for number in range(rounds):
        for place in range(len(contenders)):
            contender = contenders[(place + number) % len(contenders)]
            if contender.problem:
                continue
            settle()
            try:
                contender.results.append(contender.once(number))
                say(f"  {number + 1}/{rounds} {contender.name}")
            except Failed as problem:
                contender.problem = str(problem)
                say(f"  {contender.name}: {problem}")


@dataclass
class Row:
    """One line of the table."""

    case: str
    contender: str
    unit: str
    values: list
    ratio: float = None
    against: str = ""
    target: str = ""
    problem: str = ""

    @property
    def median(self):
        return statistics.median(self.values) if self.values else None

    def as_json(self):
        known = {
            "case": self.case, "contender": self.contender, "unit": self.unit, "values": self.values,
            "median": self.median, "ratio": self.ratio, "against": self.against, "target": self.target,
            "problem": self.problem,
        }
        return {key: value for key, value in known.items() if value not in (None, "", [])}


def ratio(one, other):
    """The median of the ratios round by round, so that a slow moment of the machine hits both sides."""
    pairs = [a / b for a, b in zip(one, other) if b]
    return statistics.median(pairs) if pairs else None


def shares(results):
    """How the wall time of one result is spent on average: user, system, and waiting (or negative: several cores)."""
    wall = sum(result["wall"] for result in results)
    if not wall:
        return ""
    user = sum(result["user"] for result in results) / wall
    system = sum(result["system"] for result in results) / wall
    return f"user {user:.0%}, kernel {system:.0%} of one core, waiting {max(0, 1 - user - system):.0%}"

"""Where a contender's time goes: the functions that perf saw most, per case."""

import re
import subprocess

from measure import BENCH, CAIRN, SCRATCH, fresh
from process_cases import experiment


def commands(name, sizes, workload):
    """What to profile for a case, and under which name."""
    if name == "append":
        return [[BENCH, "append", workload, fresh("profiled"), 2]]
    if name == "appenders":
        return [[BENCH, "appenders", fresh("profiled"), 64, sizes.concurrent_events]]
    if name == "scan":
        return [[BENCH, "scan", SCRATCH / "scanned", 8]]
    if name == "run":
        path, _, _ = experiment(sizes.calls)
        return [[CAIRN, "run", path, "--store", fresh("profiled"), "--json"]]
    if name == "rebuild":
        return [[CAIRN, "replay", "rebuild", "--store", SCRATCH / "rebuilt", "--json"]]
    return []


def of(name, sizes, workload, most=14):
    """The functions of a case with their shares, as lines."""
    lines = []
    data = SCRATCH / "perf.data"
    for command in commands(name, sizes, workload):
        recorded = subprocess.run(
            ["perf", "record", "-F", "499", "-e", "cpu-clock", "-o", str(data), *map(str, command)],
            capture_output=True, text=True)
        if recorded.returncode != 0:
            return [f"perf: {recorded.stderr.strip()[-200:]}"]
        shown = subprocess.run(
            ["perf", "report", "-i", str(data), "--stdio", "--percent-limit", "1", "-F", "overhead,dso,symbol"],
            capture_output=True, text=True).stdout
        found = [line for line in shown.splitlines() if re.match(r"\s+\d+\.\d+%", line)][:most]
        lines += ["perf: " + demangled(re.sub(r"\s+", " ", line).strip()) for line in found]
    return lines


def demangled(line):
    """Swift's names as people read them, cut to a line."""
    names = re.findall(r"\$s\S+", line)
    if names:
        shown = subprocess.run(
            ["swift", "demangle", "--compact", "--simplified", names[0]], capture_output=True, text=True).stdout
        line = line.replace(names[0], shown.strip() or names[0])
    return line[:160]

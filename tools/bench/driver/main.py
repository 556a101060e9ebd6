"""Measures everything that was asked for, prints one table and the notes, and writes results.json."""

import argparse
import json
import os
import platform
import shutil
import sys
import time
from dataclasses import dataclass

import peers
import profiling
from export_cases import Exporting
from log_cases import Appenders, Appending, Batches, Scanning
from measure import BENCH, BUILD, Failed, SCRATCH, fresh, output, say
from notes import BOUNDS
from process_cases import Querying, Running
from proof_cases import Proving
from queue_cases import Flows, Million, Queues
from replay_cases import Rebuilding, Replaying, Verifying
from whatif_cases import Returning, Wondering


@dataclass
class Sizes:
    append_events: int
    single_events: int
    concurrent_events: int
    calls: int
    jobs: int
    peer_events: int
    peer_calls: int
    concurrent_calls: int
    queue_jobs: int
    queue_paced: int
    queue_ready: int
    flow_jobs: int
    peer_jobs: int
    rebuilt_calls: int
    verified_events: int
    proven_events: int
    scores: int
    past_events: int
    replayed_calls: int


FULL = Sizes(
    append_events=300_000, single_events=3_000, concurrent_events=60_000, calls=10_000, jobs=1_000_000,
    peer_events=100_000, peer_calls=2_000, concurrent_calls=20_000, queue_jobs=200_000, queue_paced=30_000,
    queue_ready=1_000_000, flow_jobs=100_000, peer_jobs=5_000,
    rebuilt_calls=40_000, verified_events=10_000_000, proven_events=1_000_000, scores=100_000, past_events=10_200_000,
    replayed_calls=100_000)
QUICK = Sizes(
    append_events=50_000, single_events=500, concurrent_events=10_000, calls=1_000, jobs=20_000, peer_events=10_000,
    peer_calls=200, concurrent_calls=2_000, queue_jobs=20_000, queue_paced=3_000, queue_ready=20_000, flow_jobs=10_000,
    peer_jobs=1_000, rebuilt_calls=1_000, verified_events=100_000, proven_events=20_000, scores=1_000,
    past_events=300_000, replayed_calls=1_000)
CASES = [Appending, Appenders, Batches, Scanning, Running, Rebuilding, Replaying, Verifying, Proving, Wondering,
         Returning, Querying, Exporting, Queues, Flows, Million]
NAMES = [case.name for case in CASES + peers.CASES]


def arguments():
    parser = argparse.ArgumentParser(prog="tools/bench/run")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it works")
    parser.add_argument("--peers", action="store_true", help="also other people's programs, from PyPI")
    parser.add_argument("--profile", action="store_true", help="also where the time goes, by perf")
    parser.add_argument("--only", default="", help="some of: " + ",".join(NAMES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--queue-jobs", type=int, default=0, help="how many jobs go through the queue; default: 200,000")
    given = parser.parse_args()
    wanted = [word for word in given.only.split(",") if word]
    unknown = set(wanted) - set(NAMES)
    if unknown:
        parser.error(f"there is no case {', '.join(sorted(unknown))}")
    given.cases = [case for case in CASES if not wanted or case.name in wanted]
    given.wanted = wanted
    return given


def number(value):
    if value is None:
        return "–"
    if abs(value) >= 1_000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def table(rows):
    """The rows with their columns aligned; a case's name stands once."""
    lines = [("case", "contender", "median", "lowest – highest", "unit", "ratio", "against", "target")]
    before = None
    for row in rows:
        name = row.case if row.case != before else ""
        before = row.case
        spread = f"{number(min(row.values))} – {number(max(row.values))}" if row.values else ""
        shown_ratio = f"{row.ratio:.2f}" if row.ratio is not None else ""
        lines.append((name, row.contender, number(row.median), spread, row.unit, shown_ratio, row.against, row.target))
    widths = [max(len(line[place]) for line in lines) for place in range(8)]
    right = {2, 3, 5}
    for line in lines:
        cells = [cell.rjust(width) if place in right else cell.ljust(width)
                 for place, (cell, width) in enumerate(zip(line, widths))]
        print("  ".join(cells).rstrip())


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    return {
        "cpus": os.cpu_count(), "kernel": platform.release(), "model": model,
        "load": [round(value, 2) for value in os.getloadavg()]}


def measured(case, rounds):
    """One case's rows and notes; a case that can't be measured says why and doesn't stop the others."""
    say(f"{case.name}: {case.__doc__.splitlines()[0]}")
    try:
        rows = case.run(rounds)
        problems = dict.fromkeys(f"{row.contender}: {row.problem}" for row in rows if row.problem)
        return rows, case.notes() + list(problems)
    except (Failed, OSError, KeyError, ValueError) as problem:
        say(f"  not measured: {problem}")
        return [], [f"not measured: {problem}"]


def main():
    given = arguments()
    sizes = QUICK if given.quick else FULL
    sizes.queue_jobs = given.queue_jobs or sizes.queue_jobs
    start = time.monotonic()
    before = machine()
    workload = fresh("workload")
    output([BENCH, "workload", workload, sizes.append_events])
    shutil.rmtree(f"{workload}.store", ignore_errors=True)
    rows, notes = [], {}
    cases = [case(sizes, workload) for case in given.cases]
    if given.peers:
        cases += [case for case in peers.cases(sizes, workload) if not given.wanted or case.name in given.wanted + ["peers"]]
    for case in cases:
        case_rows, notes[case.name] = measured(case, given.rounds)
        rows += case_rows
        if given.profile:
            notes[case.name] += profiling.of(case.name, sizes, workload)
    report(given, rows, notes, before, time.monotonic() - start)
    shutil.rmtree(SCRATCH, ignore_errors=True)


def report(given, rows, notes, before, seconds):
    print()
    table(rows)
    print("\nOutput notes")
    for name, lines in notes.items():
        print(f"\n{name}")
        for line in BOUNDS.get(name, []) + lines:
            print(f"  - {line}")
    after = os.getloadavg()[0]
    size = "small sizes: the figures mean little; " if given.quick else ""
    print(
        f"\n{size}{given.rounds} rounds, {seconds:.0f} s in all; {before['cpus']} × {before['model']}, "
        f"kernel {before['kernel']}, load {before['load'][0]} before and {after:.2f} after"
        + (" (others were at work: compare ratios only)" if before["load"][0] > 0.7 else ""))
    path = BUILD / "results.json"
    path.write_text(json.dumps(
        {"machine": before, "notes": notes, "quick": given.quick, "rounds": given.rounds,
         "rows": [row.as_json() for row in rows], "seconds": round(seconds, 1)}, indent=1, ensure_ascii=False))
    print(f"written to {path}")


if __name__ == "__main__":
    sys.exit(main())

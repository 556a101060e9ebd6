"""Asks a loopback provider so many questions with Inspect AI; prints what it took as JSON.

    inspect_task.py PORT SAMPLES LOGS
"""

import json
import os
import sys
import time

port, samples, logs = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
os.environ["BENCH_BASE_URL"] = f"http://127.0.0.1:{port}/v1"
os.environ["BENCH_API_KEY"] = "none-needed"

from inspect_ai import Task, eval  # noqa: E402  (reads the variables above)
from inspect_ai.dataset import Sample  # noqa: E402
from inspect_ai.solver import generate, system_message  # noqa: E402


def main():
    task = Task(
        dataset=[Sample(input=f"Write one line about harbour {number}.") for number in range(samples)],
        solver=[system_message("You are a poet."), generate()])
    start, cpu = time.perf_counter(), time.process_time()
    log, = eval(
        task, model="openai-api/bench/tiny-1", max_connections=16, max_samples=16, log_dir=logs, display="none")
    print(json.dumps({
        "calls": samples, "wall": time.perf_counter() - start, "cpu": time.process_time() - cpu,
        "status": log.status, "done": log.results.completed_samples if log.results else 0}))


main()

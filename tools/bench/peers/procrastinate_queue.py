"""Jobs that do nothing through procrastinate, on a PostgreSQL database; prints JSON.

    procrastinate_queue.py prepare|submit|work CONNECTION JOBS AT_ONCE
"""

import asyncio
import json
import resource
import sys
import time

import procrastinate

mode, connection, jobs, at_once = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=connection, min_size=1, max_size=20))
done = 0
all_done = asyncio.Event()


@app.task(name="noop", queue="default")
async def noop():
    global done
    done += 1
    if done == jobs:
        all_done.set()


async def submit():
    for start in range(0, jobs, 1_000):
        await noop.batch_defer_async(*({} for _ in range(min(1_000, jobs - start))))


async def work():
    worker = asyncio.create_task(app.run_worker_async(
        concurrency=at_once, wait=True, install_signal_handlers=False, fetch_job_polling_interval=0.5))
    await all_done.wait()
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)


async def main():
    async with app.open_async():
        start = time.time()
        await {"prepare": app.schema_manager.apply_schema_async, "submit": submit, "work": work}[mode]()
        end = time.time()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({
        "start": start, "end": end, "cpu": usage.ru_utime + usage.ru_stime, "resident": usage.ru_maxrss * 1024}))


asyncio.run(main())

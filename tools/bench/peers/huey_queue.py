"""Jobs that do nothing through huey, on an SQLite file with fsync; prints JSON.

    huey_queue.py submit|work FILE JOBS AT_ONCE
"""

import json
import resource
import sys
import threading
import time

from huey import SqliteHuey

mode, path, jobs, at_once = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
queue = SqliteHuey("bench", filename=path, fsync=True, results=False, timeout=60)
lock = threading.Lock()
all_done = threading.Event()
done = 0


@queue.task()
def noop():
    global done
    with lock:
        done += 1
        if done == jobs:
            all_done.set()


def submit():
    for _ in range(jobs):
        noop()


def work():
    consumer = queue.create_consumer(workers=at_once, periodic=False, initial_delay=0.01, max_delay=0.1)
    consumer.start()
    all_done.wait()
    consumer.stop(graceful=True)


start = time.time()
{"submit": submit, "work": work}[mode]()
end = time.time()
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "start": start, "end": end, "cpu": usage.ru_utime + usage.ru_stime, "resident": usage.ru_maxrss * 1024}))

"""Appends the workload's events to an UmaDB server from so many clients; prints what it took as JSON.

    umadb_client.py URL WORKLOAD EVENTS CLIENTS BATCH
"""

import json
import struct
import sys
import threading
import time

from umadb import Client, Event


def events(path, most):
    """The first events of the file of records (schemas/log-format.md), as UmaDB's."""
    found = []
    with open(path, "rb") as file:
        while len(found) < most and (length := file.read(4)):
            record = file.read(struct.unpack("<I", length)[0])
            stream, kind, data, metadata = struct.unpack_from("<4H", record, 40)
            ends = [48, 48 + stream, 48 + stream + kind, 48 + stream + kind + data]
            found.append(Event(
                event_type=record[ends[1]:ends[2]].decode(), data=record[ends[2]:ends[3]],
                tags=[record[ends[0]:ends[1]].decode()],
                metadata={"cairn": record[ends[3]:ends[3] + metadata].decode()}))
    return found


def main():
    url, path = sys.argv[1:3]
    most, clients, batch = map(int, sys.argv[3:])
    found = events(path, most)
    parts = [found[place::clients] for place in range(clients)]
    connected = [Client(url) for _ in range(clients)]
    for client in connected:
        client.head()
    go = threading.Barrier(clients + 1)

    def work(client, part):
        go.wait()
        for start in range(0, len(part), batch):
            client.append(part[start:start + batch])

    threads = [threading.Thread(target=work, args=pair) for pair in zip(connected, parts)]
    for thread in threads:
        thread.start()
    go.wait()
    start, cpu = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.join()
    print(json.dumps({
        "events": len(found), "wall": time.perf_counter() - start, "client": time.process_time() - cpu,
        "head": connected[0].head()}))


main()

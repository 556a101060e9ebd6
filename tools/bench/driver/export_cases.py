"""Exports to a pipe, and to a file of SQLite."""

import json
import subprocess
import time

from measure import CAIRN, SCRATCH, Contender, Failed, Row, alternate, c_program, process, ratio, shares
from process_cases import MEGABYTE, Querying


class Exporting:
    """`cairn export` of a store with many jobs, into a pipe that is read as fast as can be."""

    name = "export"

    def __init__(self, sizes, _):
        self.querying = Querying(sizes, _)
        self.store = self.querying.store
        self.events = min(1_000_000, 3 * sizes.jobs)
        self.native = SCRATCH / "native.jsonl"
        self.contenders = [
            Contender("cat of the same lines", lambda _: self.piped(["cat", self.native])),
            Contender("Cairn, export jsonl", lambda _: self.export("jsonl")),
            Contender("Cairn, export cloudevents", lambda _: self.export("cloudevents")),
            Contender("Cairn, export sqlite", lambda _: self.sqlite()),
        ]

    def export(self, form):
        return self.piped([CAIRN, "export", form, "--store", self.store, "--to", str(self.events)])

    def piped(self, command):
        """Runs a command whose standard output another process takes and throws away."""
        result = SCRATCH / "measured.json"
        words = [c_program("measured"), str(result)] + [str(word) for word in command]
        started = time.monotonic()
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as writer:
            reader = subprocess.Popen(["wc", "-l"], stdin=writer.stdout, stdout=subprocess.PIPE, text=True)
            writer.stdout.close()
            lines = int(reader.communicate()[0])
            message = writer.stderr.read().decode()
        if writer.returncode != 0 or lines != self.events:
            raise Failed(f"{lines:,} of {self.events:,} lines: {message[-600:]}")
        measured = json.loads(result.read_text())
        return {
            **measured, "rate": self.events / measured["wall"], "megabytes": measured["resident"] / MEGABYTE,
            "whole": time.monotonic() - started}

    def sqlite(self):
        path = SCRATCH / "export.db"
        result = process([CAIRN, "export", "sqlite", "--store", self.store, "-o", path, "--json"])
        rows = sum(json.loads(result["output"])["rows"].values())
        size = path.stat().st_size
        path.unlink()
        return {**result, "output": "", "rate": rows / result["wall"], "rows": rows, "size": size}

    def prepare(self):
        self.querying.prepare()
        SCRATCH.mkdir(parents=True, exist_ok=True)
        with open(self.native, "wb") as file:
            subprocess.run(
                [CAIRN, "export", "jsonl", "--store", str(self.store), "--to", str(self.events)], stdout=file, check=True)

    def run(self, rounds):
        self.prepare()
        self.bytes = self.native.stat().st_size
        alternate(self.contenders, rounds)
        self.native.unlink()
        cat, native, cloud, sqlite = self.contenders
        case = f"export of {self.events:,} events to a pipe"
        return [
            Row(case, cat.name, "events/s", cat.values("rate"), problem=cat.problem),
            Row(case, native.name, "events/s", native.values("rate"), ratio(native.values("rate"), cat.values("rate")),
                "cat", target="≥ 300,000", problem=native.problem),
            Row(case, native.name, "MB resident", native.values("megabytes"), problem=native.problem),
            Row(case, cloud.name, "events/s", cloud.values("rate"), ratio(cloud.values("rate"), cat.values("rate")),
                "cat", problem=cloud.problem),
            Row("export of a store as SQLite", sqlite.name, "rows/s", sqlite.values("rate"), problem=sqlite.problem),
        ]

    def notes(self):
        native, sqlite = self.contenders[1], self.contenders[3]
        notes = [
            f"a line has {self.bytes / self.events:.0f} bytes on average; export jsonl: {shares(native.results)}; resident "
            "memory has pages of the mapped log in it, which the kernel takes back when it needs them"]
        if sqlite.results:
            last = sqlite.results[-1]
            notes.append(
                f"the file of SQLite has {last['rows']:,} rows in {last['size'] / MEGABYTE:,.0f} MB: "
                f"{shares(sqlite.results)}")
        return notes

"""The event log alone: appending, reading."""

from measure import BENCH, Contender, Row, alternate, c_program, figures, fresh, output, ratio, shares

COMMIT = 1_000


def rate(result):
    return result["events"] / result["wall"]


class Appending:
    """The same records in the same commits: plain LMDB, Cairn, SQLite."""

    name = "append"

    def __init__(self, sizes, workload):
        self.workload = workload
        self.events = sizes.append_events
        self.contenders = [
            Contender("C, liblmdb, no hashing", self.plain),
            Contender("Cairn, 1 commit under way", lambda _: self.cairn(1)),
            Contender("Cairn, 2 commits under way", lambda _: self.cairn(2)),
            Contender("SQLite, WAL, synchronous=FULL", self.sqlite),
        ]

    def plain(self, _):
        store = fresh("plain")
        store.mkdir()
        return figures([c_program("lmdb_baseline"), "append", self.workload, store, COMMIT])

    def cairn(self, under_way):
        store = fresh(f"cairn-{under_way}")
        result = figures([BENCH, "append", self.workload, store, under_way])
        transactions = figures([c_program("lmdb_baseline"), "transactions", store / "log"])
        return {**result, **transactions}

    def sqlite(self, _):
        base = fresh("sqlite")
        base.mkdir()
        return figures([c_program("sqlite_baseline"), self.workload, base / "events.db", COMMIT])

    def run(self, rounds):
        alternate(self.contenders, rounds)
        plain, one, two, sqlite = ([rate(result) for result in contender.results] for contender in self.contenders)
        names = [contender.name for contender in self.contenders]
        problems = [contender.problem for contender in self.contenders]
        case = f"append {self.events:,} events, commits of {COMMIT:,}, fsync"
        return [
            Row(case, names[0], "events/s", plain, problem=problems[0]),
            Row(case, names[1], "events/s", one, ratio(one, plain), "C", "≥ 0.5", problems[1]),
            Row(case, names[2], "events/s", two, ratio(two, plain), "C", "≥ 0.5", problems[2]),
            Row(case, names[3], "events/s", sqlite, ratio(two, sqlite), "Cairn (2) ÷ SQLite", "> 1", problems[3]),
        ]

    def notes(self):
        lines = [f"{contender.name}: {shares(contender.results)}" for contender in self.contenders if contender.results]
        for contender in self.contenders[1:3]:
            counts = sorted(contender.values("transactions"))
            if counts:
                commits = -(-self.events // COMMIT)
                lines.append(
                    f"{contender.name}: {counts[0]} to {counts[-1]} LMDB transactions for {commits} commits")
        return lines


class Appenders:
    """Single typed events: one task that waits for each, against 64 that share the syncs."""

    name = "appenders"

    def __init__(self, sizes, _):
        self.sizes = sizes
        self.contenders = [
            Contender("Cairn, 1 appender", lambda _: self.cairn(1, sizes.single_events)),
            Contender("Cairn, 64 appenders", lambda _: self.cairn(64, sizes.concurrent_events)),
        ]

    def cairn(self, tasks, events):
        store = fresh(f"appenders-{tasks}")
        result = figures([BENCH, "appenders", store, tasks, events])
        return {**result, **figures([c_program("lmdb_baseline"), "transactions", store / "log"])}

    def run(self, rounds):
        alternate(self.contenders, rounds)
        one, many = ([rate(result) for result in contender.results] for contender in self.contenders)
        case = "append single typed events, each awaited, fsync"
        return [
            Row(case, self.contenders[0].name, "events/s", one, problem=self.contenders[0].problem),
            Row(case, self.contenders[1].name, "events/s", many, ratio(many, one), "1 appender", "≥ 20",
                self.contenders[1].problem),
        ]

    def notes(self):
        lines = []
        for contender in self.contenders:
            if contender.results:
                events = sum(contender.values("events"))
                transactions = sum(contender.values("transactions"))
                cpu = sum(result["user"] + result["system"] for result in contender.results)
                lines.append(
                    f"{contender.name}: {events / transactions:.1f} events per transaction, "
                    f"{1e6 * cpu / events:.0f} µs CPU per event; {shares(contender.results)}")
        return lines


class Batches:
    """Three commits of one event for each of many jobs, a thousand jobs at a time: one call, or a task for each."""

    name = "batch"
    size = 1_000

    def __init__(self, sizes, _):
        self.jobs = sizes.concurrent_events // 3
        self.contenders = [
            Contender("Cairn, a task for each commit", lambda _: self.cairn("apart")),
            Contender("Cairn, one call for a batch", lambda _: self.cairn("together")),
        ]

    def cairn(self, way):
        return figures([BENCH, "batch", fresh(f"batch-{way}"), self.jobs, self.size, 2, way])

    def run(self, rounds):
        alternate(self.contenders, rounds)
        apart, together = ([rate(result) for result in contender.results] for contender in self.contenders)
        case = f"append commits of one event in batches of {self.size:,}, fsync"
        return [
            Row(case, self.contenders[0].name, "commits/s", apart, problem=self.contenders[0].problem),
            Row(case, self.contenders[1].name, "commits/s", together, ratio(together, apart), "a task each", "> 1",
                self.contenders[1].problem),
        ]

    def notes(self):
        lines = []
        for contender in self.contenders:
            if contender.results:
                events = sum(contender.values("events"))
                cpu = sum(result["user"] + result["system"] for result in contender.results)
                lines.append(f"{contender.name}: {1e6 * cpu / events:.1f} µs CPU per commit; {shares(contender.results)}")
        return lines


class Scanning:
    """Every byte of every record, from the same file: a C cursor and Cairn's `scan`."""

    name = "scan"
    passes = 4

    def __init__(self, sizes, workload):
        self.workload = workload
        self.events = sizes.append_events
        self.store = None
        self.contenders = [
            Contender("C, cursor", lambda _: self.plain()),
            Contender("Cairn, scan", lambda _: self.cairn()),
        ]

    def plain(self):
        return self.checked(figures([c_program("lmdb_baseline"), "scan", self.store / "log", self.passes]))

    def cairn(self):
        return self.checked(figures([BENCH, "scan", self.store, self.passes]))

    def checked(self, result):
        passes = result["passes"]
        later = sorted(passes[1:])[len(passes[1:]) // 2]
        return {**result, "first": result["events"] / passes[0], "later": result["events"] / later}

    def run(self, rounds):
        self.store = fresh("scanned")
        output([BENCH, "append", self.workload, self.store, 2])
        alternate(self.contenders, rounds)
        rows = []
        for key, what in (("first", "first pass of a process"), ("later", "later passes")):
            plain, cairn = (contender.values(key) for contender in self.contenders)
            case = f"read {self.events:,} records, {what}"
            rows += [
                Row(case, self.contenders[0].name, "events/s", plain, problem=self.contenders[0].problem),
                Row(case, self.contenders[1].name, "events/s", cairn, ratio(cairn, plain), "C", "≥ 0.5",
                    self.contenders[1].problem),
            ]
        return rows

    def notes(self):
        sums = {result["sum"] for contender in self.contenders for result in contender.results}
        agree = "both read the same bytes" if len(sums) == 1 else f"THE SUMS DIFFER: {sums}"
        lines = [agree]
        for contender in self.contenders:
            if contender.results:
                best = max(result["bytes"] / min(result["passes"]) for result in contender.results)
                lines.append(f"{contender.name}: at best {best / 1e9:.2f} GB/s")
        return lines

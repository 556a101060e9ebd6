"""What bounds each figure, as profiles have shown it; the bench adds what it measures beside."""

BOUNDS = {
    "append": [
        "the disk: each commit waits for LMDB's two flushes, in every contender but SQLite, which has one",
        "of what Cairn does before a commit's records are written, three fifths are SHA-256 in two passes (the commit's "
        "id, which is sequential and comes first, then the leaves, which the writer's thread shares), a sixth checks "
        "that data and metadata are canonical JSON; with two commits under way all of it overlaps the flush",
    ],
    "appenders": [
        "one appender: the disk, one transaction with its flushes for each event",
        "64 appenders: they wait in step for one transaction, so tasks and writer take turns: half of the CPU time is "
        "in the kernel, most of it writing and syncing pages; hashing is below 5%",
    ],
    "scan": [
        "memory: Cairn copies each page of records out of LMDB before it is looked at, so that no transaction is open "
        "then (memmove, a third); the cursor is a fifth, checking a record's structure a twentieth",
        "the C cursor looks at the bytes in place and copies nothing",
    ],
    "run": [
        "CPU, and no single function of it: a quarter in the kernel (sockets, flushes), a quarter in Swift's reference "
        "counting, metadata and tasks, a sixth in malloc and memmove; read models that the pool follows are 8%, "
        "compressing blobs 3%, libcurl 2%",
        "with fewer calls in flight it is the disk: a call has three events that wait for each other",
    ],
    "rebuild": [
        "CPU, of all of it: changing rows in memory three tenths, decoding events a seventh, writing the rows by LMDB an "
        "eighth (on one core, while the other encodes those of the next read models), hashing them for both digests a "
        "ninth, encoding and sorting them a twelfth, reading the log another, removing the rows that were replaced a "
        "twentieth; a sixth of the time only one core works",
        "an event of a run changes more than one row, so that memory speed, which the C cursor shows, isn't in reach: the "
        "rows that C writes are what LMDB alone takes for the result",
    ],
    "verify": [
        "CPU, on both cores: of it deriving is three quarters (reading the bodies of answers as JSON, once for the answer "
        "and once for its score, is a quarter), the rest reading events, their causes and metadata",
    ],
    "prove": [
        "starting the process: the loader a sixth, reading the arguments a third (half of that in Swift's search for "
        "conformances to protocols), page faults of both a quarter; the proof itself, with opening the log, the key and "
        "the signature, a sixth",
    ],
    "at": [
        "folding what stands between the nearest snapshot and the position: at most one window of 32,768 events",
    ],
    "export": [
        "CPU, one core: SHA-256 of each record for its leaf hash is a fifth, copying data and metadata a tenth, writing into "
        "the pipe another tenth, times as text a twentieth; nothing is parsed",
    ],
    "query": [
        "starting the process: loading Swift's libraries and reading the arguments is what --version does; the rest opens "
        "three LMDB environments and looks at the checkpoint of each read model",
    ],
    "umadb": [
        "UmaDB pays for a process between (gRPC), Cairn is inside the caller; both wait for the disk",
    ],
    "concurrent": [
        "the latency: 1,000 calls at once of 500 ms are 2,000 a second at best; at first all end at once, and while a burst is "
        "recorded few calls are in flight; it takes some seconds until they are spread over the time",
        "1,250 jobs in hand, whose calls wait for one of the 1,000 places in flight while others' answers are recorded "
        "(`concurrency: 1250` of the run, and 1000 of the provider); with 1,000 jobs in hand it is 6 % less",
    ],
    "queue": [
        "CPU: of the worker's, the read model that it follows is a fifth, deciding leases and completions an eighth, looking "
        "at the queues a tenth; reference counts are a sixth of all of it, malloc and memmove another",
        "a start at a pace waits for two flushes, the submission's and the lease's, with a look at the queues between them",
    ],
    "queue-peers": [
        "procrastinate fetches each job by a statement of its own and writes its end by another; huey writes and deletes "
        "one row per job, each in a transaction",
    ],
    "inspect": [
        "Inspect AI: one core of Python; Cairn writes every question and answer to disk before it goes on",
    ],
}

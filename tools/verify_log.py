#!/usr/bin/env python3
"""Verifies a Cairn store, an export of one, or a bundle, a sample or a proof out of one, without any of Cairn's code.

Written from schemas/log-format.md (and Sources/Cairn/Cairn.docc/Bundles.md), RFC 6962, RFC 8032, RFC 9162 and the C2SP
documents alone. Needs Python 3.10 or later; for a store also the package `lmdb` (pip install lmdb), and for compressed blobs
the system's libzstd or Python 3.14.

    tools/verify_log.py STORE [--expect [SIZE:]ROOT] [--checkpoint FILE --key VKEY [--witness VKEY]] [--json]
    tools/verify_log.py --export FILE [the same] [--json]
    tools/verify_log.py --bundle FILE [--key VKEY] [--signed-manifest] [--witness VKEY] [--json]
    tools/verify_log.py --proof FILE --key VKEY [--from FILE] [--record FILE] [--witness VKEY] [--json]
    tools/verify_log.py --sample FILE [--key VKEY] [--witness VKEY] [--json]

A bundle is what `cairn bundle create` writes, and a sample what `cairn bundle prove-sample` writes. Both bring their keys
along: only --key says whose they are; it takes a key, or a file with one a line. --signed-manifest rejects a bundle whose
manifest isn't signed, as those of older releases. A proof is what `cairn audit prove` or `cairn audit consistency` writes;
--from is the earlier checkpoint of the latter.

Exit codes: 0 valid, 1 invalid (the first bad position is named), 2 usage, 5 it can't be read.
"""

import argparse
import base64
import bisect
import ctypes
import ctypes.util
import hashlib
import io
import json
import mmap
import os
import re
import resource
import signal
import struct
import sys
import zipfile
import zlib
from itertools import islice

VALID, INVALID, USAGE, UNREADABLE = 0, 1, 2, 5

FORMAT = 1
ENCRYPTED_FORMAT = 2  # of a store; records and blobs that are not sealed are as in format 1
SEALED_LENGTH = 1 + 16 + 12 + 1 + 16
RULES = 1
HEAD = struct.Struct("<BBHHHqQ16sHHHH")
META = struct.Struct("<HHIQQ32s")
STREAM = struct.Struct("<QQ")
KEY = struct.Struct("=Q")
MAXIMUM_RECORD = 65_535
MAXIMUM_BLOB = 268_435_456
MAXIMUM_DEPTH = 128
EARLIEST, LATEST = -62_167_219_200_000_000, 253_402_300_799_999_999
STREAM_NAME = re.compile(rb"[a-z][A-Za-z0-9]*-[A-Za-z0-9_.:-]+")
EVENT_TYPE = re.compile(rb"[a-z][A-Za-z0-9]*(\.[a-z][A-Za-z0-9]*)+")
HASH = re.compile(r"[0-9a-f]{64}")
TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{6})Z", re.ASCII)

LOG_TABLES = {
    "events": {"integerkey"},
    "streams": set(),
    "stream_events": {"integerkey", "dupsort", "dupfixed", "integerdup"},
    "tree": set(),
    "meta": set(),
}


class Invalid(Exception):
    """What is wrong, and the first position it is wrong at (None: it belongs to no event)."""

    def __init__(self, message, position=None):
        super().__init__(message)
        self.message, self.position = message, position


class Unreadable(Exception):
    """Why nothing can be said."""


def sha256(data):
    return hashlib.sha256(data).digest()


# Canonical JSON (RFC 8785)


def number_text(value):
    """ECMAScript's Number::toString, which RFC 8785 prescribes."""
    if value == 0:
        return "0"
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    sign, count = "-" if value < 0 else "", len(digits)
    if count <= point <= 21:
        return sign + digits + "0" * (point - count)
    if 0 < point <= 21:
        return sign + digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return sign + "0." + "0" * -point + digits
    fraction = "." + digits[1:] if count > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{'+' if point > 0 else '-'}{abs(point - 1)}"


def parse_json(text):
    """The value; objects' members in the order of RFC 8785, numbers as doubles. ValueError says what is wrong."""

    def members(pairs):
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("an object names a member twice")
        return dict(sorted(found.items(), key=lambda pair: pair[0].encode("utf-16-be", "surrogatepass")))

    def number(digits):
        value = float(digits)
        if value in (float("inf"), float("-inf")):
            raise ValueError(f"the number {digits[:40]} is too large")
        return value

    def constant(name):
        raise ValueError(f"{name} isn't JSON")

    depth, is_inside = 0, False
    # No match is long: the one of a whole string takes a hundred times its size.
    for token in re.finditer(r'\\.|["\[\]{}]', text, re.DOTALL):
        if token[0] == '"':
            is_inside = not is_inside
        elif not is_inside and token[0] in "[{":
            depth += 1
        elif not is_inside and token[0] in "]}":
            depth -= 1
        if depth > MAXIMUM_DEPTH:
            raise ValueError(f"values nest more than {MAXIMUM_DEPTH} deep")
    return json.loads(
        text, object_pairs_hook=members, parse_int=number, parse_float=number, parse_constant=constant)


def canonical_text(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return "[" + ",".join(map(canonical_text, value)) + "]"
    pairs = (json.dumps(key, ensure_ascii=False) + ":" + canonical_text(member) for key, member in value.items())
    return "{" + ",".join(pairs) + "}"


def canonical_bytes(value):
    try:
        return canonical_text(value).encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("a string has half of a surrogate pair") from None


def canonical_object(data):
    """The object that the bytes are the canonical form of."""
    value = parse_json(data.decode("utf-8"))
    if not isinstance(value, dict):
        raise ValueError("it isn't an object")
    if canonical_bytes(value) != data:
        raise ValueError("it isn't in canonical form")
    return value


def is_integer(value, least=0):
    return isinstance(value, float) and value == int(value) and value >= least


def erased_blobs(kind, data):
    """The blobs that an event says are erased, each with the position that all events which name it stand before."""
    blobs, before = data.get("blobs"), data.get("before")
    if kind != b"blob.erased" or not isinstance(blobs, list) or not isinstance(before, (int, float)):
        return []
    return [(bytes.fromhex(name), int(before)) for name in blobs if isinstance(name, str) and HASH.fullmatch(name)]


def checked_metadata(value):
    """The hashes of the blobs and the positions that the cause names. ValueError says what is wrong."""
    if not value.keys() <= {"cause", "job", "run", "worker"}:
        raise ValueError("it has a field that the format doesn't know")
    for name in ("job", "run", "worker"):
        if not isinstance(value.get(name, ""), str):
            raise ValueError(f"{name} isn't a string")
    if "cause" not in value:
        return [], []
    cause = value["cause"]
    if not isinstance(cause, dict) or not cause or not cause.keys() <= {"blobs", "function", "positions"}:
        raise ValueError("cause has to be an object of blobs, function and positions, with at least one of them")
    if "function" in cause:
        function = cause["function"]
        well_formed = isinstance(function, dict) and function.keys() == {"name", "version"}
        if not well_formed or not isinstance(function["name"], str) or not is_integer(function["version"], -2**53):
            raise ValueError("cause.function has to be a name and a version")
    blobs, positions = cause.get("blobs", []), cause.get("positions", [])
    if [] in (cause.get("blobs"), cause.get("positions")):
        raise ValueError("cause has an array that is empty and not absent")
    if not isinstance(blobs, list) or not all(isinstance(name, str) and HASH.fullmatch(name) for name in blobs):
        raise ValueError("cause.blobs has to be an array of SHA-256 in hexadecimal")
    if not isinstance(positions, list) or not all(map(is_integer, positions)):
        raise ValueError("cause.positions has to be an array of positions")
    return [bytes.fromhex(name) for name in blobs], [int(position) for position in positions]


# Records


class Record:
    """One event's bytes, taken apart and checked on their own."""

    def __init__(self, data, position):
        self.data, self.position = data, position
        if len(data) < HEAD.size:
            raise self.wrong(f"the record has {len(data)} bytes, fewer than its head")
        (format, flags, self.version, self.index, self.count, self.time, self.revision, self.commit, *lengths) = (
            HEAD.unpack_from(data))
        if format > FORMAT:
            raise Unreadable(f"the format of the record {position} is {format}, known is {FORMAT}")
        if format != FORMAT:
            raise self.wrong(f"the record's format is {format}, known is {FORMAT}")
        if flags != 0:
            raise self.wrong(f"the record's flags are {flags}, not 0")
        if len(data) != HEAD.size + sum(lengths):
            raise self.wrong(f"the record has {len(data)} bytes, its lengths say {HEAD.size + sum(lengths)}")
        if len(data) > MAXIMUM_RECORD:
            raise self.wrong(f"the record has {len(data)} bytes, more than {MAXIMUM_RECORD}")
        parts, start = [], HEAD.size
        for length in lengths:
            parts.append(data[start:start + length])
            start += length
        self.stream, self.type, self.payload, self.metadata = parts
        if not STREAM_NAME.fullmatch(self.stream) or len(self.stream) > 200:
            raise self.wrong("the stream's name isn't one")
        if not EVENT_TYPE.fullmatch(self.type) or len(self.type) > 100:
            raise self.wrong("the type's name isn't one")
        if not EARLIEST <= self.time <= LATEST:
            raise self.wrong("the time is outside of the years 0000 to 9999")
        if self.version < 1:
            raise self.wrong("the schema version is 0")
        if self.index >= self.count:
            raise self.wrong(f"it is event {self.index} of a commit of {self.count}")
        self.content, self.about = self.value("data", self.payload), self.value("metadata", self.metadata)
        self.erased = erased_blobs(self.type, self.content)
        try:
            self.blobs, causes = checked_metadata(self.about)
        except ValueError as error:
            raise self.wrong(f"metadata: {error}") from None
        for cause in causes:
            if cause >= position:
                raise self.wrong(f"metadata: it has the cause {cause}, which isn't earlier")

    def value(self, name, data):
        try:
            return canonical_object(data)
        except (ValueError, RecursionError) as error:
            raise self.wrong(f"{name}: {error}") from None

    def wrong(self, message):
        return Invalid(message, self.position)

    def without_commit(self, expects_any):
        revision = b"\0" * 8 if expects_any else self.data[16:24]
        return self.data[:16] + revision + b"\0" * 16 + self.data[40:]

    @property
    def leaf(self):
        return sha256(b"\0" + self.data)


def commit_ids(records):
    for expects_any in (False, True):
        body = b"".join(b"\0" + record.without_commit(expects_any) for record in records)
        yield sha256(bytes([2, 0 if expects_any else 1]) + body)[:16]


class History:
    """What the events before one say about it: revisions, commits, and the head so far."""

    def __init__(self, expected):
        self.expected, self.roots_then = expected, {}
        self.size, self.pending, self.peaks, self.streams, self.commits = 0, [], [], {}, 0

    def add(self, record):
        if record.position != self.size:
            raise Invalid(f"the next event is {record.position}: this one is missing", self.size)
        positions = self.streams.setdefault(record.stream, [])
        if record.revision != len(positions):
            raise record.wrong(f"its revision is {record.revision}, the stream's next is {len(positions)}")
        positions.append(record.position)
        self.add_to_commit(record)
        self.note_head()
        self.size += 1
        node, level = record.leaf, 0
        while self.peaks and self.peaks[-1][0] == level:
            node, level = sha256(b"\1" + self.peaks.pop()[1] + node), level + 1
        self.peaks.append((level, node))

    def add_to_commit(self, record):
        if record.index != len(self.pending):
            raise record.wrong(f"it has index {record.index} in its commit, {len(self.pending)} is due")
        self.pending.append(record)
        first = self.pending[0]
        same = ("stream", "commit", "count")
        if any(getattr(record, name) != getattr(first, name) for name in same):
            raise record.wrong("the commit that began before it isn't whole")
        if len(self.pending) == record.count:
            if record.commit not in commit_ids(self.pending):
                raise first.wrong("the commit's id isn't the hash of its events")
            self.pending, self.commits = [], self.commits + 1

    def note_head(self):
        if any(size == self.size for size, _ in self.expected):
            self.roots_then[self.size] = self.root

    def finish(self):
        if self.pending:
            raise self.pending[0].wrong("the log ends in the middle of the commit that begins here")
        self.note_head()

    def compare(self):
        for size, root in self.expected:
            then = self.root if size is None else self.roots_then.get(size)
            if then is None:
                raise Invalid(f"{size} events were expected, there are {self.size}: the end is missing", self.size)
            if then != root:
                raise Invalid(f"the expected head is {root.hex()}, this history has {then.hex()}")

    @property
    def root(self):
        if not self.peaks:
            return sha256(b"")
        root = self.peaks[-1][1]
        for _, peak in reversed(self.peaks[:-1]):
            root = sha256(b"\1" + peak + root)
        return root


# Stores


class Tiles:
    """The stored hashes, compared with the ones computed."""

    def __init__(self, transaction, table, size):
        self.transaction, self.table, self.size = transaction, table, size
        self.counts, self.open, self.stored = [], [], []

    def level_size(self, level):
        return self.size // 256**level

    def add(self, hash, position, level=0):
        if level == len(self.counts):
            self.counts.append(0)
            self.open.append([])
            self.stored.append(b"")
        place = self.counts[level] % 256
        if place == 0:
            self.stored[level] = self.tile(level, self.counts[level] // 256, position)
        if self.stored[level][32 * place:32 * place + 32] != hash:
            what = "the record isn't the one in the tree" if level == 0 else (
                f"hash {self.counts[level]} of the tree's level {level} isn't that of its tile")
            raise Invalid(what, position)
        self.counts[level] += 1
        self.open[level].append(hash)
        if place == 255:
            nodes, self.open[level] = self.open[level], []
            while len(nodes) > 1:
                nodes = [sha256(b"\1" + nodes[i] + nodes[i + 1]) for i in range(0, len(nodes), 2)]
            self.add(nodes[0], position, level + 1)

    def tile(self, level, number, position):
        stored = self.transaction.get(bytes([level]) + number.to_bytes(8, "big"), db=self.table)
        due = 32 * min(256, self.level_size(level) - 256 * number)
        if stored is None or len(stored) != due:
            found = "is missing" if stored is None else f"has {len(stored)} bytes, {due} are due"
            raise Invalid(f"tile {number} of the tree's level {level} {found}", position)
        return bytes(stored)

    def finish(self):
        due = sum(-(-self.level_size(level) // 256) for level in range(len(self.counts)))
        found = self.transaction.stat(self.table)["entries"]
        if found != due:
            raise Invalid(f"the tree has {found} tiles, {due} are due")


class Zstandard:
    """One frame's content, from Python's own module or the system's library; None when there is neither."""

    def __init__(self):
        try:
            from compression import zstd
            self.module, self.library = zstd, None
        except ImportError:
            name = ctypes.util.find_library("zstd")
            self.module, self.library = None, ctypes.CDLL(name) if name else None
        if self.library:
            for function in ("ZSTD_getFrameContentSize", "ZSTD_findFrameCompressedSize", "ZSTD_decompress"):
                getattr(self.library, function).restype = ctypes.c_size_t
            self.library.ZSTD_getFrameContentSize.restype = ctypes.c_uint64

    @property
    def is_available(self):
        return bool(self.module or self.library)

    def content(self, frame):
        if self.module:
            try:
                return self.module.decompress(frame)
            except self.module.ZstdError as error:
                raise ValueError(f"its frame is damaged: {error}") from None
        library, length = self.library, ctypes.c_size_t(len(frame))
        size = library.ZSTD_getFrameContentSize(frame, length)
        if size > MAXIMUM_BLOB:
            raise ValueError("its frame doesn't say how large the blob is, or too much")
        if library.ZSTD_findFrameCompressedSize(frame, length) != len(frame):
            raise ValueError("it isn't one Zstandard frame")
        content = ctypes.create_string_buffer(max(size, 1))
        if library.ZSTD_decompress(content, ctypes.c_size_t(size), frame, length) != size:
            raise ValueError("its frame is damaged")
        return content.raw[:size]


class Blobs:
    """The blobs of a store."""

    def __init__(self, transaction, table):
        self.transaction, self.table = transaction, table
        self.zstandard, self.count, self.unchecked, self.sealed = Zstandard(), 0, 0, 0

    def faults(self, named):
        """What is wrong, by hash: with the blobs that are there, and with those that causes name and nobody erased."""
        faults, last = {}, b""
        for key, value in self.transaction.cursor(self.table):
            key = bytes(key)
            if len(key) != 32 or key <= last:
                raise Invalid(f"the blobs have the key {key[:40].hex()} after {last.hex()}")
            last = key
            self.count += 1
            if fault := self.fault_in(value, key):
                faults[key] = fault
            named.pop(key, None)
        return faults | {key: "isn't in the store" for key in named}

    def fault_in(self, value, hash):
        if len(value) == 0 or value[0] > 2 or (value[0] == 2 and len(value) < SEALED_LENGTH):
            return "is stored in an unknown way"
        if value[0] == 2:  # sealed with a key that a verifier needs not have
            self.unchecked += 1
            self.sealed += 1
            return None
        if value[0] == 1 and not self.zstandard.is_available:
            self.unchecked += 1
            return None
        if len(value) > MAXIMUM_BLOB + 1:
            return "is too large"
        try:
            content = value[1:] if value[0] == 0 else self.zstandard.content(bytes(value[1:]))
        except ValueError as error:
            return f"can't be read: {error}"
        return None if sha256(content) == hash else "has other bytes than its hash says"


class Environment:
    """An LMDB environment, open for reading."""

    def __init__(self, lmdb, path, tables):
        if not os.path.isfile(os.path.join(path, "data.mdb")):
            raise Unreadable(f"{path}/data.mdb is missing")
        lock = os.access(os.path.join(path, "lock.mdb"), os.W_OK)
        self.environment = lmdb.open(
            path, readonly=True, lock=lock, create=False, max_dbs=len(tables) + 1, subdir=True, readahead=True)
        self.tables = {}
        for name, flags in tables.items():
            try:
                table = self.environment.open_db(name.encode(), create=False)
            except lmdb.NotFoundError:
                raise Invalid(f"the table {name} is missing") from None
            self.tables[name] = table
        self.transaction = self.environment.begin(buffers=True)
        for name, flags in tables.items():
            found = {flag for flag, is_set in self.tables[name].flags(self.transaction).items() if is_set}
            if found != flags:
                raise Invalid(f"the table {name} has the flags {sorted(found)}, not {sorted(flags)}")


def check_description(store):
    path = os.path.join(store, "store.json")
    try:
        with open(path, "rb") as file:
            data = file.read(65_536)
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None
    try:
        value = canonical_object(data.removesuffix(b"\n"))
    except (ValueError, RecursionError) as error:
        raise Invalid(f"store.json: {error}") from None
    if is_integer(value.get("format")) and value["format"] > ENCRYPTED_FORMAT:
        raise Unreadable(f"{path}: the format is {value['format']:.0f}, known is {ENCRYPTED_FORMAT}")
    well_formed = (
        data.endswith(b"\n") and value.keys() == {"created", "format", "id"} and value["format"] in (FORMAT, ENCRYPTED_FORMAT)
        and isinstance(value["created"], str) and TIME.fullmatch(value["created"])
        and isinstance(value["id"], str) and re.fullmatch("[0-9a-f]{32}", value["id"]))
    if not well_formed:
        raise Invalid("store.json isn't one object of created, format and id, and a line feed")


def read_meta(transaction, table):
    entries = [(bytes(key), bytes(value[:64])) for key, value in islice(transaction.cursor(table), 2)]
    if [key for key, _ in entries] != [b"state"] or len(entries[0][1]) != META.size:
        raise Invalid("meta hasn't exactly one entry, state, of 56 bytes")
    format, rules, zero, size, next_stream, root = META.unpack(entries[0][1])
    if format > FORMAT or rules > RULES:
        raise Unreadable(f"the log has format {format} and rules {rules}, known are {FORMAT} and {RULES}")
    if (format, rules, zero) != (FORMAT, RULES, 0):
        raise Invalid(f"meta has format {format}, rules {rules} and {zero}, due are {FORMAT}, {RULES} and 0")
    return size, next_stream, root


def records_of(transaction, table, size):
    """The records' bytes in order; each position has to be there, and no other."""
    position = 0
    for key, value in transaction.cursor(table):
        found = KEY.unpack(key)[0] if len(key) == 8 else None
        if position == size or found != position:
            is_missing = position < size and (found is None or found > position)
            surplus = f"there is an event under the key {bytes(key[:40]).hex()}"
            raise Invalid("the event is missing" if is_missing else surplus, position)
        if len(value) > MAXIMUM_RECORD:
            raise Invalid(f"the record has {len(value)} bytes, more than {MAXIMUM_RECORD}", position)
        yield position, bytes(value)
        position += 1
    if position < size:
        raise Invalid("the event is missing", position)


def check_streams(log, streams, next_stream):
    """The two tables that can be made again from the events."""
    transaction, numbers, last = log.transaction, {}, b""
    for key, value in transaction.cursor(log.tables["streams"]):
        name = bytes(key)
        shown = name[:200].decode("utf-8", "replace")
        if name not in streams or name <= last:
            raise Invalid(f"the table streams has {shown}, which has no events")
        if len(value) != STREAM.size:
            raise Invalid(f"the table streams has {len(value)} bytes for {shown}, not {STREAM.size}")
        last, (number, revision) = name, STREAM.unpack(value)
        if revision != len(streams[name]) - 1:
            message = f"the table streams gives {shown} the last revision {revision}, not {len(streams[name]) - 1}"
            raise Invalid(message, streams[name][-1])
        if number in numbers or number >= next_stream:
            raise Invalid(f"the table streams gives {shown} the number {number}, which isn't its own", streams[name][0])
        numbers[number] = name
    for name, positions in streams.items():
        if len(numbers) < len(streams) and name not in set(numbers.values()):
            raise Invalid(f"the table streams hasn't {name.decode()}", positions[0])
    in_order = [numbers.get(number) for number in range(len(streams))]
    for due, found in zip(streams, in_order, strict=True):
        if due != found:
            raise Invalid(f"{due.decode()} hasn't the number of its first event", streams[due][0])
    if next_stream != len(streams):
        raise Invalid(f"meta's next stream is {next_stream}, there are {len(streams)}")
    check_stream_events(transaction, log.tables["stream_events"], list(streams.items()))


def check_stream_events(transaction, table, streams):
    due = ((number, name, position) for number, (name, positions) in enumerate(streams) for position in positions)
    for key, value in transaction.cursor(table):
        number, name, position = next(due, (None, None, None))
        if number is None:
            raise Invalid("the table stream_events has more than the log's events")
        if len(key) != 8 or len(value) != 8 or (KEY.unpack(key)[0], KEY.unpack(value)[0]) != (number, position):
            raise Invalid(f"the table stream_events hasn't it in its place in {name.decode()}", position)
    for _, name, position in due:
        raise Invalid(f"the table stream_events hasn't it in {name.decode()}", position)


def verify_store(store, expected, progress):
    import lmdb

    check_description(store)
    log = Environment(lmdb, os.path.join(store, "log"), LOG_TABLES)
    size, next_stream, root = read_meta(log.transaction, log.tables["meta"])
    history, tiles, named = History(expected), Tiles(log.transaction, log.tables["tree"], size), {}
    for position, data in records_of(log.transaction, log.tables["events"], size):
        tiles.add(sha256(b"\0" + data), position)
        record = Record(data, position)
        history.add(record)
        named.update((blob, position) for blob in record.blobs)
        for blob, before in record.erased:
            if blob in named and named[blob] < before:
                del named[blob]
        progress(history.size)
    history.finish()
    tiles.finish()
    if history.root != root:
        raise Invalid(f"meta's root is {root.hex()}, the events have {history.root.hex()}")
    check_streams(log, history.streams, next_stream)
    blobs = check_blobs(lmdb, store, log, size, named)
    history.compare()
    return report_on(history) | {
        "blobs": blobs.count, "sealedBlobs": blobs.sealed, "uncheckedBlobs": blobs.unchecked}


def check_blobs(lmdb, store, log, size, named):
    environment = Environment(lmdb, os.path.join(store, "blobs"), {"blobs": set()})
    blobs = Blobs(environment.transaction, environment.tables["blobs"])
    faults = blobs.faults(named)
    if not faults:
        return blobs
    texts = re.compile(b"|".join(hash.hex().encode() for hash in sorted(faults)))
    for position, data in records_of(log.transaction, log.tables["events"], size):
        if match := texts.search(data, HEAD.size):
            name = match.group().decode()
            raise Invalid(f"the blob {name} that it names {faults[bytes.fromhex(name)]}", position)
    hash = min(faults)
    raise Invalid(f"the blob {hash.hex()} {faults[hash]}")


# Exports


LINE = {"commit", "data", "leaf", "metadata", "position", "revision", "stream", "time", "type", "version"}


def microseconds(text):
    """Of a time in RFC 3339 with six decimals, in UTC."""
    match = TIME.fullmatch(text)
    if not match:
        raise ValueError(f"the time {text[:40]} isn't RFC 3339 with six decimals, in UTC")
    year, month, day, hour, minute, second, fraction = map(int, match.groups())
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    lengths = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    if not 1 <= month <= 12 or not 1 <= day <= lengths[month - 1] or hour > 23 or minute > 59 or second > 59:
        raise ValueError(f"there is no time {text}")
    # Days in the proleptic Gregorian calendar, from March so that the leap day is the year's last.
    shifted = year - (month <= 2)
    days = 365 * shifted + shifted // 4 - shifted // 100 + shifted // 400 + (153 * ((month + 9) % 12) + 2) // 5 + day
    seconds = (days - 719_469) * 86_400 + hour * 3600 + minute * 60 + second
    return seconds * 1_000_000 + fraction


def whole(value, most):
    if not is_integer(value) or value > most:
        raise ValueError(f"{canonical_text(value)[:40]} isn't an integer from 0 to {most}")
    return int(value)


def text_bytes(value):
    if not isinstance(value, str):
        raise ValueError(f"{canonical_text(value)[:40]} isn't a string")
    return value.encode("utf-8")


def record_from(line):
    """The record's bytes, the position and the leaf hash that the line states. ValueError says what is wrong."""
    if not isinstance(line, dict) or line.keys() - {"blobs"} != LINE:
        raise ValueError(f"a line has to have {', '.join(sorted(LINE))}, and may have blobs")
    commit, leaf = line["commit"], line["leaf"]
    if not isinstance(commit, dict) or commit.keys() != {"count", "id", "index"}:
        raise ValueError("commit has to have count, id and index")
    if not re.fullmatch(b"[0-9a-f]{32}", text_bytes(commit["id"])) or not HASH.fullmatch(text_bytes(leaf).decode()):
        raise ValueError("commit.id or leaf isn't hexadecimal of its length")
    texts = [text_bytes(line["stream"]), text_bytes(line["type"])]
    texts += [canonical_bytes(line["data"]), canonical_bytes(line["metadata"])]
    if any(len(text) > MAXIMUM_RECORD for text in texts):
        raise ValueError("the record is too long")
    head = HEAD.pack(
        FORMAT, 0, whole(line["version"], 65_535), whole(commit["index"], 65_535), whole(commit["count"], 65_535),
        microseconds(text_bytes(line["time"]).decode()), whole(line["revision"], 2**53 - 1),
        bytes.fromhex(commit["id"]), *map(len, texts))
    return head + b"".join(texts), whole(line["position"], 2**53 - 1), bytes.fromhex(leaf)


def check_inline(blobs):
    """The number of blobs in a line that are there. ValueError says what is wrong."""
    if not isinstance(blobs, dict):
        raise ValueError("blobs isn't an object")
    count = 0
    for name, blob in blobs.items():
        match blob:
            case {"text": str(text), **rest} if not rest:
                content = text.encode("utf-8")
            case {"base64": str(text), **rest} if not rest:
                content = base64.b64decode(text, validate=True)
            case ({"missing": True, **rest} | {"erased": True, **rest} | {"sealed": True, **rest}) if not rest:
                continue
            case _:
                raise ValueError(f"the blob {name[:64]} is neither text nor base64, nor erased, sealed or missing")
        if hashlib.sha256(content).hexdigest() != name:
            raise ValueError(f"the blob {name[:64]} has other bytes than its hash says")
        count += 1
    return count


def exported_records(file):
    """Each record of an export with its blobs' number; positions have to ascend."""
    last = -1
    for number, text in enumerate(file, 1):
        try:
            if not text.endswith(b"\n"):
                raise ValueError("the line doesn't end: the file was cut short")
            line = parse_json(text.decode("utf-8"))
            data, position, leaf = record_from(line)
        except (ValueError, RecursionError, struct.error) as error:
            raise Invalid(f"line {number}: {error}", last + 1) from None
        if position <= last:
            raise Invalid(f"line {number}: its position is {position}, after {last}", position)
        record, last = Record(data, position), position
        if record.leaf != leaf:
            raise record.wrong("the line's leaf isn't the hash of its record")
        try:
            yield record, check_inline(line.get("blobs", {}))
        except ValueError as error:
            raise record.wrong(str(error)) from None


def verify_export(path, expected, progress):
    history, blobs, lines, is_whole = History(expected), 0, 0, True
    try:
        file = open(path, "rb")
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None
    with file:
        for record, count in exported_records(file):
            is_whole = is_whole and record.position == lines
            lines, blobs = lines + 1, blobs + count
            if is_whole:
                history.add(record)
            progress(record.position + 1)
    if not is_whole:
        if expected:
            raise Invalid("the export hasn't all events, so that there is no head to compare", history.size)
        return {"blobs": blobs, "events": lines, "valid": True, "whole": False}
    history.finish()
    history.compare()
    return report_on(history) | {"blobs": blobs, "whole": True}


# Ed25519 (RFC 8032), verifying alone


FIELD = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
CURVE = -121665 * pow(121666, -1, FIELD) % FIELD


def curve_add(p, q):
    """Of points in extended coordinates: x = X/Z, y = Y/Z, x·y = T/Z (RFC 8032 §5.1.4)."""
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % FIELD, (p[1] + p[0]) * (q[1] + q[0]) % FIELD
    c, d = 2 * p[3] * q[3] * CURVE % FIELD, 2 * p[2] * q[2] % FIELD
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % FIELD, g * h % FIELD, f * g % FIELD, e * h % FIELD


def curve_times(factor, point):
    product = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            product = curve_add(product, point)
        point, factor = curve_add(point, point), factor >> 1
    return product


def curve_point(data):
    """The point that 32 bytes encode; None for bytes that encode none (RFC 8032 §5.1.3)."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= FIELD:
        return None
    square = (y * y - 1) * pow(CURVE * y * y + 1, -1, FIELD) % FIELD
    x = pow(square, (FIELD + 3) // 8, FIELD)
    if (x * x - square) % FIELD:
        x = x * pow(2, (FIELD - 1) // 4, FIELD) % FIELD
    if (x * x - square) % FIELD or (x == 0 and sign):
        return None
    x = FIELD - x if x & 1 != sign else x
    return x, y, 1, x * y % FIELD


BASE = curve_point((4 * pow(5, -1, FIELD) % FIELD).to_bytes(32, "little"))


def is_signed(public_key, message, signature):
    """RFC 8032 §5.1.7."""
    key, point = curve_point(public_key), curve_point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or key is None or point is None or scalar >= ORDER:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % ORDER
    left, right = curve_times(scalar, BASE), curve_add(point, curve_times(challenge, key))
    same = [(left[place] * right[2] - right[place] * left[2]) % FIELD for place in (0, 1)]
    return same == [0, 0]


# Keys, checkpoints (C2SP signed-note, tlog-checkpoint, tlog-cosignature)


NOTE, COSIGNATURE = 1, 4


def from_base64(text):
    """The bytes; ValueError for anything but RFC 4648 section 4 with padding."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError(f"{text[:40]} isn't base64 as it should be written")
    return data


def plain_number(text):
    if not re.fullmatch(r"0|[1-9][0-9]{0,19}", text) or int(text) >= 2**64:
        raise ValueError(f"{text[:40]} isn't a number without leading zeroes")
    return int(text)


def is_key_name(text):
    return bool(text) and "+" not in text and not any(letter.isspace() or letter < " " for letter in text)


class Key:
    """A public key: <name>+<id>+<base64 of its type and its bytes>."""

    def __init__(self, text):
        parts = text.split("+", 2)
        if len(parts) != 3 or not is_key_name(parts[0]):
            raise ValueError(f"{text[:60]} isn't a key, NAME+ID+BASE64")
        material = from_base64(parts[2])
        self.name, self.text, self.bytes = parts[0], text, material[1:]
        if material[:1] not in (b"\1", b"\4") or len(material) != 33:
            raise ValueError(f"{text[:60]} isn't an Ed25519 key")
        if self.id(material[0]).hex() != parts[1]:
            raise ValueError(f"{text[:60]} hasn't the id that it should have")

    def id(self, kind):
        return sha256(self.name.encode() + b"\n" + bytes([kind]) + self.bytes)[:4]


class Note:
    """Lines of text, and the signatures under them; Invalid for bytes that are none."""

    def __init__(self, data, what):
        self.what = what
        try:
            self.read(data)
        except ValueError as error:
            raise Invalid(f"{what}: {error}") from None

    def read(self, data):
        text = data.decode("utf-8")
        if any(letter < " " and letter != "\n" for letter in text) or not text.endswith("\n"):
            raise ValueError("it has control characters, or doesn't end with a line feed")
        body, separator, signatures = text.rpartition("\n\n")
        self.body, self.lines = body + "\n", (body + "\n").splitlines()
        if not separator or "" in self.lines or self.body != "\n".join(self.lines) + "\n":
            raise ValueError("it hasn't lines of text, an empty line, and signatures")
        self.signatures = []
        for line in signatures[:-1].split("\n"):
            match = re.fullmatch(r"\u2014 (\S+) (\S+)", line)
            if not match or not is_key_name(match[1]):
                raise ValueError(f"{line[:60]} isn't a signature line")
            self.signatures.append((match[1], from_base64(match[2])))
            if len(self.signatures[-1][1]) < 5:
                raise ValueError(f"{line[:60]} has no signature")

    def signed_by(self, key, kind):
        """Whether a key has signed it, and when (cosignatures alone say that); Invalid for a signature that is false."""
        found, latest = False, None
        for name, data in self.signatures:
            if name != key.name or data[:4] != key.id(kind):
                continue
            message, signature = self.body.encode(), data[4:]
            if kind == COSIGNATURE:
                time, signature = int.from_bytes(signature[:8], "big"), signature[8:]
                message = f"cosignature/v1\ntime {time}\n{self.body}".encode()
                latest = max(latest or 0, time)
            if not is_signed(key.bytes, message, signature):
                raise Invalid(f"{self.what} has a signature that isn't by {key.text}")
            found = True
        return found, latest


class Checkpoint(Note):
    """A head of a log, and the signatures under it."""

    def __init__(self, data):
        super().__init__(data, "the checkpoint")

    def read(self, data):
        super().read(data)
        if len(self.lines) < 3:
            raise ValueError("it hasn't an origin, a size and a root")
        self.origin, self.size, self.root = self.lines[0], plain_number(self.lines[1]), from_base64(self.lines[2])
        if len(self.root) != 32:
            raise ValueError("its root isn't 32 bytes")


def vouching(checkpoint, keys, witnesses):
    """Who has signed a checkpoint, of those that are trusted; Invalid if none of the keys has."""
    report = {"origin": checkpoint.origin}
    if keys:
        signers = [key for key in keys if checkpoint.signed_by(key, NOTE)[0]]
        if not signers:
            raise Invalid(f"the checkpoint isn't signed by {', '.join(key.text for key in keys)}")
        report["signedBy"] = signers[0].text
        is_timed, time = checkpoint.signed_by(signers[0], COSIGNATURE)
        if is_timed:
            report["signedAt"] = time
    if witnesses:
        report["witnesses"] = [key.text for key in witnesses if checkpoint.signed_by(key, COSIGNATURE)[0]]
        report["witnessesKnown"] = len(witnesses)
    return report


# Proofs (RFC 6962 section 2.1, RFC 9162 sections 2.1.3.2 and 2.1.4.2; C2SP tlog-proof and tlog-witness)


def inclusion_root(index, size, leaf, path):
    """The root that the path leads to; None if no tree of this size has such a path."""
    if index >= size:
        return None
    place, last, root = index, size - 1, leaf
    for node in path:
        if last == 0:
            return None
        if place & 1 or place == last:
            root = sha256(b"\1" + node + root)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            root = sha256(b"\1" + root + node)
        place, last = place >> 1, last >> 1
    return root if last == 0 else None


def has_grown(first, first_root, second, second_root, path):
    """Whether the second head has grown from the first."""
    if first == second:
        return not path and first_root == second_root
    if first == 0:
        return not path and first_root == sha256(b"")
    if first > second:
        return False
    path = list(path) if first & (first - 1) else [first_root, *path]
    if not path:
        return False
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for node in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = sha256(b"\1" + node + old), sha256(b"\1" + node + new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = sha256(b"\1" + new + node)
        place, last = place >> 1, last >> 1
    return last == 0 and (old, new) == (first_root, second_root)


def split_proof(data):
    """The lines before the empty one, and the checkpoint behind it."""
    head, separator, rest = data.partition(b"\n\n")
    if not separator:
        raise Invalid("the proof has no empty line before its checkpoint")
    return head.decode("utf-8", "replace").split("\n"), Checkpoint(rest)


def verify_proof(path, record, earlier, keys, witnesses):
    data = read_file(path)
    lines, checkpoint = split_proof(data)
    report = {"events": checkpoint.size, "head": checkpoint.root.hex(), "valid": True}
    try:
        if lines[0] == "c2sp.org/tlog-proof@v1":
            report |= check_inclusion(lines[1:], checkpoint, record)
        elif lines[0].startswith("old "):
            report |= check_growth(lines, checkpoint, earlier)
        else:
            raise Invalid("the file is neither a tlog-proof nor a witness's request")
    except ValueError as error:
        raise Invalid(f"the proof: {error}") from None
    return report | vouching(checkpoint, keys, witnesses)


def check_inclusion(lines, checkpoint, record):
    if lines and lines[0].startswith("extra "):
        extra = from_base64(lines.pop(0).removeprefix("extra "))
        if record is not None and record != extra:
            raise Invalid("the proof is of another record")
        record = extra
    if record is None:
        raise Invalid("the proof hasn't its record, and --record gives none")
    if not lines or not lines[0].startswith("index "):
        raise ValueError("it has no line `index NUMBER`")
    index = plain_number(lines[0].removeprefix("index "))
    path = [from_base64(line) for line in lines[1:]]
    if any(len(node) != 32 for node in path):
        raise ValueError("a hash isn't 32 bytes")
    leaf = sha256(b"\0" + record)
    if inclusion_root(index, checkpoint.size, leaf, path) != checkpoint.root:
        raise Invalid("the hashes don't lead from the record to the root", index)
    event = Record(record, index)
    names = {"stream": event.stream.decode(), "type": event.type.decode()}
    return {"leaf": leaf.hex(), "position": index} | names


def check_growth(lines, checkpoint, earlier):
    size = plain_number(lines[0].removeprefix("old "))
    path = [from_base64(line) for line in lines[1:]]
    if any(len(node) != 32 for node in path):
        raise ValueError("a hash isn't 32 bytes")
    if earlier is None and size > 0:
        raise Invalid("--from is missing: the earlier checkpoint")
    first = (earlier.size, earlier.root) if earlier else (0, sha256(b""))
    if earlier and earlier.origin != checkpoint.origin:
        raise Invalid(f"the earlier checkpoint is of {earlier.origin}")
    if size != first[0] or not has_grown(*first, checkpoint.size, checkpoint.root, path):
        raise Invalid(f"the head of {checkpoint.size} events hasn't grown from the earlier one of {first[0]}")
    return {"from": size}


# Archives: every byte of one belongs to a file in it, as nothing vouches for other bytes


END_OF_ARCHIVE = struct.Struct("<4s16xH")
LOCAL_HEADER = struct.Struct("<26xHH")
HAS_DESCRIPTOR, DESCRIPTOR_FORMS = 8, ("<III", "<IQQ")
# What programs that pack anew add to a file: 64-bit sizes, times (Info-ZIP's and NTFS's) and owners, with their lengths.
EXTRAS = {1: (8, 28), 0x5455: (1, 13), 0x000A: (32, 32), 0x5855: (8, 12), 0x7855: (0, 4), 0x7875: (3, 19)}
PIECE = 1 << 20


def opened_archive(path):
    """The archive; Invalid for one that has anything but files, which the limits allow, one behind the other."""
    try:
        file = open(path, "rb")
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None
    try:
        archive = zipfile.ZipFile(file)
        check_layout(file, archive)
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or error}") from None
    except (zipfile.BadZipFile, struct.error, ValueError, NotImplementedError) as error:
        raise Invalid(f"it is no ZIP archive: {error}") from None
    return archive


def names_of(archive):
    """The names of its files: a program that packs anew lists their directories, too."""
    return [name for name in archive.namelist() if not name.endswith("/")]


def is_known_extra(data):
    """Whether an extra field has nothing but what a program that packs adds of its own."""
    while len(data) >= 4:
        kind, size = struct.unpack_from("<HH", data)
        least, most = EXTRAS.get(kind, (1, 0))
        if not least <= size <= most or len(data) < 4 + size:
            return False
        data = data[4 + size:]
    return not data


def follow_data(entry):
    """What may stand behind an entry's data: nothing, or its checksum and sizes, with a mark in front or without."""
    if not entry.flag_bits & HAS_DESCRIPTOR:
        return [b""]
    numbers = entry.CRC, entry.compress_size, entry.file_size
    forms = [struct.pack(form, *numbers) for form in DESCRIPTOR_FORMS if form == "<IQQ" or max(numbers) < 1 << 32]
    return [mark + form for form in forms for mark in (b"", b"PK\7\x08")]


def check_layout(file, archive):
    file.seek(-END_OF_ARCHIVE.size, os.SEEK_END)
    signature, comment = END_OF_ARCHIVE.unpack(file.read())
    entries = sorted(archive.infolist(), key=lambda entry: entry.header_offset)
    if signature != b"PK\5\6" or comment or any(entry.comment for entry in entries):
        raise Invalid("it has a comment, or bytes behind the end of the archive, and nothing vouches for these")
    place = 0
    for entry, end in zip(entries, [entry.header_offset for entry in entries[1:]] + [archive.start_dir]):
        name = entry.filename
        if name.endswith("/") and (entry.file_size or entry.compress_size):
            raise Invalid(f"there are bytes in the directory {name}, and nothing vouches for them")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Invalid(f"{name} is packed otherwise than by DEFLATE")
        if entry.file_size > MAXIMUM_BLOB:
            raise Invalid(f"{name} has {entry.file_size} bytes, more than {MAXIMUM_BLOB}")
        if entry.header_offset != place:
            raise Invalid(f"there are bytes before {name}, and nothing vouches for them")
        file.seek(place)
        name_length, extra_length = LOCAL_HEADER.unpack(file.read(30))
        file.seek(name_length, os.SEEK_CUR)
        if not is_known_extra(file.read(extra_length)) or not is_known_extra(entry.extra):
            raise Invalid(f"{name} has an unknown extra field, and nothing vouches for it")
        place += 30 + name_length + extra_length + entry.compress_size
        file.seek(place)
        if not 0 <= end - place <= 24 or file.read(end - place) not in follow_data(entry):
            raise Invalid(f"there are bytes behind {name}, and nothing vouches for them, or it overlaps what follows")
        place = end
    if place != archive.start_dir:
        raise Invalid("there are bytes before the archive, and nothing vouches for them")


def opened_file(archive, name):
    """A file of the archive, to be read in pieces."""
    try:
        return io.BufferedReader(archive.open(name), PIECE)
    except (zipfile.BadZipFile, RuntimeError) as error:
        raise Invalid(f"{name}: {error}") from None


def pieces(archive, name, read=lambda file: file.read(PIECE)):
    """What a file has, a piece after the other."""
    with opened_file(archive, name) as file:
        while True:
            try:
                piece = read(file)
            except (zipfile.BadZipFile, zlib.error, EOFError) as error:
                raise Invalid(f"{name}: {error}") from None
            if not piece:
                return
            yield piece


def digest_of(archive, name):
    found = hashlib.sha256()
    for piece in pieces(archive, name):
        found.update(piece)
    return found.hexdigest()


# Shapes of values in JSON: each is a function that ends with ValueError where the value at a path is another


def shape(description, fits):
    def check(value, path):
        if not fits(value):
            raise ValueError(f"{path} has to be {description}")
    return check


OBJECT = shape("an object", lambda value: isinstance(value, dict))
ARRAY = shape("an array", lambda value: isinstance(value, list))
TEXT = shape("a string", lambda value: isinstance(value, str))
NUMBER = shape("a whole number", lambda value: is_integer(value, -2**53))
COUNT = shape("a whole number from 0", is_integer)
DIGEST = shape("a SHA-256 in hexadecimal", lambda value: isinstance(value, str) and HASH.fullmatch(value))
RUN_ID = shape("an id", lambda value: isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_.:-]{1,120}", value))


def listed(each):
    def check(value, path):
        ARRAY(value, path)
        for place, element in enumerate(value):
            each(element, f"{path}[{place}]")
    return check


def named(each):
    def check(value, path):
        OBJECT(value, path)
        for name, member in value.items():
            each(member, f"{path}.{name[:40]}")
    return check


def members(due, possible={}):
    """Of an object with these members and no others."""

    def check(value, path):
        OBJECT(value, path)
        for name in sorted(due.keys() - value.keys()):
            raise ValueError(f"{path}.{name} is missing")
        for name, member in value.items():
            if name not in due | possible:
                raise ValueError(f"{path}.{name[:40]} isn't known")
            (due | possible)[name](member, f"{path}.{name}")
    return check


# The index of a bundle or of a sample, and what the events say of the same


FORK_FORMAT, SIGNED_FORMAT = 3, 4
INDEX = members(
    {"cairn": TEXT, "code": listed(members({"events": COUNT, "function": members({"name": TEXT, "version": NUMBER})})),
     "commitments": members(
         {"definition": DIGEST, "rubrics": named(DIGEST), "submitted": COUNT}, {"dataset": DIGEST, "firstCall": COUNT}),
     "events": COUNT, "experiment": TEXT, "format": COUNT, "head": DIGEST, "kind": TEXT, "origin": TEXT,
     "readModels": named(DIGEST), "run": RUN_ID, "size": COUNT, "withheld": listed(DIGEST)},
    {"forks": listed(members({
        "changes": listed(members({"kind": TEXT, "text": TEXT})), "head": DIGEST, "parent": TEXT, "runs": listed(TEXT),
        "size": COUNT}))})
PROOF = members({"hashes": listed(DIGEST), "size": COUNT})
# What the data of events names blobs by; causes name them, too.
CALL_BLOBS = (("request",), ("exchange", "body"), ("transport", "partialBody"))
BLOB_MEMBERS = {
    b"run.submitted": (("definition",),), b"ranking.computed": (("inputs",),),
    b"llm.callStarted": CALL_BLOBS, b"llm.callCompleted": CALL_BLOBS, b"llm.callFailed": CALL_BLOBS,
    b"llm.callReused": CALL_BLOBS}


def check_index(index, kind, newest):
    """Whether it is an index at all; Unreadable for one of a program to come. ValueError says what is malformed."""
    format = index.get("format")
    if is_integer(format, newest + 1):
        raise Unreadable(f"its format is {canonical_text(format)}, known are 1 to {newest}")
    if not is_integer(format, 1):
        raise ValueError(f"format {canonical_text(format)[:40]} isn't one that any Cairn has written")
    INDEX(index, "$")
    if index["kind"] != kind:
        raise ValueError(f"it is of something else than a {kind}")
    if format < SIGNED_FORMAT and (format == FORK_FORMAT) != bool(index.get("forks")):
        raise ValueError("it has to have forks in format 3, and mustn't in those before")


class Facts:
    """What events say of themselves, gathered while they go by."""

    def __init__(self, run):
        self.run, self.events, self.has_gaps, self.blobs, self.code, self.forks = run, 0, False, set(), {}, []
        self.submitted = self.first_call = None
        self.revisions = {}

    def take(self, record):
        try:
            self.take_data(record)
        except (ValueError, TypeError, AttributeError, LookupError) as error:
            raise record.wrong(f"data: {type(error).__name__}: {error}") from None

    def take_data(self, record):
        self.events += 1
        self.has_gaps |= self.revisions.get(record.stream, 0) != record.revision
        self.revisions[record.stream] = record.revision + 1
        self.blobs.update(blobs_named_by(record))
        function = record.about.get("cause", {}).get("function")
        if function is not None:
            name = function["name"], function["version"]
            self.code[name] = self.code.get(name, 0) + 1
        data, is_own = record.content, record.about.get("run") == self.run
        if record.type == b"run.submitted" and self.submitted is None and record.stream == f"run-{self.run}".encode():
            self.submitted = record.position, data["definition"], data["experiment"]
        if record.type == b"fork.created":
            fork = {name: data[name] for name in ("changes", "head", "parent", "runs")}
            self.forks.append(fork | {"size": data["position"]})
        if record.type == b"llm.callStarted" and is_own and self.first_call is None:
            self.first_call = record.position

    def check(self, index):
        """How many events there are, what made them, and what forks they tell of."""
        if self.events != index["events"]:
            raise Invalid(f"the index says {index['events']:.0f} events, there are {self.events}")
        stated = [(code["function"]["name"], code["function"]["version"], code["events"]) for code in index["code"]]
        if stated != [(*name, count) for name, count in sorted(self.code.items())]:
            raise Invalid("the index says other things of the code that made events than they do")
        if index.get("forks", []) != self.forks:
            raise Invalid("the index says other things of forks than the events do")

    def check_submitted(self, index):
        """What the run's first event names."""
        if self.submitted is None:
            raise Invalid("the event that submitted the run isn't there")
        position, definition, experiment = self.submitted
        stated = index["commitments"]
        if (position, definition) != (stated["submitted"], stated["definition"]):
            raise Invalid(
                "the index says another definition than the event that submitted the run, or another place", position)
        if experiment != index["experiment"]:
            raise Invalid("the index names the experiment otherwise than the event that submitted the run", position)


def blobs_named_by(record):
    """The blobs that an event's cause and data name, in hexadecimal."""
    yield from (name.hex() for name in record.blobs)
    for path in BLOB_MEMBERS.get(record.type, ()):
        value = record.content
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, str) and HASH.fullmatch(value):
            yield value


def laid_down_by(definition):
    """What a definition brings along: its rubrics, and the file that its scenarios were read from."""
    found = {"rubrics": {
        judge["id"]: sha256(canonical_bytes(judge["rubric"])).hex() for judge in definition.get("judges", [])}}
    return found | ({"dataset": definition["dataset"]["digest"]} if "dataset" in definition else {})


# Bundles


MANIFEST, SIGNATURE = "manifest-sha256.txt", "manifest-signature.txt"
MANIFEST_LINE = re.compile(r"([0-9a-f]{64})  (.+)")
DEFINITION = "experiment.json"
MAXIMUM_NOTE = 65_536  # of a signed head, of signatures, of keys
MAXIMUM_LINE = 8 * MAXIMUM_RECORD  # of an event, whose texts and data are in it as they are in the record


class Bundle:
    """The files of a bundle, each of which its manifest has with its digest."""

    def __init__(self, path):
        self.archive = opened_archive(path)
        names = names_of(self.archive)
        if len(set(names)) != len(names):
            raise Invalid("a file is in it twice")
        self.names = set(names)
        self.index = self.json("bundle.json", lambda index, _: check_index(index, "run", SIGNED_FORMAT))
        self.format = self.index["format"]
        self.manifest = self.manifest_lines()
        self.check_digests()

    def read(self, name, most=MAXIMUM_NOTE):
        if name not in self.names:
            raise Invalid(f"{name} is missing")
        size = self.archive.getinfo(name).file_size
        if size > most:
            raise Invalid(f"{name} has {size} bytes, more than the {most} that it can need")
        return b"".join(pieces(self.archive, name))

    def json(self, name, shape):
        """An object whose members are right."""
        data = self.read(name, MAXIMUM_BLOB)
        try:
            value = canonical_object(data)
            shape(value, "$")
        except (ValueError, RecursionError) as error:
            raise Invalid(f"{name}: {error}") from None
        return value

    def manifest_size(self):
        """The most bytes that a line for each file takes."""
        return sum(len(name.encode()) + 67 for name in self.names)

    def manifest_lines(self):
        lines = self.read(MANIFEST, self.manifest_size()).decode("utf-8").removesuffix("\n").split("\n")
        for number, line in enumerate(lines, 1):
            if not MANIFEST_LINE.fullmatch(line):
                raise Invalid(f"{MANIFEST}: line {number} isn't a digest and a name")
        return lines

    def check_digests(self):
        digests = {line[66:]: line[:64] for line in self.manifest}
        if len(digests) != len(self.manifest):
            raise Invalid(f"{MANIFEST} names a file twice")
        beside = {MANIFEST, SIGNATURE} if self.format == SIGNED_FORMAT else {MANIFEST}
        for name in sorted(self.names ^ (digests.keys() | beside)):
            raise Invalid(f"{name} is {'not in the manifest' if name in self.names else 'missing'}")
        for name, digest in digests.items():
            if digest_of(self.archive, name) != digest:
                raise Invalid(f"{name} has another digest than the manifest says")
            if name.startswith("blobs/") and name != "blobs/" + digest:
                raise Invalid(f"{name} isn't named by its digest")

    def lines(self, name):
        """The lines of a file of events; one that no event has the length of is an error."""
        for line in pieces(self.archive, name, lambda file: file.readline(MAXIMUM_LINE)):
            if len(line) == MAXIMUM_LINE and not line.endswith(b"\n"):
                raise Invalid(f"{name} has a line of more than {MAXIMUM_LINE} bytes, and an event has less")
            yield line

    def records(self):
        """Each event, in order."""
        last = -1
        for name in sorted(name for name in self.names if name.startswith("events/")):
            for record, _ in exported_records(self.lines(name)):
                if record.position <= last:
                    raise record.wrong(f"it stands behind the event {last}")
                last = record.position
                yield record

    def check_facts(self, facts):
        """The events say what the index does, and name no blobs but those that are there or withheld."""
        facts.check(self.index)
        facts.check_submitted(self.index)
        if self.format != SIGNED_FORMAT and self.format != (FORK_FORMAT if facts.forks else 2 if facts.has_gaps else 1):
            raise Invalid(f"the index says format {self.format:.0f}, and the events are of another")
        if self.index["commitments"] != self.laid_down(facts):
            raise Invalid("the index says other things of what was laid down than the events do")
        missing = sorted(name for name in facts.blobs if f"blobs/{name}" not in self.names)
        if missing != self.index["withheld"]:
            raise Invalid("the index names other blobs as withheld than those that aren't there")

    def laid_down(self, facts):
        position, digest, _ = facts.submitted
        found = {"definition": digest, "rubrics": {}, "submitted": position}
        if facts.first_call is not None:
            found["firstCall"] = facts.first_call
        if DEFINITION not in self.names:
            if digest not in self.index["withheld"]:
                raise Invalid(f"{DEFINITION} is missing, though the definition isn't withheld")
            return found
        if digest_of(self.archive, DEFINITION) != digest:
            raise Invalid(f"{DEFINITION} isn't the definition that the run was submitted with")
        try:
            return found | laid_down_by(self.json(DEFINITION, OBJECT))
        except (ValueError, TypeError, AttributeError, LookupError) as error:
            raise Invalid(f"{DEFINITION}: {type(error).__name__}: {error}") from None

    def check_signature(self, signers):
        """Who has signed the manifest as it is, of those who have signed the head: one of them has to."""
        note = Note(self.read(SIGNATURE, self.manifest_size() + MAXIMUM_NOTE), "the signature of the manifest")
        found = [key.text for key in signers if note.signed_by(key, NOTE)[0]]
        if not found:
            raise Invalid("no key that vouches for the head has signed the manifest")
        heading = ["cairn/bundle-manifest/v1", self.index["origin"], f"run {self.index['run']}"]
        if note.lines[:3] != heading:
            raise Invalid(f"{SIGNATURE} is of another run or store")
        others = [line for line in self.manifest if not line[66:].startswith(("events/", "blobs/"))]
        for name in sorted(line[66:] for line in set(note.lines[4:]) ^ set(others)):
            raise Invalid(f"{name} was changed, added or taken away after the manifest was signed")
        if note.lines[3:4] != [f"manifest {digest_of(self.archive, MANIFEST)}"]:
            raise Invalid(f"{MANIFEST} was changed after it was signed")
        return found


def root_with(size, leaves, hashes):
    """The root of a tree of which some leaves are known, and the hashes of the parts without any, from left to right."""
    rest = iter(hashes)

    def visit(lower, upper, known):
        if not known:
            return next(rest)
        if upper - lower == 1:
            return known[0][1]
        middle = lower + (1 << (upper - lower - 1).bit_length() - 1)
        cut = bisect.bisect_left(known, middle, key=lambda leaf: leaf[0])
        return sha256(b"\1" + visit(lower, middle, known[:cut]) + visit(middle, upper, known[cut:]))

    try:
        root = visit(0, size, leaves)
    except StopIteration:
        raise Invalid("the proof has too few hashes") from None
    if next(rest, None) is not None:
        raise Invalid("the proof has too many hashes")
    return root


def verify_bundle(*arguments):
    """What is said of a bundle: one of which a part isn't what it has to be is broken, and not unreadable."""
    try:
        return verified_bundle(*arguments)
    except (ValueError, TypeError, AttributeError, LookupError, struct.error, RecursionError) as error:
        raise Invalid(f"a file of the bundle isn't what it has to be: {type(error).__name__}: {error}") from None


def verified_bundle(path, keys, witnesses, needs_signed_manifest, progress):
    bundle = Bundle(path)
    if needs_signed_manifest and bundle.format != SIGNED_FORMAT:
        raise Invalid(f"its manifest isn't signed: it says that it is of format {canonical_text(bundle.format)}")
    facts, leaves = Facts(bundle.index["run"]), []
    for record in bundle.records():
        facts.take(record)
        leaves.append((record.position, record.leaf))
    progress(len(leaves))
    proof, checkpoint = bundle.json("proof.json", PROOF), Checkpoint(bundle.read("checkpoint.txt"))
    if not leaves or leaves[-1][0] >= checkpoint.size or proof["size"] != checkpoint.size:
        raise Invalid("the events and their proof aren't of the signed head")
    if root_with(checkpoint.size, leaves, map(bytes.fromhex, proof["hashes"])) != checkpoint.root:
        raise Invalid("the events and their proof don't lead to the signed head")
    named = {"head": checkpoint.root.hex(), "origin": checkpoint.origin, "size": checkpoint.size, "events": len(leaves)}
    for name, value in named.items():
        if bundle.index[name] != value:
            raise Invalid(f"bundle.json says another {name}")
    bundle.check_facts(facts)
    inside = [Key(line) for line in dict.fromkeys(bundle.read("keys.txt").decode("utf-8").split())]
    report = vouching(checkpoint, keys or inside, witnesses)
    if bundle.format == SIGNED_FORMAT:
        signers = [key for key in keys or inside if checkpoint.signed_by(key, NOTE)[0]]
        report["manifestSignedBy"] = bundle.check_signature(signers)
        report["manifestNotSignedBy"] = [key.text for key in signers if key.text not in report["manifestSignedBy"]]
    report |= {"manifestSigned": bundle.format == SIGNED_FORMAT, "trusted": bool(keys), "valid": True}
    return report | named | {"blobs": sum(name.startswith("blobs/") for name in bundle.names)}


# Samples: one conversation of a run, its judgement, and the proof that a signed head has them


SAMPLE = {"blobs", "checkpoint", "events", "index", "keys", "labels", "proof"}
SAMPLE_NAME, SAMPLE_README = "sample.json", "README.md"
# The digests of the texts that stand beside a sample: nothing bears one out, so no other is accepted.
SAMPLE_READMES = {"6b9e7b60c2fe90efe184315917f2782d4d97fc88c6fb3827aa9018c9b28032e9"}
SAMPLE_FORMATS = (1, 3)
VERSION = re.compile(r"[0-9A-Za-z.+-]{1,64}")
LONGEST_BLOB = 16_384  # a longer one is withheld


def read_sample(path):
    """The sample as a value, from the one file of the archive that counts."""
    archive = opened_archive(path)
    names = names_of(archive)
    if names.count(SAMPLE_NAME) != 1:
        raise Invalid(f"the archive has {names.count(SAMPLE_NAME)} files {SAMPLE_NAME}, a sample has one")
    for name in names:
        if name not in (SAMPLE_NAME, SAMPLE_README):
            raise Invalid(f"{name} was added: a sample is {SAMPLE_NAME} and nothing else")
    if names.count(SAMPLE_README) > 1:
        raise Invalid(f"{SAMPLE_README} is in it twice")
    if SAMPLE_README in names and digest_of(archive, SAMPLE_README) not in SAMPLE_READMES:
        raise Invalid(f"{SAMPLE_README} isn't the text that is written with a sample: it was changed")
    data = b"".join(pieces(archive, SAMPLE_NAME))
    try:
        return canonical_object(data)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"{SAMPLE_NAME}: {error}") from None


class Sample:
    """A sample, taken apart; ValueError and KeyError say what is malformed."""

    def __init__(self, value):
        if value.keys() != SAMPLE:
            raise ValueError(f"it has to have {', '.join(sorted(SAMPLE))}")
        self.index, self.labels, self.blobs = value["index"], value["labels"], value["blobs"]
        check_index(self.index, "sample", SAMPLE_FORMATS[-1])
        if self.index["format"] not in SAMPLE_FORMATS:
            raise ValueError(f"no sample is of the format {canonical_text(self.index['format'])}")
        if self.index["readModels"] != {} or not VERSION.fullmatch(self.index["cairn"]):
            raise ValueError("its index names read models, or what is no version")
        self.checkpoint = Checkpoint(text_bytes(value["checkpoint"]))
        self.keys = [Key(text) for text in value["keys"]]
        self.size = whole(value["proof"]["size"], 2**53 - 1)
        self.hashes = [bytes.fromhex(text) for text in value["proof"]["hashes"]]
        if any(len(node) != 32 for node in self.hashes):
            raise ValueError("a hash of the proof isn't 32 bytes")
        self.events, self.facts = list(self.records(value["events"])), Facts(self.index["run"])
        for record in self.events:
            self.facts.take(record)

    def records(self, lines):
        last = -1
        for line in lines:
            if "blobs" in line:
                raise ValueError("an event of a sample has no blobs of its own")
            data, position, leaf = record_from(line)
            if position <= last:
                raise Invalid(f"its position is {position}, after {last}", position)
            record, last = Record(data, position), position
            if record.leaf != leaf:
                raise record.wrong("the leaf that it states isn't the hash of its record")
            yield record

    def check_proof(self):
        """The events are in the tree whose head is signed, and the index names that head."""
        index, checkpoint = self.index, self.checkpoint
        if (checkpoint.origin, checkpoint.size, checkpoint.root.hex()) != (index["origin"], index["size"], index["head"]):
            raise Invalid("the signed head isn't the one that the sample's index names")
        if self.size != checkpoint.size:
            raise Invalid(f"the proof is for {self.size} events, the signed head is of {checkpoint.size}")
        if not self.events or self.events[-1].position >= self.size:
            raise Invalid("the sample has no events, or one behind the signed head")
        leaves = [(record.position, record.leaf) for record in self.events]
        if root_with(self.size, leaves, self.hashes) != checkpoint.root:
            raise Invalid("the events and their proof don't lead to the signed head")
        self.facts.check(index)

    def check_keys(self):
        """A key that hasn't signed may be one that the store had before, and no other."""
        for key in self.keys:
            # A false signature is one, whoever is trusted.
            if not self.checkpoint.signed_by(key, NOTE)[0] and key.name != self.checkpoint.origin:
                raise Invalid(f"the key {key.text} has signed nothing here and isn't the store's: it was added")

    def check_blobs(self):
        """Those that aren't there; each blob that an event names is, or is withheld and named as such."""
        check_inline(self.blobs)
        withheld = sorted(name for name, blob in self.blobs.items() if blob == {"missing": True})
        for name, blob in self.blobs.items():
            content = blob["text"].encode() if "text" in blob else base64.b64decode(blob.get("base64", ""))
            if blob.keys() & {"erased", "sealed"} or len(content) > LONGEST_BLOB:
                raise Invalid(f"the blob {name[:64]} is withheld in another way than samples do, or larger than theirs")
        named = set()
        for record in self.events:
            names = set(blobs_named_by(record))
            named |= names
            for name in sorted(names - self.blobs.keys()):
                raise record.wrong(f"the blob {name} that it names is neither there nor shown as withheld")
        for name in sorted(self.blobs.keys() - named):
            raise Invalid(f"the blob {name[:64]} is named by no event")
        if withheld != self.index["withheld"]:
            raise Invalid("the index names other blobs as withheld than those that aren't there")
        return withheld

    def check_commitments(self):
        """What the run's first event names, and where the first call is."""
        self.facts.check_submitted(self.index)
        stated, call = self.index["commitments"], self.facts.first_call
        position, digest, _ = self.facts.submitted
        if call is not None and not stated.get("firstCall", call + 1) <= call:
            raise Invalid("the index says that the first call was later", call)
        found = {"definition": digest, "submitted": position}
        if call is not None:
            found |= {"before": position < call, "firstCall": call}
        definition = self.blobs.get(digest, {}).get("text")
        if definition is not None:
            found |= self.check_definition(parse_json(definition), stated)
        return found

    def check_definition(self, definition, stated):
        due = laid_down_by(definition)
        if due != {name: stated[name] for name in ("dataset", "rubrics") if name in stated}:
            raise Invalid("the index names other rubrics or another data set than the definition has")
        return due

    def check_labels(self):
        """The job that was asked for is the one that the labels are of."""
        jobs = (record.content["labels"] for record in self.events if record.type == b"job.submitted")
        if next((labels for labels in jobs if "judge" not in labels), None) != self.labels:
            raise Invalid("the labels aren't those of the job that was submitted")


def verify_sample(path, keys, witnesses):
    try:
        sample = Sample(read_sample(path))
        sample.check_proof()
        withheld, forks, laid_down = sample.check_blobs(), sample.facts.forks, sample.check_commitments()
        sample.check_labels()
    except (ValueError, TypeError, AttributeError, LookupError, struct.error) as error:
        raise Invalid(f"{SAMPLE_NAME}: {type(error).__name__}: {error}") from None
    sample.check_keys()
    if not (keys or sample.keys):
        raise Invalid("the sample brings no key, and none was given with --key")
    return vouching(sample.checkpoint, keys or sample.keys, witnesses) | {
        "blobs": len(sample.blobs) - len(withheld), "events": len(sample.events), "experiment": sample.index["experiment"],
        "forks": forks, "head": sample.checkpoint.root.hex(), "laidDown": laid_down, "run": sample.index["run"],
        "sample": sample.labels, "size": sample.size, "trusted": bool(keys), "valid": True, "withheld": withheld,
        "proven": [
            {"position": record.position, "stream": record.stream.decode(), "type": record.type.decode()}
            for record in sample.events],
    }


def in_one_line(text):
    """A text that somebody else chose: it can't pass for another line of the answer."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def shown_sample(report):
    labels = ", ".join(f"{name} {value}" for name, value in sorted(report["sample"].items()))
    lines = [f"proven: {in_one_line(labels)}", in_one_line(f"of the run {report['run']} of {report['experiment']}")]
    lines += [f"  {event['position']:>8}  {event['type']} in {event['stream']}" for event in report["proven"]]
    lines.append(f"{report['events']} events, {report['blobs']} blobs, {len(report['withheld'])} withheld")
    lines += [f"  withheld: {name}" for name in report["withheld"]]
    laid_down = report["laidDown"]
    for fork in report["forks"]:
        changes = "; ".join(f"{change['kind']} {change['text']}" for change in fork["changes"]) or "nothing"
        lines.append(in_one_line(f"a fork of the store {fork['parent']}; changed: {changes}"))
    if laid_down.get("before") and not report["forks"]:
        lines.append(f"laid down at {laid_down['submitted']}, before the first call here at {laid_down['firstCall']}:")
        lines.append(f"  the definition {laid_down['definition']}")
        rubrics = sorted(laid_down.get("rubrics", {}).items())
        lines += [in_one_line(f"  the rubric of {name} {hash}") for name, hash in rubrics]
        if "dataset" in laid_down:
            lines.append(in_one_line(f"  the data set {laid_down['dataset']}"))
    lines.append(f"head {report['size']}:{report['head']}\nsigned by {report['signedBy']}")
    if not report["trusted"]:
        lines.append("this key is known from the sample alone: ask for the operator's, and give it with --key")
    return "\n".join(lines)


def read_file(path):
    try:
        with open(path, "rb") as file:
            return file.read(1 << 26)
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None


def origin_of(store):
    value = canonical_object(read_file(os.path.join(store, "store.json")).removesuffix(b"\n"))
    return f"cairn/store/{value['id']}"


def with_checkpoints(verify, arguments, store=None):
    """A verification of all events that the heads of some checkpoints are compared in, too."""

    def run(progress):
        checkpoints = [Checkpoint(read_file(path)) for path in arguments.checkpoint]
        if not checkpoints and (arguments.key or arguments.witness):
            raise Invalid("there is no --checkpoint that a key could have signed")
        heads = [(checkpoint.size, checkpoint.root) for checkpoint in checkpoints]
        report = verify(([arguments.expect] if arguments.expect else []) + heads, progress)
        for checkpoint in checkpoints:
            if store is not None and checkpoint.origin != origin_of(store):
                raise Invalid(f"a checkpoint is of {checkpoint.origin}, and this store is {origin_of(store)}")
            report |= vouching(checkpoint, arguments.key, arguments.witness)
        return report

    return run


# The command


def report_on(history):
    return {
        "commits": history.commits, "events": history.size, "head": history.root.hex(),
        "streams": len(history.streams), "valid": True,
    }


def answer_of(verify):
    """Exit code and report; nothing that a damaged store does to Python gets out as a traceback."""
    try:
        return VALID, verify()
    except Invalid as fault:
        finding = {"message": fault.message} | ({} if fault.position is None else {"position": fault.position})
        return INVALID, {"finding": finding, "valid": False}
    except Unreadable as error:
        return UNREADABLE, {"error": str(error), "valid": False}
    except ImportError as error:
        return UNREADABLE, {"error": f"{error}; try: pip install lmdb", "valid": False}
    except Exception as error:
        return UNREADABLE, {"error": f"{type(error).__name__}: {error}", "valid": False}


def guarded(verify):
    """The answer from a child: LMDB ends the process when pages that it trusts are damaged or cut off."""
    seen = mmap.mmap(-1, 8)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        code, report = answer_of(lambda: verify(lambda size: seen.__setitem__(slice(0, 8), KEY.pack(size))))
        with os.fdopen(writing, "w") as pipe:
            json.dump(report, pipe)
        os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    size = KEY.unpack(seen[:8])[0]
    if status < 0:
        name = signal.Signals(-status).name
        error = f"reading ended with {name} after {size} sound events: the file is damaged or cut short"
        return UNREADABLE, {"error": error, "valid": False}
    report = json.loads(text)
    if "error" in report and size:
        report["error"] += f" (after {size} sound events)"
    return status, report


def manifest_signature(report):
    """Who has signed a manifest, and who has signed the head alone."""
    alone = "".join(
        f"\nnot signed by {key}: of files that aren't events or blobs that key says nothing"
        for key in report["manifestNotSignedBy"])
    return f"its manifest is signed, too, by {' and '.join(report['manifestSignedBy'])}{alone}"


def shown(report):
    if "error" in report:
        return f"can't be read: {report['error']}"
    if not report["valid"]:
        finding = report["finding"]
        place = f" at position {finding['position']}" if "position" in finding else ""
        return f"INVALID{place}: {in_one_line(finding['message'])}"
    if "sample" in report:
        return shown_sample(report)
    signed = f"\nsigned by {report['signedBy']}" if "signedBy" in report else ""
    if "leaf" in report:
        event = f"{report['type']} in {report['stream']} at position {report['position']} of {report['events']}"
        return f"proven: {event}\nleaf {report['leaf']}{signed}"
    if "manifestSigned" in report:
        manifest = manifest_signature(report) if report["manifestSigned"] else (
            "its manifest isn't signed: files that aren't events or blobs may be somebody else's, and events may have "
            "been left out, also those which tell of a fork")
        whose = "" if report["trusted"] else ", whom the bundle alone names"
        counts = f"{report['events']} events, {report['blobs']} blobs"
        return f"valid: {counts}\nhead {report['size']}:{report['head']}{signed}{whose}\n{manifest}"
    if "from" in report:
        return f"proven: {report['events']}:{report['head']} has grown from {report['from']} events{signed}"
    names = ("events", "commits", "streams", "blobs")
    counts = ", ".join(f"{report[name]} {name}" for name in names if name in report)
    if report.get("whole") is False:
        return f"valid as far as it goes: {counts}; not all events of the log, so that it has no head"
    sealed = report.get("sealedBlobs", 0)
    compressed = report.get("uncheckedBlobs", 0) - sealed
    note = f"\n{sealed} sealed blobs not checked: their bytes can't be read without the store's keys" if sealed else ""
    note += f"\n{compressed} compressed blobs not checked: libzstd is missing" if compressed else ""
    return f"valid: {counts}{note}\nhead {report['events']}:{report['head']}{signed}"


def expected_head(text):
    match = re.fullmatch(r"(?:(\d{1,19}):)?([0-9a-f]{64})", text, re.ASCII)
    if not match:
        raise argparse.ArgumentTypeError("takes 64 hexadecimal digits, or SIZE: and those")
    return (int(match[1]) if match[1] else None), bytes.fromhex(match[2])


def key_argument(text):
    """A key, or those of a file with one a line."""
    try:
        with open(text, encoding="utf-8") as file:
            texts = file.read(1 << 26).split()
    except (OSError, ValueError):
        texts = [text]
    try:
        keys = [Key(text) for text in texts]
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if not keys:
        raise argparse.ArgumentTypeError(f"{text} has no key in it")
    return keys


def arguments_of_command():
    parser = argparse.ArgumentParser(
        description="Verify a Cairn store, an export of one, or a bundle, a sample or a proof out of one.")
    parser.add_argument("store", nargs="?", help="the store's directory")
    parser.add_argument("--export", metavar="FILE", help="verify this JSON Lines export instead")
    parser.add_argument("--bundle", metavar="FILE", help="verify this bundle instead")
    parser.add_argument("--proof", metavar="FILE", help="verify this proof instead")
    parser.add_argument("--sample", metavar="FILE", help="verify this sample of a run instead")
    parser.add_argument("--expect", metavar="[SIZE:]ROOT", type=expected_head, help="a head that was kept elsewhere")
    parser.add_argument(
        "--checkpoint", metavar="FILE", action="append", default=[], help="a signed head that was kept elsewhere")
    parser.add_argument(
        "--key", metavar="VKEY", action="append", default=[], type=key_argument,
        help="one of these, or of those in a file, must have signed")
    parser.add_argument(
        "--witness", metavar="VKEY", action="append", default=[], type=key_argument, help="these may have cosigned")
    parser.add_argument("--from", dest="earlier", metavar="FILE", help="the earlier checkpoint of a proof of growth")
    parser.add_argument("--record", metavar="FILE", help="the record that a proof without one is of")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")
    parser.add_argument(
        "--signed-manifest", action="store_true", help="reject a bundle whose manifest isn't signed")
    arguments = parser.parse_args()
    arguments.key, arguments.witness = sum(arguments.key, []), sum(arguments.witness, [])
    kinds = [arguments.store, arguments.export, arguments.bundle, arguments.proof, arguments.sample]
    if kinds.count(None) != len(kinds) - 1:
        parser.error("name either a STORE, --export FILE, --bundle FILE, --proof FILE or --sample FILE")
    if (arguments.bundle or arguments.sample) is not None and (arguments.expect or arguments.checkpoint):
        parser.error("a bundle and a sample bring their checkpoint along, and take a --key alone")
    if arguments.signed_manifest and arguments.bundle is None:
        parser.error("--signed-manifest is for a --bundle")
    if arguments.proof is not None and not arguments.key:
        parser.error("--proof takes the --key that must have signed")
    return arguments


def main():
    arguments = arguments_of_command()
    if arguments.proof is not None:
        def proof(_):
            record = read_file(arguments.record) if arguments.record else None
            earlier = Checkpoint(read_file(arguments.earlier)) if arguments.earlier else None
            return verify_proof(arguments.proof, record, earlier, arguments.key, arguments.witness)
        code, report = guarded(proof)
    elif arguments.sample is not None:
        code, report = guarded(lambda _: verify_sample(arguments.sample, arguments.key, arguments.witness))
    elif arguments.bundle is not None:
        code, report = guarded(lambda progress: verify_bundle(
            arguments.bundle, arguments.key, arguments.witness, arguments.signed_manifest, progress))
    elif arguments.export is not None:
        code, report = guarded(with_checkpoints(
            lambda heads, progress: verify_export(arguments.export, heads, progress), arguments))
    else:
        code, report = guarded(with_checkpoints(
            lambda heads, progress: verify_store(arguments.store, heads, progress), arguments, arguments.store))
    print(json.dumps(report, sort_keys=True) if arguments.json else shown(report))
    return code


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # who reads no more, as `head`, ends this quietly
    sys.exit(main())

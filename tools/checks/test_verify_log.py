#!/usr/bin/env python3
"""Tests of tools/verify_log.py: it and the command line have to agree on sound stores and on broken ones.

    tools/checks/test_verify_log.py --cairn PATH_TO_BINARY

Stores are made in two ways: by the command line, and byte by byte from schemas/log-format.md, so that each rule can be
broken alone while every hash over it is right.
"""

import argparse
import base64
import calendar
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest
import zipfile

import lmdb

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VERIFIER = os.path.join(ROOT, "tools", "verify_log.py")
CARRIED = os.path.join(ROOT, "Sources", "Cairn", "Bundle", "Texts", "BundleVerifier.swift")
EXPERIMENT = os.path.join(ROOT, "tools", "examples", "haiku.yaml")
SEED = 20_260_101
CAIRN = None


def sha256(data):
    return hashlib.sha256(data).digest()


def run(*command, memory=None):
    """What a command comes to, which may have so many bytes of memory where that is given."""
    limit = None if memory is None else lambda: resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=120, preexec_fn=limit)


def python_says(*arguments, memory=None):
    """Exit code and report of the verifier; a traceback is a failure whatever the store."""
    result = run(sys.executable, VERIFIER, "--json", *arguments, memory=memory)
    assert "Traceback" not in result.stderr, result.stderr
    assert result.returncode in (0, 1, 5), (result.returncode, result.stderr)
    return result.returncode, json.loads(result.stdout)


def cairn_says(store, *arguments):
    """Exit code and report of the command line; None for a store that it can't read."""
    result = run(CAIRN, "audit", "verify", "--json", "--store", store, *arguments)
    assert result.returncode in (0, 4, 5), (result.returncode, result.stderr)
    return result.returncode, json.loads(result.stdout) if result.returncode != 5 else None


# A store made from the document alone


def draft(stream, kind, data, metadata=b"{}", revision=0, index=0, count=1, **changes):
    fields = dict(
        format=1, flags=0, version=1, index=index, count=count, time=1_767_225_600_000_000, revision=revision,
        stream=stream, type=kind, data=data, metadata=metadata, commit=None, any=False, tail=b"")
    return fields | changes


def record(fields, commit, without_revision=False):
    parts = [fields[name] for name in ("stream", "type", "data", "metadata")]
    revision = 0 if without_revision else fields["revision"]
    head = struct.pack(
        "<BBHHHqQ16sHHHH", fields["format"], fields["flags"], fields["version"], fields["index"], fields["count"],
        fields["time"], revision, commit, *map(len, parts))
    return head + b"".join(parts) + fields["tail"]


def commit(*drafts):
    expects_any = drafts[0]["any"]
    body = b"".join(b"\0" + record(fields, bytes(16), expects_any) for fields in drafts)
    identity = sha256(bytes([2, 0 if expects_any else 1]) + body)[:16]
    return [(fields["stream"], record(fields, fields["commit"] or identity)) for fields in drafts]


def root(hashes):
    if len(hashes) < 2:
        return hashes[0] if hashes else sha256(b"")
    k = 1 << (len(hashes) - 1).bit_length() - 1
    return sha256(b"\1" + root(hashes[:k]) + root(hashes[k:]))


def tables_of(log):
    leaves = [sha256(b"\0" + data) for _, data in log]
    streams = {}
    for position, (stream, _) in enumerate(log):
        streams.setdefault(stream, []).append(position)
    tree, level, hashes = [], 0, leaves
    while hashes:
        tiles = [hashes[start:start + 256] for start in range(0, len(hashes), 256)]
        tree += [(bytes([level]) + number.to_bytes(8, "big"), b"".join(tile)) for number, tile in enumerate(tiles)]
        level, hashes = level + 1, [root(tile) for tile in tiles if len(tile) == 256]
    numbered = list(enumerate(streams.items()))
    return {
        "events": [(struct.pack("=Q", position), data) for position, (_, data) in enumerate(log)],
        "streams": [(name, struct.pack("<QQ", number, len(held) - 1)) for number, (name, held) in numbered],
        "stream_events": [
            (struct.pack("=Q", number), struct.pack("=Q", position)) for number, (_, held) in numbered
            for position in held
        ],
        "tree": tree,
        "meta": [(b"state", struct.pack("<HHIQQ32s", 1, 1, 0, len(log), len(streams), root(leaves)))],
    }


def write_environment(path, tables):
    os.makedirs(path)
    environment = lmdb.open(path, map_size=1 << 30, max_dbs=8, sync=False)
    for name, entries in tables.items():
        flags = {"integerkey": True} if name == "events" else {}
        if name == "stream_events":
            flags = {"integerkey": True, "dupsort": True, "dupfixed": True, "integerdup": True}
        table = environment.open_db(name.encode(), **flags)
        with environment.begin(write=True) as transaction:
            for key, value in entries:
                transaction.put(key, value, db=table)
    environment.close()


def write_store(path, *commits, blobs=(), change=lambda tables: None, store_format=1):
    tables = tables_of([entry for entries in commits for entry in entries])
    change(tables)
    write_environment(os.path.join(path, "log"), tables)
    write_environment(os.path.join(path, "blobs"), {"blobs": [(key, value) for key, value in blobs]})
    with open(os.path.join(path, "store.json"), "w") as file:
        file.write('{"created":"2026-01-01T00:00:00.000000Z","format":%d,"id":"%s"}\n' % (store_format, "0f" * 16))


def example():
    """The two commits of the document's example."""
    return (
        commit(draft(b"job-1", b"job.submitted", b'{"kind":"probe"}', b'{"run":"r1"}')),
        commit(draft(
            b"job-1", b"job.completed", b'{"ok":true}', b'{"cause":{"positions":[0]},"run":"r1"}', revision=1,
            time=1_767_225_601_500_000)))


class StoreTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="cairn-verify-")
        self.addCleanup(shutil.rmtree, self.directory)
        self.store = os.path.join(self.directory, "store")

    def both_accept(self, store):
        ours, report = cairn_says(store)
        theirs, other = python_says(store)
        self.assertEqual((ours, theirs), (0, 0), (report, other))
        self.assertEqual((report["events"], report["head"]), (other["events"], other["head"]))
        return other

    def both_reject(self, store, position):
        ours, report = cairn_says(store)
        theirs, other = python_says(store)
        self.assertEqual((ours, theirs), (4, 1), (report, other))
        places = [found["finding"].get("position") for found in (report, other)]
        self.assertEqual(places, [position, position], (report, other))


class HandmadeStores(StoreTest):
    """Stores written from the document: each breaks one rule and has right hashes over it."""

    def test_the_example_of_the_document_has_the_head_that_it_states(self):
        write_store(self.store, *example())
        code, report = python_says(self.store)
        self.assertEqual(code, 0, report)
        self.assertEqual(report["head"], "14fb61acb28ea3c1979bfc33fd6fb795609d6526dd2829c2aec94d6339bc05ca")

    def test_a_log_without_events_is_valid(self):
        write_store(self.store)
        self.assertEqual(self.both_accept(self.store)["head"], sha256(b"").hex())

    def test_tiles_of_two_levels_commits_of_many_events_and_commits_for_any_place_are_valid(self):
        many = [draft(b"a-1", b"a.b", b'{"n":%d}' % n, revision=n, index=n, count=700) for n in range(700)]
        write_store(self.store, commit(*many), commit(draft(b"b-1", b"a.b", b"{}", any=True)), commit(
            draft(b"a-1", b"a.b", b"{}", revision=700, any=True)))
        self.assertEqual(self.both_accept(self.store)["events"], 702)

    def test_blobs_are_valid_stored_plainly(self):
        text = b"what was said"
        metadata = b'{"cause":{"blobs":["%s"]}}' % sha256(text).hex().encode()
        write_store(self.store, commit(draft(b"a-1", b"a.b", b"{}", metadata)), blobs=[(sha256(text), b"\0" + text)])
        self.both_accept(self.store)

    def test_sealed_blobs_are_counted_and_not_taken_for_compressed_ones(self):
        text, sealed = b"what was said", b"what nobody reads"
        named = ",".join('"%s"' % sha256(one).hex() for one in sorted((text, sealed), key=sha256))
        metadata = b'{"cause":{"blobs":[%s]}}' % named.encode()
        value = b"\2" + bytes(16) + bytes(12) + b"ciphertext" + bytes(16)
        blobs = sorted([(sha256(text), b"\0" + text), (sha256(sealed), value)])
        write_store(self.store, commit(draft(b"a-1", b"a.b", b"{}", metadata)), blobs=blobs, store_format=2)
        report = self.both_accept(self.store)
        self.assertEqual((report["blobs"], report["sealedBlobs"], report["uncheckedBlobs"]), (2, 1, 1))
        words = run(sys.executable, VERIFIER, self.store)
        self.assertIn("\n1 sealed blobs not checked", words.stdout)
        self.assertNotIn("libzstd", words.stdout)

    def test_values_are_valid_in_their_canonical_form_alone(self):
        numbers = ["0", "-1", "1.5", "1e+21", "100000000000000000000", "1e-7", "0.000001", "9007199254740992", "5e-324"]
        numbers += ["-0", "1.0", "1e21", "0.0000001", "9007199254740993", "1E+21", "01", "1e400", "NaN", "+1"]
        texts = ['"é"', '"\\u00e9"', '"\\n"', '"\\u000a"', '"\\u001f"', '"\\u001F"', '"\x7f"', '"\\/"', '"\\ud800"']
        others = ["{}", "[]", "[1,2]", "[1, 2]", '{"a":1,"b":2}', '{"b":2,"a":1}', '{"a":1,"a":1}', "null", "[1,]"]
        others += ['{"\U0001f600":1,"\ufb01":2}', '{"\ufb01":2,"\U0001f600":1}', "[" * 127 + "]" * 127]
        others += ["[" * 128 + "]" * 128, "[" * 20_000 + "]" * 20_000]
        verdicts = []
        for number, value in enumerate(numbers + texts + others):
            store = f"{self.store}-{number}"
            data = ('{"v":%s}' % value).encode()
            write_store(store, commit(draft(b"a-1", b"a.b", data)))
            ours, theirs = cairn_says(store)[0], python_says(store)[0]
            self.assertEqual((ours, theirs), (4, 1) if ours or theirs else (0, 0), value[:60])
            verdicts.append(theirs == 0)
        sound = len(list(filter(None, verdicts)))
        self.assertEqual(sound, 9 + 4 + 7, verdicts)

    def test_a_record_that_breaks_a_rule_is_named(self):
        first = commit(draft(b"a-1", b"a.b", b"{}"))
        cases = {
            "format": dict(format=0), "flags": dict(flags=1), "version": dict(version=0), "tail": dict(tail=b"x"),
            "stream without a hyphen": dict(stream=b"a"), "stream's category": dict(stream=b"A-1"),
            "stream's length": dict(stream=b"a-" + b"1" * 199), "line feed after a name": dict(stream=b"b-1\n"),
            "type without a dot": dict(type=b"a"), "type's length": dict(type=b"a." + b"b" * 99),
            "type's letters": dict(type=b"a.B"), "no data": dict(data=b""), "data not an object": dict(data=b"[]"),
            "data with a line feed": dict(data=b"{}\n"), "data not UTF-8": dict(data=b'{"a":"\xff"}'),
            "metadata not an object": dict(metadata=b"null"), "unknown metadata": dict(metadata=b'{"x":1}'),
            "run not a string": dict(metadata=b'{"run":1}'), "empty cause": dict(metadata=b'{"cause":{}}'),
            "cause of no blobs": dict(metadata=b'{"cause":{"blobs":[]}}'),
            "cause with unknown field": dict(metadata=b'{"cause":{"positions":[0],"x":1}}'),
            "cause that is later": dict(metadata=b'{"cause":{"positions":[1]}}'),
            "cause that isn't a position": dict(metadata=b'{"cause":{"positions":[-1]}}'),
            "blob's name in capitals": dict(metadata=b'{"cause":{"blobs":["%s"]}}' % (b"AB" * 32)),
            "function without version": dict(metadata=b'{"cause":{"function":{"name":"f"}}}'),
            "revision with a gap": dict(revision=1), "revision repeated": dict(stream=b"a-1", revision=0),
            "commit id": dict(commit=b"x" * 16), "index": dict(index=1),
            "time too early": dict(time=-62_167_219_200_000_001), "time too late": dict(time=253_402_300_800_000_000),
            "count of 0": dict(count=0),
            "blob that isn't there": dict(metadata=b'{"cause":{"blobs":["%s"]}}' % (b"ab" * 32)),
        }
        for number, (name, changes) in enumerate(cases.items()):
            with self.subTest(name):
                store = f"{self.store}-{number}"
                fields = draft(b"b-1", b"a.b", b"{}") | changes
                write_store(store, first, commit(fields), commit(draft(b"c-1", b"a.b", b"{}")))
                self.both_reject(store, 1)

    def test_an_export_of_nonsense_is_no_crash(self):
        write_store(self.store, commit(draft(b"a-1", b"a.b", b"{}", time=2**62)))
        path = os.path.join(self.directory, "export.jsonl")
        self.assertEqual(run(CAIRN, "audit", "export", "-o", path, "--store", self.store).returncode, 0)
        self.assertEqual(python_says("--export", path)[1]["finding"]["position"], 0)

    def test_a_commit_that_is_not_whole_is_named(self):
        two = commit(*[draft(b"b-1", b"a.b", b"{}", revision=n, index=n, count=2) for n in range(2)])
        for number, commits in enumerate([[two[:1]], [two[:1], commit(draft(b"c-1", b"a.b", b"{}"))]]):
            store = f"{self.store}-{number}"
            write_store(store, *commits)
            with self.subTest(number):
                self.assertEqual((cairn_says(store)[0], python_says(store)[0]), (4, 1))

    def test_tables_that_do_not_follow_from_the_events_are_refused(self):
        def without(table, place):
            return lambda tables: tables[table].pop(place)

        def with_entry(table, key, value):
            return lambda tables: tables[table].append((key, value))

        def meta(**changes):
            fields = dict(format=1, rules=1, zero=0, size=3, next=2, root=None)

            def change(tables):
                found = fields | {"root": tables["meta"][0][1][24:]} | changes
                tables["meta"] = [(b"state", struct.pack("<HHIQQ32s", *found.values()))]
            return change

        number = struct.Struct("=Q").pack
        changes = {
            "an event missing at the end": without("events", 2), "an event missing": without("events", 1),
            "an event too many": with_entry("events", number(3), b"x"), "a tile missing": without("tree", 0),
            "a tile too many": with_entry("tree", bytes(8) + b"\1", bytes(32)),
            "a level too many": with_entry("tree", b"\1" + bytes(8), bytes(32)),
            "a stream missing": without("streams", 0),
            "a stream too many": with_entry("streams", b"c-1", struct.pack("<QQ", 2, 0)),
            "a stream's last revision": with_entry("streams", b"a-1", struct.pack("<QQ", 0, 5)),
            "a stream's number": with_entry("streams", b"a-1", struct.pack("<QQ", 1, 1)),
            "a stream's event missing": without("stream_events", 0),
            "a stream's event too many": with_entry("stream_events", number(1), number(0)),
            "an unknown stream's event": with_entry("stream_events", number(7), number(0)),
            "a size too small": meta(size=2), "a size too large": meta(size=4), "the root": meta(root=bytes(32)),
            "the next stream": meta(next=1), "the next stream but one": meta(next=3),
            "reserved bytes": meta(zero=1), "meta missing": without("meta", 0),
        }
        for place, (name, change) in enumerate(changes.items()):
            with self.subTest(name):
                store = f"{self.store}-{place}"
                write_store(
                    store, commit(draft(b"a-1", b"a.b", b"{}")), commit(draft(b"b-1", b"a.b", b"{}")),
                    commit(draft(b"a-1", b"a.b", b"{}", revision=1)), change=change)
                ours, report = cairn_says(store)
                theirs, other = python_says(store)
                self.assertNotEqual(ours, 0, report)
                self.assertEqual(theirs, 1, other)

    def test_newer_formats_are_refused_as_unreadable(self):
        write_store(self.store, *example())
        path = os.path.join(self.store, "store.json")
        with open(path) as file:
            text = file.read()
        with open(path, "w") as file:
            file.write(text.replace('"format":1', '"format":3'))
        self.assertEqual((cairn_says(self.store)[0], python_says(self.store)[0]), (5, 5))
        newer = f"{self.store}-record"
        write_store(newer, commit(draft(b"a-1", b"a.b", b"{}")), commit(draft(b"b-1", b"a.b", b"{}", format=2)))
        self.assertEqual((cairn_says(newer)[0], python_says(newer)[0]), (5, 5))


class RecordedStores(StoreTest):
    """A store that the command line made, and what can happen to its files."""

    @classmethod
    def setUpClass(cls):
        cls.made = tempfile.mkdtemp(prefix="cairn-verify-")
        cls.addClassCleanup(shutil.rmtree, cls.made)
        cls.original = os.path.join(cls.made, "store")
        result = run(CAIRN, "run", EXPERIMENT, "--store", cls.original)
        assert result.returncode == 0, result.stderr
        environment = lmdb.open(os.path.join(cls.original, "log"), readonly=True, lock=False, max_dbs=8)
        table = environment.open_db(b"events", create=False)
        with environment.begin() as transaction:
            cls.records = [bytes(value) for _, value in transaction.cursor(table)]
        environment.close()

    def copy(self, name):
        path = f"{self.store}-{name}"
        shutil.copytree(self.original, path)
        return path

    def damage(self, store, file, change):
        path = os.path.join(store, file, "data.mdb")
        with open(path, "rb") as opened:
            data = bytearray(opened.read())
        change(data)
        with open(path, "wb") as opened:
            opened.write(data)

    def test_heads_agree_also_with_expected_ones(self):
        report = self.both_accept(self.original)
        head, size = report["head"], report["events"]
        self.assertEqual(python_says(self.original, "--expect", head)[0], 0)
        self.assertEqual(python_says(self.original, "--expect", f"{size}:{head}")[0], 0)
        self.assertEqual(python_says(self.original, "--expect", f"{size + 1}:{head}")[1]["finding"]["position"], size)
        earlier = root([sha256(b"\0" + data) for data in self.records[:100]]).hex()
        self.assertEqual(cairn_says(self.original, "--expect", f"100:{earlier}")[0], 0)
        self.assertEqual(python_says(self.original, "--expect", f"100:{earlier}")[0], 0)
        self.assertEqual(python_says(self.original, "--expect", f"101:{earlier}")[0], 1)

    def test_a_sealed_store_is_valid_with_its_keys_and_without(self):
        store = self.copy("sealed")
        whole = python_says(store)[1]
        self.assertEqual((whole["sealedBlobs"], whole["uncheckedBlobs"]), (0, 0))
        result = run(CAIRN, "store", "encrypt", "--store", store)
        self.assertEqual(result.returncode, 0, result.stderr)
        for _ in ("with", "without"):
            report = self.both_accept(store)
            self.assertEqual(report["sealedBlobs"], report["blobs"])
            self.assertGreaterEqual(report["blobs"], whole["blobs"])
            shutil.rmtree(os.path.join(store, "keys"), ignore_errors=True)
        lines = run(CAIRN, "export", "jsonl", "--blobs", "inline", "--store", store)
        path = os.path.join(self.directory, "sealed.jsonl")
        with open(path, "w") as file:
            file.write(lines.stdout)
        self.assertIn('{"sealed":true}', lines.stdout)
        code, report = python_says("--export", path)
        self.assertEqual((code, report["blobs"]), (0, 0), report)

    def test_a_flipped_byte_in_a_record_is_rejected_by_both_with_its_position(self):
        generator = random.Random(SEED)
        places = [0, 2, 4, 8, 16, 24, 40, 48]
        for position in [0, len(self.records) - 1] + generator.sample(range(len(self.records)), 8):
            data = self.records[position]
            place = places.pop(0) if places else generator.randrange(len(data))
            with self.subTest(position=position, place=place):
                store = self.copy(position)

                def flip(file):
                    start, found = file.find(data), 0
                    while start >= 0:
                        file[start + place] ^= 1 << generator.randrange(8)
                        start, found = file.find(data, start + 1), found + 1
                    self.assertGreater(found, 0)
                self.damage(store, "log", flip)
                self.both_reject(store, position)

    def test_a_flipped_byte_in_a_blob_is_rejected_by_both_with_the_position_of_the_event_that_names_it(self):
        environment = lmdb.open(os.path.join(self.original, "blobs"), readonly=True, lock=False, max_dbs=2)
        table = environment.open_db(b"blobs", create=False)
        with environment.begin() as transaction:
            blobs = list(transaction.cursor(table))
        environment.close()
        kinds = {}
        for key, value in blobs:
            kinds.setdefault(value[0], (key, value))
        self.assertIn(0, kinds)
        self.assertIn(1, kinds)
        for kind, (key, value) in kinds.items():
            with self.subTest(kind=kind):
                store = self.copy(kind)

                def flip(file):
                    start = file.find(value)
                    while start >= 0:
                        file[start + len(value) // 2] ^= 0x10
                        start = file.find(value, start + 1)
                self.damage(store, "blobs", flip)
                name = key.hex().encode()
                self.both_reject(store, next(at for at, data in enumerate(self.records) if name in data))

    def test_a_blob_that_is_gone_is_missed_by_both(self):
        name = next(data for data in self.records if b'"blobs":["' in data).split(b'"blobs":["')[1][:64]
        store = self.copy("gone")
        environment = lmdb.open(os.path.join(store, "blobs"), max_dbs=2)
        table = environment.open_db(b"blobs")
        with environment.begin(write=True) as transaction:
            transaction.delete(bytes.fromhex(name.decode()), db=table)
        environment.close()
        self.both_reject(store, next(at for at, data in enumerate(self.records) if name in data))

    def test_files_that_were_cut_short_are_rejected_by_both_without_a_crash(self):
        head = python_says(self.original)[1]["head"]
        for file in ("log", "blobs"):
            size = os.path.getsize(os.path.join(self.original, file, "data.mdb"))
            for length in (0, 100, 4096, 8192, 3 * 4096, size // 2, size - 4096, size - 1):
                with self.subTest(file=file, length=length):
                    store = self.copy(f"{file}-{length}")
                    os.truncate(os.path.join(store, file, "data.mdb"), length)
                    ours, theirs = cairn_says(store), python_says(store)
                    if length <= size // 2:
                        self.assertTrue(theirs[0] in (1, 5) and ours[0] in (4, 5), (ours, theirs))
                    # The end of the file may be a free page, without which nothing is lost.
                    for code, report in (ours, theirs):
                        self.assertTrue(code != 0 or report["head"] == head, report)

    def test_missing_files_are_an_answer(self):
        for number, name in enumerate(("store.json", "log/data.mdb", "blobs/data.mdb", "log", "blobs")):
            with self.subTest(name):
                store = self.copy(number)
                path = os.path.join(store, name)
                shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
                self.assertEqual(python_says(store)[0], 5)
        self.assertEqual(python_says(os.path.join(self.directory, "nowhere"))[0], 5)

    def test_noise_anywhere_in_the_file_is_never_taken_for_another_history(self):
        generator = random.Random(SEED)
        head = python_says(self.original)[1]["head"]
        for number in range(30):
            store = self.copy(f"noise-{number}")

            def noise(file):
                start = generator.randrange(len(file))
                end = min(len(file), start + generator.choice((1, 8, 200)))
                file[start:end] = generator.randbytes(end - start)
            self.damage(store, "log", noise)
            code, report = python_says(store)
            with self.subTest(number):
                self.assertTrue(code != 0 or report["head"] == head, report)
            shutil.rmtree(store)

    def export(self, *arguments):
        path = os.path.join(self.directory, "export.jsonl")
        result = run(CAIRN, "audit", "export", "-o", path, "--store", self.original, *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return path

    def test_an_export_gives_the_head_of_its_store(self):
        # Each export is an event itself, and not in what it hands out.
        for arguments in ([], ["--blobs", "inline"]):
            head = python_says(self.original)[1]["head"]
            code, report = python_says("--export", self.export(*arguments))
            self.assertEqual((code, report["head"]), (0, head))
            self.assertEqual(report["blobs"] > 0, bool(arguments))
        code, report = python_says("--export", self.export("--to", "100"), "--expect", head)
        self.assertEqual((code, report["valid"]), (1, False))

    def test_a_filtered_export_is_checked_line_by_line(self):
        code, report = python_says("--export", self.export("--type", "llm.callCompleted"))
        self.assertEqual((code, report["whole"]), (0, False))

    def test_an_export_that_was_changed_is_rejected(self):
        path = self.export("--blobs", "inline")
        with open(path, "rb") as file:
            lines = file.readlines()
        at = next(number for number, line in enumerate(lines) if b'"type":"llm.callCompleted"' in line)
        swapped = [*lines[:at], lines[at + 1], lines[at], *lines[at + 2:]]
        first, rest = lines[at].split(b'"attempt":1', 1)
        cases = {
            "a line twice": [*lines[:at + 1], lines[at], *lines[at + 1:]],
            "a value": [*lines[:at], first + b'"attempt":2' + rest, *lines[at + 1:]],
            "a line swapped": swapped,
            "noise": [*lines[:at], b"\xff\xfe{\n", *lines[at + 1:]], "a number": [*lines[:at], b"1\n"],
            "cut short": [*lines[:at], lines[at][:-9]],
            "a blob": [*lines[:at], lines[at].replace(b'{"text":"', b'{"text":"x', 1)],
        }
        for name, changed in cases.items():
            with self.subTest(name):
                with open(path, "wb") as file:
                    file.writelines(changed)
                code, report = python_says("--export", path)
                self.assertEqual((code, report["finding"]["position"]), (1, at), report)


# Proofs: trees as RFC 6962 section 2.1 defines them, and OpenSSL for signatures


class SpecificationTree:
    """MTH, PATH and PROOF of RFC 6962, over the leaf hashes of the first events."""

    def __init__(self, leaves):
        self.leaves, self.roots = leaves, {}

    def split(self, low, high):
        return low + (1 << (high - low - 1).bit_length() - 1)

    def root(self, low, high):
        if high - low < 2:
            return self.leaves[low] if high > low else sha256(b"")
        if (low, high) not in self.roots:
            middle = self.split(low, high)
            self.roots[low, high] = sha256(b"\1" + self.root(low, middle) + self.root(middle, high))
        return self.roots[low, high]

    def path(self, place, low, high):
        if high - low == 1:
            return []
        middle = self.split(low, high)
        if place < middle:
            return self.path(place, low, middle) + [self.root(middle, high)]
        return self.path(place, middle, high) + [self.root(low, middle)]

    def proof(self, size, low, high, whole=True):
        if size == high:
            return [] if whole else [self.root(low, high)]
        middle = self.split(low, high)
        if size <= middle:
            return self.proof(size, low, middle, whole) + [self.root(middle, high)]
        return self.proof(size, middle, high, False) + [self.root(low, middle)]


class OpenSSLKey:
    """An Ed25519 key in the hands of OpenSSL."""

    PRIVATE = bytes.fromhex("302e020100300506032b657004220420")
    PUBLIC = bytes.fromhex("302a300506032b6570032100")

    def __init__(self, directory, public=None, seed=None):
        self.directory, self.file = directory, os.path.join(directory, "key.der")
        self.options = ["-pubin"] if seed is None else []
        with open(self.file, "wb") as file:
            file.write(self.PUBLIC + public if seed is None else self.PRIVATE + seed)

    def run(self, message, *options):
        path = os.path.join(self.directory, "message")
        with open(path, "wb") as file:
            file.write(message)
        command = ["openssl", "pkeyutl", "-inkey", self.file, "-keyform", "DER", "-rawin", "-in", path]
        return subprocess.run([*command, *self.options, *options], capture_output=True, timeout=60)

    def verifies(self, message, signature):
        path = os.path.join(self.directory, "signature")
        with open(path, "wb") as file:
            file.write(signature)
        return self.run(message, "-verify", "-sigfile", path).returncode == 0

    def sign(self, message):
        result = self.run(message, "-sign")
        assert len(result.stdout) == 64, result.stderr
        return result.stdout

    def public(self):
        command = ["openssl", "pkey", "-in", self.file, "-inform", "DER", "-pubout", "-outform", "DER"]
        return subprocess.run(command, capture_output=True, timeout=60, check=True).stdout[-32:]


class Proofs(StoreTest):
    """Checkpoints and proofs of the command line, judged by the verifier, by OpenSSL and by RFC 6962 alone."""

    SIZES = (0, 1, 255, 256, 257, 65_536, 70_000) + ((1_000_000,) if os.environ.get("CAIRN_LONG") == "1" else ())

    def cairn(self, *arguments):
        result = run(CAIRN, "audit", *arguments, "--json", "--store", self.store)
        self.assertEqual(result.returncode, 0, (arguments, result.stderr))
        return json.loads(result.stdout)

    def path(self, name, text=None):
        path = os.path.join(self.directory, name)
        if text is not None:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        return path

    def make(self, count):
        """A log of so many events in streams of a thousand; their leaf hashes."""
        entries = []
        for number in range(count):
            entries += commit(draft(b"a-%d" % (number // 1000), b"a.b", b'{"n":%d}' % number, revision=number % 1000))
        write_store(self.store, entries)
        return [sha256(b"\0" + data) for _, data in entries]

    def test_heads_and_proofs_of_every_size_are_those_of_the_definition(self):
        leaves = self.make(self.SIZES[-1])
        tree = SpecificationTree(leaves)
        key = self.path("lab.vkey", self.cairn("key", "create")["key"] + "\n")
        for size in self.SIZES:
            head = self.cairn("head", "--at", str(size))
            self.assertEqual(head["head"], tree.root(0, size).hex(), size)
            for place in sorted({0, size // 2, size - 1, 255, 256} & set(range(size))):
                proof = self.cairn("prove", str(place), "--at", str(size), "-o", self.path("proof"))
                self.assertEqual(proof["hashes"], [node.hex() for node in tree.path(place, 0, size)], (place, size))
                self.assertEqual(proof["leaf"], leaves[place].hex())
                code, report = python_says("--proof", self.path("proof"), "--key", key)
                self.assertEqual((code, report.get("position")), (0, place), report)
        for number, size in enumerate(self.SIZES):
            self.path("from", self.cairn("head", "--sign", "--at", str(size))["checkpoint"])
            for later in self.SIZES[number:]:
                growth = self.cairn("consistency", "--from", self.path("from"), "--to", str(later), "-o", self.path("to"))
                due = tree.proof(size, 0, later) if size else []
                self.assertEqual(growth["hashes"], [node.hex() for node in due], (size, later))
                code, report = python_says("--proof", self.path("to"), "--from", self.path("from"), "--key", key)
                self.assertEqual((code, report.get("from")), (0, size), report)

    def test_signatures_are_valid_for_openssl_and_so_are_cosignatures_of_openssl_for_us(self):
        self.make(300)
        head = self.cairn("head", "--sign")
        name, identity, material = head["key"].split("+", 2)
        public = base64.b64decode(material)[1:]
        body, signatures = head["checkpoint"].split("\n\n")
        body = (body + "\n").encode()
        plain, timed = [base64.b64decode(line.split(" ")[2]) for line in signatures.splitlines()]
        self.assertEqual(plain[:4].hex(), identity)
        judge = OpenSSLKey(self.directory, public=public)
        self.assertTrue(judge.verifies(body, plain[4:]))
        self.assertFalse(judge.verifies(body + b"\n", plain[4:]))
        time = int.from_bytes(timed[4:12], "big")
        self.assertTrue(judge.verifies(b"cosignature/v1\ntime %d\n" % time + body, timed[12:]))
        witness = OpenSSLKey(self.directory, seed=bytes(range(32)))
        public = witness.public()
        identity = sha256(b"witness.example\n\x04" + public)[:4]
        vkey = f"witness.example+{identity.hex()}+{base64.b64encode(bytes([4]) + public).decode()}"
        signature = witness.sign(b"cosignature/v1\ntime 1790000000\n" + body)
        line = base64.b64encode(identity + (1_790_000_000).to_bytes(8, "big") + signature).decode()
        self.path("answer", f"\u2014 witness.example {line}\n")
        witnessed = self.cairn("witness", "add", self.path("answer"), "--witness", vkey)["checkpoint"]
        report = self.cairn("verify", "--witness", vkey, "--quorum", "1")
        self.assertEqual((report["verdict"], report["witnesses"]["by"][0]["time"]), ("witnessed", 1_790_000_000_000_000))
        code, report = python_says(
            self.store, "--checkpoint", self.path("witnessed", witnessed), "--key", head["key"], "--witness", vkey)
        self.assertEqual((code, report.get("witnesses")), (0, [vkey]), report)

    def test_what_was_changed_is_refused_by_both(self):
        self.make(300)
        key = self.cairn("key", "create")["key"]
        proof = self.cairn("prove", "123", "--at", "300")["proof"]
        old = self.cairn("head", "--sign", "--at", "257")["checkpoint"]
        lines = proof.split("\n")
        other = self.cairn("prove", "124", "--at", "300")["proof"].split("\n")
        root = lines.index("") + 3
        cases = {
            "another index": [*lines[:2], "index 124", *lines[3:]], "another event": [lines[0], other[1], *lines[2:]],
            "another size": [*lines[:lines.index("")], "", *old.split("\n")],
            "a hash less": [*lines[:3], *lines[4:]], "hashes exchanged": [*lines[:3], lines[4], lines[3], *lines[5:]],
            "another root": [*lines[:root], base64.b64encode(bytes(32)).decode(), *lines[root + 1:]],
            "no signature": [*lines[:root + 2], ""], "noise": ["c2sp.org/tlog-proof@v1", "extra ?", *lines[2:]],
        }
        for name, changed in cases.items():
            with self.subTest(name):
                path = self.path("changed", "\n".join(changed))
                ours = run(CAIRN, "audit", "check-proof", path, "--key", key)
                self.assertIn(ours.returncode, (2, 4), (name, ours.stdout, ours.stderr))
                code, report = python_says("--proof", path, "--key", key)
                self.assertEqual((code, report["valid"]), (1, False), report)
        path = self.path("whole", proof)
        self.assertEqual(run(CAIRN, "audit", "check-proof", path, "--key", key).returncode, 0)
        self.assertEqual(python_says("--proof", path, "--key", key)[0], 0)

    def test_a_store_is_compared_with_the_checkpoints_that_others_keep(self):
        self.make(300)
        head = self.cairn("head", "--sign", "--at", "257")
        kept, key = self.path("kept", head["checkpoint"]), head["key"]
        code, report = python_says(self.store, "--checkpoint", kept, "--key", key)
        self.assertEqual((code, report.get("signedBy")), (0, key), report)
        shutil.rmtree(self.store)
        self.make(200)
        code, report = python_says(self.store, "--checkpoint", kept, "--key", key)
        self.assertEqual((code, report["finding"].get("position")), (1, 200), report)
        self.assertEqual(cairn_says(self.store, "--checkpoint", kept, "--key", key)[0], 4)
        self.assertEqual(python_says(self.store, "--key", key)[0], 1)


def spoilt_archives(path, files):
    """Writes archives of the files with something that is none of them, one after the other, and says what it is."""

    def write(add=lambda archive: None, kept=b"", mode="w", **options):
        with open(path, "wb") as file:
            file.write(kept)
        with zipfile.ZipFile(path, mode, zipfile.ZIP_DEFLATED) as archive:
            for name, data in files.items():
                archive.writestr(name, data, **options)
            add(archive)

    def edit(change):
        write()
        with open(path, "rb") as file:
            data = file.read()
        with open(path, "wb") as file:
            file.write(change(data))

    def noted(archive):
        archive.infolist()[0].comment = b"Ask mallory@example.org for the key."

    def shifted(archive):
        archive.fp.write(b"between")
        archive.start_dir = archive.fp.tell()

    def between(archive):
        archive.fp.write(b"between")
        archive.start_dir = archive.fp.tell()
        archive.writestr("last.txt", "")

    def extended(archive):
        archive.infolist()[0].extra = b"hi\x05\0hello"

    def shared(archive):
        twin = archive.infolist()[-1]
        archive.filelist.append(twin)

    for what, add in {
        "a directory with content": lambda archive: archive.writestr("notes/", b"Ask mallory@example.org"),
        "a comment": lambda archive: setattr(archive, "comment", b"Ask mallory@example.org"),
        "a comment of a file": noted,
        "an unknown extra field": extended,
        "bytes between two files": between,
        "bytes before the directory": shifted,
        "two entries of the same bytes": shared,
    }.items():
        write(add)
        yield what
    with open(path, "wb") as file:
        with zipfile.ZipFile(OneWay(file), "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in files.items():
                archive.writestr(name, data)
            archive.fp.write(b"x" * 8)
            archive.start_dir = archive.fp.tell()
    yield "bytes behind the sizes of the last file"
    write(kept=b"#!/bin/sh\n", mode="a")
    yield "bytes in front that the offsets know of"
    edit(lambda data: b"#!/bin/sh\n" + data)
    yield "bytes in front"
    edit(lambda data: data + b"x")
    yield "a byte behind"
    edit(lambda data: data + b"x" * 70)
    yield "bytes behind"
    write(compress_type=zipfile.ZIP_BZIP2)
    yield "another packing"


def key_text(name, public):
    """A public key of a name."""
    material = b"\1" + public
    return f"{name}+{sha256(name.encode() + bytes([10]) + material)[:4].hex()}+{base64.b64encode(material).decode()}"


SOMEBODYS_KEY = key_text("somebody", b"k" * 32)


class Samples(unittest.TestCase):
    """Samples of a run, judged by the verifier and the command line."""

    @classmethod
    def setUpClass(cls):
        cls.made = tempfile.mkdtemp(prefix="cairn-verify-")
        cls.addClassCleanup(shutil.rmtree, cls.made)
        cls.store = os.path.join(cls.made, "store")
        cls.cairn("run", EXPERIMENT, "--store", cls.store)
        cls.path = os.path.join(cls.made, "sample.cairn.zip")
        cls.sample, cls.key = cls.prove(cls.store, cls.path)

    @classmethod
    def cairn(cls, *words):
        result = run(CAIRN, *words)
        assert result.returncode == 0, (words, result.stderr)
        return result.stdout

    @classmethod
    def prove(cls, store, path, scenario="spring"):
        """The content of a sample that the command line makes, and the key that has signed it."""
        cls.cairn(
            "bundle", "prove-sample", "--model", "careful", "--scenario", scenario, "-o", path, "--store", store)
        with zipfile.ZipFile(path) as archive:
            sample = json.loads(archive.read("sample.json"))
        return sample, sample["keys"][0]

    def changed(self, change, archived="sample.json", beside={}):
        """A copy of the sample with a change, in canonical form, and with files beside it."""
        value = json.loads(json.dumps(self.sample))
        change(value)
        path = os.path.join(self.made, "changed.cairn.zip")
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(archived, json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False))
            for name, text in beside.items():
                archive.writestr(name, text)
        return path

    def both_refuse(self, path, *arguments):
        ours = run(CAIRN, "bundle", "verify", path, *arguments)
        self.assertEqual(ours.returncode, 4, (ours.stdout, ours.stderr))
        code, report = python_says("--sample", path, *arguments)
        self.assertEqual((code, report["valid"]), (1, False), report)

    def test_a_sample_is_proven_and_says_what_was_laid_down_before(self):
        ours = json.loads(self.cairn("bundle", "verify", self.path, "--key", self.key, "--json"))
        code, report = python_says("--sample", self.path, "--key", self.key)
        self.assertEqual((code, report["valid"], report["trusted"]), (0, True, True), report)
        self.assertEqual((report["sample"], report["head"]), (ours["labels"], ours["head"]))
        self.assertEqual((report["blobs"], report["withheld"], report["signedBy"]), (ours["blobs"], [], self.key))
        laid_down, stated = report["laidDown"], self.sample["index"]["commitments"]
        self.assertEqual((laid_down["definition"], laid_down["rubrics"]), (stated["definition"], stated["rubrics"]))
        self.assertTrue(laid_down["before"] and laid_down["submitted"] < laid_down["firstCall"], laid_down)
        self.assertEqual([event["position"] for event in report["proven"]], [
            event["position"] for event in self.sample["events"]])
        code, report = python_says("--sample", self.path)
        self.assertEqual((code, report["trusted"]), (0, False), report)
        words = run(sys.executable, VERIFIER, "--sample", self.path).stdout
        self.assertIn(f"the definition {stated['definition']}", words)
        self.assertIn("known from the sample alone", words)

    def test_a_sample_says_in_at_most_10_000_bytes_how_it_is_checked(self):
        self.assertLessEqual(os.path.getsize(self.path), 10_000)
        with zipfile.ZipFile(self.path) as archive:
            text = archive.read("README.md").decode()
        self.assertIn("cairn bundle verify", text)
        self.assertIn("verify_log.py --sample", text)

    def test_what_was_changed_in_a_sample_is_refused_by_both(self):
        other, _ = self.prove(self.store, os.path.join(self.made, "other.cairn.zip"), "autumn")
        calls = [at for at, event in enumerate(self.sample["events"]) if event["type"] == "llm.callCompleted"]
        theirs = [event for event in other["events"] if event["type"] == "llm.callCompleted"]
        named = self.sample["events"][calls[0]]["data"]["exchange"]["body"]
        size = self.sample["index"]["size"]
        older = json.loads(self.cairn("audit", "head", "--sign", "--at", str(size - 1), "--json", "--store", self.store))

        def exchanged(value):
            value["events"][calls[0]] = theirs[0]
            value["events"].sort(key=lambda event: event["position"])
            value["blobs"] |= {name: blob for name, blob in other["blobs"].items() if name in json.dumps(theirs[0])}

        def anew(value):
            """Another answer in an event whose leaf is right: only the tree doesn't have it."""
            event = value["events"][calls[0]]
            event["data"]["attempt"] = 2
            data, metadata = (
                json.dumps(event[name], separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()
                for name in ("data", "metadata"))
            seconds = calendar.timegm(time.strptime(event["time"][:19], "%Y-%m-%dT%H:%M:%S"))
            fields = draft(
                event["stream"].encode(), event["type"].encode(), data, metadata, revision=event["revision"],
                index=event["commit"]["index"], count=event["commit"]["count"], version=event["version"],
                time=seconds * 1_000_000 + int(event["time"][20:26]))
            event["leaf"] = sha256(b"\0" + record(fields, bytes.fromhex(event["commit"]["id"]))).hex()

        def dropped(value):
            del value["events"][calls[0]]
            value["index"]["events"] -= 1

        def other_head(value):
            value["checkpoint"] = older["checkpoint"]
            value["index"] |= {"size": older["events"], "head": older["head"]}

        def other_signature(value):
            body, signatures = value["checkpoint"].split("\n\n")
            line, rest = signatures.split("\n", 1)
            start, signature = line.rsplit(" ", 1)
            data = bytearray(base64.b64decode(signature))
            data[-1] ^= 1
            value["checkpoint"] = f"{body}\n\n{start} {base64.b64encode(data).decode()}\n{rest}"

        added = {sha256(b"x").hex(): {"text": "x"}}

        def withheld_too(value):
            value["blobs"].update({name: {"missing": True} for name in added})
            value["index"]["withheld"] = list(added)

        def taken_away(value):
            del value["blobs"][named]
            value["index"]["withheld"] = [named]

        cases = {
            "a flipped blob": lambda value: value["blobs"][named].update(text=value["blobs"][named]["text"] + " "),
            "a blob less": lambda value: value["blobs"].pop(named),
            "a blob hidden": lambda value: value["blobs"].update({named: {"missing": True}}),
            "a blob said to be withheld": lambda value: value["index"].update(withheld=[named]),
            "another's event": exchanged, "an event written anew": anew, "an event dropped": dropped,
            "an event twice": lambda value: value["events"].insert(calls[0], value["events"][calls[0]]),
            "two events in another order": lambda value: value["events"].reverse(),
            "an event's leaf": lambda value: value["events"][0].update(leaf="0" * 64),
            "a proof for another size": lambda value: value["proof"].update(size=size + 1),
            "a proof with a hash less": lambda value: value["proof"]["hashes"].pop(),
            "a proof with a hash more": lambda value: value["proof"]["hashes"].append("0" * 64),
            "another signed head": other_head, "another signature": other_signature,
            "no signature of these keys": lambda value: value.update(keys=[]),
            "another definition": lambda value: value["index"]["commitments"].update(definition=named),
            "a definition laid down elsewhere": lambda value: value["index"]["commitments"].update(submitted=0),
            "a first call that was later": lambda value: value["index"]["commitments"].update(firstCall=size),
            "other rubrics": lambda value: value["index"]["commitments"].update(rubrics={"quality": named}),
            "another experiment": lambda value: value["index"].update(experiment="sonnet"),
            "another run": lambda value: value["index"].update(run="another"),
            "other labels": lambda value: value["labels"].update(model="hasty"),
            "other code": lambda value: value["index"]["code"].pop(),
            "forks that aren't": lambda value: value["index"].update(format=3),
            "a format before the first": lambda value: value["index"].update(format=0),
            "a format that no sample has": lambda value: value["index"].update(format=2),
            "a member that no index has": lambda value: value["index"].update(more=1),
            "an index of a bundle": lambda value: value["index"].update(kind="run"),
            "read models": lambda value: value["index"].update(readModels={"runs": named}),
            "a program that is none": lambda value: value["index"].update(cairn="certified by somebody"),
            "a blob that no event names": lambda value: value["blobs"].update(added),
            "a withheld blob that no event names": withheld_too,
            "a blob taken away and said to be withheld": taken_away,
            "a blob withheld in another way": lambda value: (
                value["blobs"].update({named: {"sealed": True}}), value["index"].update(withheld=[named])),
            "a key of somebody else's": lambda value: value["keys"].append(SOMEBODYS_KEY),
        }
        self.both_refuse_nothing(self.changed(lambda value: None))
        # Older programs wrote the keys that the store had before, too.
        retired = key_text(self.sample["index"]["origin"], b"k" * 32)
        self.both_refuse_nothing(self.changed(lambda value: value["keys"].insert(0, retired)))
        for name, change in cases.items():
            with self.subTest(name):
                self.both_refuse(self.changed(change))

    def test_another_text_beside_a_sample_is_refused_by_both(self):
        for name in ("README.md", "notes.txt"):
            self.both_refuse(self.changed(lambda value: None, beside={name: "Ask mallory@example.org for the key."}))

    def test_a_sample_is_an_archive_of_files_alone(self):
        with zipfile.ZipFile(self.path) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        path = os.path.join(self.made, "spoilt.cairn.zip")
        for what in spoilt_archives(path, files):
            with self.subTest(what):
                code, report = python_says("--sample", path, "--key", self.key)
                self.assertEqual((code, report["valid"]), (1, False), report)
                self.assertEqual(run(CAIRN, "bundle", "verify", path, "--key", self.key).returncode, 4)

    def both_refuse_nothing(self, path):
        self.assertEqual(run(CAIRN, "bundle", "verify", path).returncode, 0)
        self.assertEqual(python_says("--sample", path)[0], 0)

    def test_another_key_is_refused_by_both_whoever_the_sample_brings(self):
        other = os.path.join(self.made, "other-store")
        write_store(other, *example())
        key = json.loads(self.cairn("audit", "key", "create", "--json", "--store", other))["key"]
        self.both_refuse(self.path, "--key", key)
        path = self.changed(lambda value: value.update(keys=[key]))
        self.both_refuse(path)
        self.both_refuse(path, "--key", self.key)

    def test_a_file_that_is_no_sample_is_an_answer(self):
        with open(self.path, "rb") as file:
            whole = file.read()
        path = os.path.join(self.made, "cut.cairn.zip")
        for length in (0, 100, len(whole) // 2, len(whole) - 1):
            with open(path, "wb") as file:
                file.write(whole[:length])
            self.assertEqual(python_says("--sample", path)[0], 1, length)
        self.assertEqual(python_says("--sample", self.changed(lambda value: None, "other.json"))[0], 1)
        for name in self.sample:
            self.assertEqual(python_says("--sample", self.changed(lambda value: value.pop(name)))[0], 1, name)
            self.assertEqual(python_says("--sample", self.changed(lambda value: value.update({name: 1})))[0], 1, name)
        newer = self.changed(lambda value: value["index"].update(format=4))
        self.assertEqual(python_says("--sample", newer)[0], 5)
        self.assertEqual(python_says("--sample", os.path.join(self.made, "nowhere"))[0], 5)

    def test_what_is_withheld_is_shown_with_its_digest(self):
        store, path = os.path.join(self.made, "redacted"), os.path.join(self.made, "redacted.cairn.zip")
        shutil.copytree(self.store, store)
        call = next(event for event in self.sample["events"] if event["type"] == "llm.callCompleted")
        erased = call["data"]["exchange"]["body"]
        self.cairn("audit", "redact", "--blob", erased, "--shared", "--reason", "withdrew", "--store", store)
        sample, key = self.prove(store, path)
        ours = json.loads(self.cairn("bundle", "verify", path, "--key", key, "--json"))
        code, report = python_says("--sample", path, "--key", key)
        self.assertEqual(code, 0, report)
        self.assertEqual((report["withheld"], report["blobs"]), ([erased], ours["blobs"]))
        self.assertEqual(sample["blobs"][erased], {"missing": True})
        self.assertIn(f"withheld: {erased}", run(sys.executable, VERIFIER, "--sample", path).stdout)

    def test_a_sample_of_a_run_whose_definition_was_erased_is_proven_without_it(self):
        store, path = os.path.join(self.made, "undefined"), os.path.join(self.made, "undefined.cairn.zip")
        shutil.copytree(self.store, store)
        definition = self.sample["index"]["commitments"]["definition"]
        self.cairn(
            "audit", "redact", "--blob", definition, "--shared", "--far-reaching", "--reason", "withdrew", "--store", store)
        words = self.cairn(
            "bundle", "prove-sample", "--model", "careful", "--scenario", "spring", "-o", path, "--store", store)
        self.assertIn(f"the definition, with its rubrics and data set, {definition}: it isn't in the store any more", words)
        sample, key = self.prove(store, path)
        self.assertEqual(sample["blobs"], self.sample["blobs"] | {definition: {"missing": True}})
        self.assertEqual((sample["events"], sample["labels"]), (self.sample["events"], self.sample["labels"]))
        ours = json.loads(self.cairn("bundle", "verify", path, "--key", key, "--json"))
        code, report = python_says("--sample", path, "--key", key)
        self.assertEqual((code, report["withheld"], ours["withheld"]), (0, [definition], [definition]), report)
        laid_down = (report["laidDown"], ours["commitments"])
        self.assertEqual([(one["definition"], one.get("rubrics", {})) for one in laid_down], [(definition, {})] * 2)
        none = run(
            CAIRN, "bundle", "prove-sample", "--model", "careful", "--scenario", "nowhere", "-o", path, "--store", store)
        self.assertEqual(none.returncode, 2, none.stderr)

    def test_rubrics_are_believed_only_from_a_definition_that_is_there(self):
        experiment, store = os.path.join(self.made, "long.yaml"), os.path.join(self.made, "long")
        with open(EXPERIMENT, encoding="utf-8") as file:
            text = file.read()
        with open(experiment, "w", encoding="utf-8") as file:
            file.write(text.replace("preamble: ", "preamble: " + "Think well. " * 2_000, 1))
        self.cairn("run", experiment, "--store", store)
        sample, _ = self.prove(store, os.path.join(self.made, "long.cairn.zip"))
        definition = sample["index"]["commitments"]["definition"]
        self.assertIn(definition, sample["index"]["withheld"])
        forged = "0" * 64
        sample["index"]["commitments"]["rubrics"]["quality"] = forged
        path = self.changed(lambda value: value.update(sample))
        code, report = python_says("--sample", path)
        self.assertEqual((code, report["laidDown"]["definition"]), (0, definition), report)
        ours = json.loads(self.cairn("bundle", "verify", path, "--json"))
        self.assertEqual((ours["valid"], ours["commitments"]["rubrics"]), (True, {}))
        for words in (self.cairn("bundle", "verify", path), run(sys.executable, VERIFIER, "--sample", path).stdout):
            self.assertIn(definition, words)
            self.assertNotIn(forged, words)

    def test_a_sample_of_a_fork_says_what_was_changed_and_nothing_of_before(self):
        fork, path = os.path.join(self.made, "fork"), os.path.join(self.made, "fork.cairn.zip")
        self.cairn("replay", "what-if", "--weights", "imagery=0.5", "-o", fork, "--store", self.store)
        self.prove(fork, path)
        self.both_refuse_nothing(path)
        words = run(sys.executable, VERIFIER, "--sample", path).stdout
        self.assertIn("changed: weights imagery=0.5", words)
        self.assertNotIn("laid down", words)


class Bundles(unittest.TestCase):
    """Recorded bundles of each format, and forgeries of the one whose manifest is signed."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="cairn-bundle-")
        self.addCleanup(directory.cleanup)
        self.changed = os.path.join(directory.name, "changed.zip")

    def recorded(self, name):
        directory = os.path.join(ROOT, "replay-fixtures", name)
        with open(os.path.join(directory, "expected.json"), encoding="utf-8") as file:
            return os.path.join(directory, "run.cairn.zip"), json.load(file)

    def files(self):
        """What a signed bundle has, and its key."""
        path, expected = self.recorded("bundle-signed")
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}, expected["key"]

    def strip(self, files):
        """Passes the bundle off as one of an older release."""
        files["bundle.json"] = files["bundle.json"].replace(b'"format":4', b'"format":1')
        del files["manifest-signature.txt"]

    def judged(self, change, adapts=True, options=(), memory=None):
        """What the verifier and the command line say of a bundle that was changed; its manifest is made to fit."""
        files, key = self.files()
        change(files)
        if adapts:
            names = sorted(files.keys() - {"manifest-sha256.txt", "manifest-signature.txt"})
            lines = [f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in names]
            files["manifest-sha256.txt"] = "".join(lines).encode()
        with zipfile.ZipFile(self.changed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        result = run(CAIRN, "bundle", "verify", self.changed, "--key", key, "--json", *options)
        return *python_says("--bundle", self.changed, "--key", key, *options, memory=memory), result.returncode

    def test_recorded_bundles_are_valid(self):
        for name in ("bundle-whole", "bundle-gaps", "bundle-fork", "bundle-signed"):
            path, expected = self.recorded(name)
            for options in ([], ["--key", expected["key"]]):
                code, report = python_says("--bundle", path, *options)
                self.assertEqual(code, 0, report)
                self.assertEqual(report["head"], expected["verdict"]["head"])
                self.assertEqual(report["blobs"], expected["verdict"]["blobs"])
                self.assertEqual(report["manifestSigned"], expected["format"] >= 4)
                self.assertEqual(report["trusted"], bool(options))
                self.assertEqual(report.get("manifestSignedBy", []), [expected["key"]] * report["manifestSigned"])
            _, other = self.recorded("bundle-whole" if name == "bundle-signed" else "bundle-signed")
            self.assertEqual(python_says("--bundle", path, "--key", other["key"])[0], 1)

    def test_a_file_that_was_exchanged_with_its_manifest_is_named_by_both(self):
        for name in ("README.md", "verify.py", "ro-crate-metadata.json", "schemas/extra.txt", "report/report.md"):
            for adapts in (True, False):
                code, report, ours = self.judged(lambda files: files.update({name: files.get(name, b"") + b" "}), adapts)
                self.assertEqual((code, ours), (1, 4), report)
                self.assertTrue(report["finding"]["message"].startswith(name + " "), report)
        code, report, ours = self.judged(lambda files: files.pop("manifest-signature.txt"))
        self.assertEqual((code, ours, report["finding"]["message"]), (1, 4, "manifest-signature.txt is missing"))

    def test_a_signature_that_was_taken_away_is_told(self):
        def lower(files):
            signature = files["manifest-signature.txt"]
            self.strip(files)
            files["manifest-signature.txt"] = signature

        def strip_all(files):
            files["README.md"] += b" "
            self.strip(files)

        code, report, ours = self.judged(lower)
        self.assertEqual((code, ours), (1, 4), report)
        code, report, ours = self.judged(strip_all)
        self.assertEqual((code, ours, report["manifestSigned"]), (0, 0, False), report)
        words = run(sys.executable, VERIFIER, "--bundle", self.changed).stdout
        self.assertIn("events may have been left out, also those which tell of a fork", words)
        code, report, ours = self.judged(strip_all, options=["--signed-manifest"])
        self.assertEqual((code, ours), (1, 4), report)
        self.assertIn("its manifest isn't signed", report["finding"]["message"])
        code, report, ours = self.judged(lambda files: None, options=["--signed-manifest"])
        self.assertEqual((code, ours, report["manifestSigned"]), (0, 0, True), report)

    def test_a_part_that_is_not_what_it_has_to_be_is_broken_for_both(self):
        for name, data in (
            ("bundle.json", b"{}"), ("bundle.json", b"[]"), ("bundle.json", b"nonsense"), ("proof.json", b"{}"),
            ("proof.json", b'{"hashes":[1],"size":5}'), ("keys.txt", b"no key\n"), ("checkpoint.txt", b"\xff"),
        ):
            with self.subTest(name=name, data=data):
                code, report, ours = self.judged(lambda files: files.update({name: data}))
                self.assertEqual((code, ours), (1, 4), report)

    def test_one_of_the_keys_of_a_file_must_have_signed(self):
        path, expected = self.recorded("bundle-signed")
        other = self.recorded("bundle-whole")[1]["key"]
        with open(self.changed, "w", encoding="utf-8") as file:
            file.write(f"{other}\n{expected['key']}\n")
        code, report = python_says("--bundle", path, "--key", self.changed)
        self.assertEqual((code, report["signedBy"]), (0, expected["key"]), report)
        with open(self.changed, "w", encoding="utf-8") as file:
            file.write("\n")
        self.assertEqual(run(sys.executable, VERIFIER, "--bundle", path, "--key", self.changed).returncode, 2)

    def test_a_bundle_is_an_archive_of_files_alone(self):
        files, key = self.files()
        for what in spoilt_archives(self.changed, files):
            with self.subTest(what):
                code, report = python_says("--bundle", self.changed, "--key", key)
                self.assertEqual((code, report["valid"]), (1, False), report)
                self.assertEqual(run(CAIRN, "bundle", "verify", self.changed, "--key", key).returncode, 4)

    def test_what_bundle_json_says_is_what_the_events_say(self):
        def said(edit):
            def change(files):
                self.strip(files)
                index = json.loads(files["bundle.json"])
                edit(index)
                text = json.dumps(index, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
                files["bundle.json"] = text.encode()
            return self.judged(change)

        def at(*path, value):
            def edit(index):
                for name in path[:-1]:
                    index = index[name]
                index[path[-1]] = value(index.get(path[-1])) if callable(value) else value
            return edit

        code, report, ours = said(lambda index: None)
        self.assertEqual((code, ours), (0, 0), report)
        digest, fork = "0" * 64, {"changes": [], "head": "0" * 64, "parent": "p", "runs": [], "size": 1}
        for edit in (
            at("events", value=lambda count: count + 1), at("size", value=lambda count: count + 1),
            at("head", value=digest), at("origin", value=lambda text: text + "x"), at("run", value="another"),
            at("run", value="no id"), at("experiment", value=lambda text: text + "x"), at("kind", value="sample"),
            at("kind", value="unknown"), at("code", value=[]), at("code", value={}),
            at("code", value=lambda code: code[::-1]), at("code", value=lambda code: code[:-1]),
            at("commitments", "definition", value=digest), at("commitments", "dataset", value=digest),
            at("commitments", "submitted", value=lambda position: position + 1),
            at("commitments", "firstCall", value=1), at("commitments", "rubrics", value={"judge": digest}),
            at("commitments", "rubrics", value=[]), at("withheld", value=[digest]), at("withheld", value=["x"]),
            at("withheld", value=digest), at("forks", value=[fork]), at("cairn", value=1), at("more", value=1),
            at("readModels", "runs", value="x"), lambda index: index.pop("readModels"),
            lambda index: index.update(format=3, forks=[fork]), at("format", value=2), at("format", value=3),
            at("format", value=0), at("format", value=-1), at("format", value=1.5), at("format", value="1"),
            at("format", value=True),
        ):
            code, report, ours = said(edit)
            self.assertEqual((code, ours), (1, 4), report)
        code, report, ours = said(at("format", value=5))
        self.assertEqual((code, ours), (5, 4), report)
        self.assertIn("known are 1 to 4", report["error"])

    def test_the_definition_is_the_one_that_was_submitted(self):
        def change(edit):
            return self.judged(lambda files: (self.strip(files), edit(files)))

        for edit in (
            lambda files: files.pop("experiment.json"),
            lambda files: files.update({"experiment.json": files["experiment.json"].replace(b"{", b"{ ", 1)}),
        ):
            code, report, ours = change(edit)
            self.assertEqual((code, ours), (1, 4), report)
            self.assertIn("experiment.json", report["finding"]["message"])

    def test_no_blob_is_missing_that_isnt_withheld(self):
        def change(files):
            self.strip(files)
            del files[max(name for name in files if name.startswith("blobs/"))]

        code, report, ours = self.judged(change)
        self.assertEqual((code, ours), (1, 4), report)

    def test_an_archive_that_was_packed_anew_is_valid(self):
        files, key = self.files()
        with open(self.changed, "wb") as file:
            with zipfile.ZipFile(OneWay(file), "w", zipfile.ZIP_DEFLATED) as archive:
                for name, data in files.items():
                    archive.writestr(name, data)
        self.assertEqual(run(CAIRN, "bundle", "verify", self.changed, "--key", key).returncode, 0)
        self.assertEqual(python_says("--bundle", self.changed, "--key", key)[0], 0)

    def test_large_files_take_no_memory(self):
        noughts, memory = bytes(200_000_000), 180_000_000

        def enlarge(name):
            def change(files):
                self.strip(files)
                files[name] = noughts
            return change

        code, report, ours = self.judged(enlarge("README.md"), memory=memory)
        self.assertEqual((code, ours), (0, 0), report)
        for name, adapts, words in (
            ("events/00000000.jsonl", True, "has a line of more than"),
            ("manifest-sha256.txt", False, "more than the"),
            ("checkpoint.txt", True, "more than the"),
            ("keys.txt", True, "more than the"),
        ):
            code, report, ours = self.judged(enlarge(name), adapts, memory=memory)
            self.assertEqual((code, ours), (1, 4), report)
            self.assertIn(words, report["finding"]["message"])

    def test_a_file_beyond_the_limit_is_not_read(self):
        def change(files):
            files["proof.json"] = bytes(268_435_457)

        code, report, ours = self.judged(change, adapts=False, memory=180_000_000)
        self.assertEqual((code, ours), (1, 4), report)
        self.assertEqual(report["finding"]["message"], "proof.json has 268435457 bytes, more than 268435456")

    def test_a_long_text_in_json_takes_little_more_than_its_length(self):
        def change(files):
            files["proof.json"] = b'{"hashes":["' + b"a" * 16_000_000 + b'"]}'

        code, report, ours = self.judged(lambda files: (self.strip(files), change(files)), memory=300_000_000)
        self.assertEqual((code != 0, ours), (True, 4), report)
        self.assertNotIn("MemoryError", json.dumps(report))

    def test_lines_of_a_manifest_are_a_digest_and_a_name_and_none_is_there_twice(self):
        def change(edit):
            def apply(files):
                self.strip(files)
                lines = [line for line in files["manifest-sha256.txt"].splitlines(True) if b"bundle.json" not in line]
                digest = sha256(files["bundle.json"]).hex().encode()
                files["manifest-sha256.txt"] = edit(b"".join(sorted(lines + [digest + b"  bundle.json\n"])))
            return apply

        code, report, ours = self.judged(change(lambda text: text), adapts=False)
        self.assertEqual((code, ours), (0, 0), report)
        for edit in (lambda text: b"x" + text[1:], lambda text: text[:-1] + b"\0\n" , lambda text: text[65:]):
            code, report, ours = self.judged(change(edit), adapts=False)
            self.assertEqual((code, ours), (1, 4), report)
        short = lambda text: b"\n".join(text.split(b"\n")[1:-1] + [text.split(b"\n")[-2], b""])
        code, report, ours = self.judged(change(short), adapts=False)
        self.assertEqual((code, ours), (1, 4), report)
        self.assertEqual(report["finding"]["message"], "manifest-sha256.txt names a file twice")

    def test_a_name_is_no_line_of_the_answer(self):
        self.judged(lambda files: files.update({"a\nvalid: all": b""}), adapts=False)
        words = run(sys.executable, VERIFIER, "--bundle", self.changed).stdout
        self.assertTrue(words.startswith("INVALID: a") and words.count("\n") == 1, words)

    def test_events_that_were_changed_are_found(self):
        def edit(old, new):
            def change(files):
                files["events/00000000.jsonl"] = files["events/00000000.jsonl"].replace(old, new, 1)
            return change

        for change in (edit(b'"time":"20', b'"time":"19'), edit(b"\n", b"\n\n")):
            code, report, ours = self.judged(change)
            self.assertEqual((code, ours), (1, 4), report)

    def test_what_is_no_bundle_is_an_answer(self):
        with open(self.changed, "wb") as file:
            file.write(b"nothing")
        self.assertEqual(python_says("--bundle", self.changed)[0], 1)
        self.assertEqual(python_says("--bundle", self.changed + ".no")[0], 5)


class OneWay:
    """A file that can't be gone back in, as a pipe: sizes in an archive then stand behind the data."""

    def __init__(self, file):
        self.write, self.flush = file.write, file.flush


class CarriedVerifier(unittest.TestCase):
    """The verify.py that bundles carry, from the source of the program that writes it."""

    @classmethod
    def setUpClass(cls):
        cls.made = tempfile.mkdtemp(prefix="cairn-carried-")
        cls.addClassCleanup(shutil.rmtree, cls.made)
        with open(CARRIED, encoding="utf-8") as file:
            text = file.read().partition('#"""\n')[2].partition('\n        """#')[0]
        cls.program = os.path.join(cls.made, "verify.py")
        with open(cls.program, "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(text))
        cls.archives, cls.keys = {}, {}
        for name in ("bundle-whole", "bundle-gaps", "bundle-fork", "bundle-signed"):
            directory = os.path.join(ROOT, "replay-fixtures", name)
            cls.archives[name] = os.path.join(directory, "run.cairn.zip")
            with open(os.path.join(directory, "expected.json"), encoding="utf-8") as file:
                cls.keys[name] = json.load(file)["key"]

    def unpacked(self, name):
        place = os.path.join(self.made, "unpacked")
        shutil.rmtree(place, ignore_errors=True)
        with zipfile.ZipFile(self.archives[name]) as archive:
            archive.extractall(place)
        return place

    def says(self, *arguments):
        result = run(sys.executable, self.program, *arguments)
        self.assertNotIn("Traceback", result.stderr)
        return result.returncode, result.stdout + result.stderr

    def test_recorded_bundles_are_whole_and_the_manifest_is_asked_for(self):
        for name, key in self.keys.items():
            place, is_signed = self.unpacked(name), name == "bundle-signed"
            for options in ([], ["--key", key], [f"--key={key}"]):
                code, words = self.says(place, *options)
                self.assertEqual(code, 0, words)
                self.assertEqual("known from the bundle alone" in words, not options, words)
                left_out = "events may have been left out, also those which tell of a fork"
                self.assertEqual(left_out in words, not is_signed, words)
            code, words = self.says("--signed-manifest", place, "--key", key)
            self.assertEqual(code, 0 if is_signed else 4, words)
            self.assertEqual("the manifest isn't signed" in words, not is_signed)

    def test_one_of_the_keys_must_have_signed_also_of_a_file(self):
        place, own, other = self.unpacked("bundle-signed"), self.keys["bundle-signed"], self.keys["bundle-whole"]
        path = os.path.join(self.made, "keys")
        for keys, expected in (([other, own], 0), ([other], 4)):
            with open(path, "w", encoding="utf-8") as file:
                file.write("".join(key + "\n" for key in keys))
            self.assertEqual(self.says(place, "--key", path)[0], expected)
            options = [word for key in keys for word in ("--key", key)]
            self.assertEqual(self.says(place, *options)[0], expected)

    def test_what_it_does_not_know_is_a_mistake_of_usage(self):
        place, empty = self.unpacked("bundle-signed"), os.path.join(self.made, "empty")
        open(empty, "w").close()
        key = self.keys["bundle-signed"]
        for arguments in (
            [], ["--key", key], [place, "--key=WRONG"], [place, "--kye", key], [place, "--key"], [place, "--key", ""],
            [place, "--key", empty], [place, "--key", self.program], [place, "--key", key + "x"], [place, place],
            [self.archives["bundle-signed"]], [place + ".no"],
        ):
            code, words = self.says(*arguments)
            self.assertEqual(code, 2, (arguments, words))
            self.assertIn("usage: ", words)
        self.assertIn("unpack the bundle", self.says(self.archives["bundle-signed"])[1])

    def test_what_is_not_whole_is_named(self):
        def remove(place):
            os.remove(os.path.join(place, "README.md"))

        def edit(name, data):
            def change(place):
                with open(os.path.join(place, name), "ab") as file:
                    file.write(data)
            return change

        for change, words in (
            (lambda place: os.mkdir(os.path.join(place, "notes")), "notes isn't in the manifest"),
            (lambda place: os.makedirs(os.path.join(place, "schemas", "a")), "schemas/a isn't in the manifest"),
            (lambda place: os.symlink("nowhere", os.path.join(place, "notes")), "notes isn't in the manifest"),
            (edit("notes.txt", b"x"), "notes.txt isn't in the manifest"), (edit("README.md", b"x"), "README.md was changed"),
            (edit("manifest-sha256.txt", b"\0" * 100), ""), (remove, "README.md is missing"),
        ):
            place = self.unpacked("bundle-signed")
            change(place)
            code, found = self.says(place)
            self.assertEqual((code, found[:8]), (4, "BROKEN: "), found)
            self.assertIn(words, found)
        self.assertEqual(self.says(self.made)[0], 4)

    def test_who_reads_no_more_ends_either_program_quietly(self):
        place, bundle = self.unpacked("bundle-signed"), self.archives["bundle-signed"]
        for command in ([VERIFIER, "--bundle", bundle], [self.program, place]):
            reading, writing = os.pipe()
            os.close(reading)
            with os.fdopen(writing, "w") as pipe:
                result = subprocess.run([sys.executable, *command], stdout=pipe, stderr=subprocess.PIPE, timeout=120)
            self.assertEqual((result.returncode, result.stderr), (-signal.SIGPIPE, b""))


class Usage(unittest.TestCase):
    def test_wrong_arguments_end_with_2(self):
        wrong = (["--proof", "a"], ["a", "--sample", "b"], ["a", "--proof", "b", "--key", "c"], ["a", "--signed-manifest"], ["a", "--key", "no+key+at all"])
        for arguments in ([], ["a", "--export", "b"], ["a", "--expect", "12"], ["a", "--unknown"], *wrong):
            self.assertEqual(run(sys.executable, VERIFIER, *arguments).returncode, 2, arguments)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Test tools/verify_log.py against the command line.")
    parser.add_argument("--cairn", required=True, help="the binary to compare with")
    arguments, rest = parser.parse_known_args()
    CAIRN = os.path.abspath(arguments.cairn)
    print(f"seed {SEED}")
    unittest.main(argv=[sys.argv[0], *rest])

#!/usr/bin/env python3
"""Exports are judged by those who read them: pandas, the CloudEvents SDK, and OpenTelemetry's own message types.

Runs an experiment with the built program, exports it in every form, and compares what others' tools make of it with what
`cairn query` answers.
Usage: test_exports.py --cairn PROGRAM
"""
import argparse
import csv
import io
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import unittest

import jsonschema
import pandas
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from google.protobuf import json_format
from opentelemetry.proto.trace.v1.trace_pb2 import Status, TracesData
from opentelemetry.semconv._incubating.attributes import (
    error_attributes, gen_ai_attributes, http_attributes, openai_attributes, server_attributes)
from opentelemetry.semconv.schemas import Schemas

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
CAIRN = ""

# The context attributes of CloudEvents 1.0.2 and its JSON format, as a schema: spec.md §"Context Attributes",
# formats/json-format.md §2 and §3.
CLOUD_EVENT = {
    "type": "object",
    "required": ["id", "source", "specversion", "type"],
    "properties": {
        "id": {"type": "string", "minLength": 1},
        "source": {"type": "string", "minLength": 1, "format": "uri-reference"},
        "specversion": {"const": "1.0"},
        "type": {"type": "string", "minLength": 1},
        "datacontenttype": {"type": "string", "minLength": 1},
        "dataschema": {"type": "string", "minLength": 1, "format": "uri"},
        "subject": {"type": "string", "minLength": 1},
        "time": {"type": "string", "minLength": 1, "format": "date-time"},
        "data": {},
        "data_base64": {"type": "string", "contentEncoding": "base64"},
    },
    "patternProperties": {"^[a-z0-9]{1,20}$": {}},
    "additionalProperties": False,
}
# An extension's value is a text, a truth value, or a whole number of 32 bits.
EXTENSION = {"anyOf": [
    {"type": ["string", "boolean"]}, {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1}]}


class ExportTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.TemporaryDirectory(prefix="cairn-exports-")
        cls.directory = pathlib.Path(cls.place.name)
        cls.store = str(cls.directory / "store")
        done = subprocess.run(
            [CAIRN, "run", str(REPOSITORY / "tools/examples/haiku.yaml"), "--store", cls.store, "--json"],
            capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"the experiment ended with {done.returncode}: {done.stderr[-2000:]}")

    @classmethod
    def tearDownClass(cls):
        cls.place.cleanup()

    def cairn(self, *words):
        done = subprocess.run([CAIRN, *words, "--store", self.store], capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr.decode()[-2000:])
        return done.stdout

    def answer(self, *words):
        return json.loads(self.cairn(*words, "--json"))

    def lines(self, *words):
        return [json.loads(line) for line in self.cairn("export", *words).splitlines()]

    def database(self, *words):
        path = str(self.directory / "tables.db")
        self.cairn("export", "sqlite", "-o", path, *words)
        connection = sqlite3.connect(path)
        self.addCleanup(connection.close)
        return connection

    # SQLite, read by pandas

    def test_pandas_reads_the_ranking_that_cairn_answers(self):
        frame = pandas.read_sql("SELECT * FROM rankings WHERE is_current = 1", self.database())
        for ranking in self.answer("query", "rankings"):
            expected = [
                (entry["rank"], entry["model"], entry["mean"], entry["scored"], entry["missing"])
                for entry in ranking["ranking"]["entries"]]
            mine = frame[frame.run == ranking["run"]].sort_values(["rank", "model"])
            found = list(mine[["rank", "model", "mean", "scored", "missing"]].itertuples(index=False, name=None))
            self.assertEqual(found, expected)

    def test_pandas_computes_the_ranking_from_the_scores(self):
        frame = pandas.read_sql("SELECT * FROM scores WHERE outcome = 'computed'", self.database())
        means = frame.groupby("model").total.mean()
        for entry in self.answer("query", "rankings")[0]["ranking"]["entries"]:
            self.assertAlmostEqual(means[entry["model"]], entry["mean"], places=6)

    def test_sums_over_turns_are_those_of_usage(self):
        turns = pandas.read_sql("SELECT * FROM turns WHERE state = 'answered'", self.database())
        sums = turns.groupby(["provider", "model", "purpose"])[["cost_nano_usd", "input_tokens", "output_tokens"]].sum()
        for row in self.answer("query", "usage"):
            mine = sums.loc[(row["provider"], row["model"], row["purpose"])]
            self.assertEqual(
                list(mine), [row["cost"], row["tokens"]["input"], row["tokens"]["output"]])
        self.assertTrue((turns.texts == "present").all())
        self.assertTrue((turns.answer.str.len() > 0).all())

    def test_times_are_readable_and_exact(self):
        frame = pandas.read_sql("SELECT * FROM events", self.database())
        exact = pandas.to_datetime(frame.time_us, unit="us", utc=True)
        self.assertTrue((pandas.to_datetime(frame.time, utc=True) == exact).all())

    def test_every_column_is_documented_in_the_file(self):
        connection = self.database()
        documented = pandas.read_sql("SELECT * FROM columns_documentation ORDER BY table_name, place", connection)
        tables = [name for (name,) in connection.execute("SELECT table_name FROM tables_documentation")]
        self.assertGreaterEqual(len(tables), 14)
        for table in tables:
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            mine = documented[documented.table_name == table]
            self.assertEqual(list(mine.column_name), columns)
            self.assertTrue((mine.meaning.str.len() > 3).all())
        about = dict(connection.execute("SELECT name, value FROM export_information"))
        self.assertEqual(int(about["events"]), connection.execute("SELECT count(*) FROM events").fetchone()[0])
        self.assertRegex(about["head"], "^[0-9a-f]{64}$")

    def test_the_file_is_sound(self):
        self.assertEqual(self.database().execute("PRAGMA integrity_check").fetchall(), [("ok",)])

    def test_sql_answers_as_the_file_does(self):
        sql = "SELECT model, count(*) AS n, avg(total) AS mean FROM scores GROUP BY model ORDER BY model"
        cursor = self.database().execute(sql)
        names = [column[0] for column in cursor.description]
        expected = [dict(zip(names, row)) for row in cursor]
        for _ in range(2):
            self.assertEqual(self.answer("query", "sql", sql), expected)

    def test_csv_says_what_sqlite_says(self):
        connection = self.database()
        for table in ["rankings", "usage", "turns", "cells"]:
            text = self.cairn("export", "csv", "--table", table).decode()
            self.assertTrue(text.endswith("\r\n"))
            rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
            cursor = connection.execute(f"SELECT * FROM {table}")
            self.assertEqual(rows[0], [column[0] for column in cursor.description])
            expected = [["" if value is None else value for value in row] for row in cursor]
            self.assertEqual(len(rows) - 1, len(expected))
            for mine, theirs in zip(rows[1:], expected):
                self.assertEqual([type(value)(cell) for cell, value in zip(mine, theirs)], theirs)

    # CloudEvents

    def test_every_event_is_a_cloud_event(self):
        validator = jsonschema.Draft202012Validator(CLOUD_EVENT, format_checker=jsonschema.FormatChecker())
        native = self.lines("jsonl", "--to", "200")
        events = self.cairn("export", "cloudevents", "--to", "200").splitlines()
        self.assertEqual(len(events), len(native))
        for line, record in zip(events, native):
            validator.validate(json.loads(line))
            event = JSONFormat().read(CloudEvent, line)
            attributes = event.get_attributes()
            for name in set(attributes) - set(CLOUD_EVENT["properties"]):
                jsonschema.validate(attributes[name], EXTENSION)
            self.assertEqual(int(event.get_id()), record["position"])
            self.assertEqual(event.get_type(), record["type"])
            self.assertEqual(event.get_subject(), record["stream"])
            self.assertEqual(event.get_data(), record["data"])
            self.assertEqual(json.loads(event.get_extension("cairnmetadata")), record["metadata"])
            self.assertEqual(event.get_time().timestamp(), pandas.Timestamp(record["time"]).timestamp())
            self.assertTrue((REPOSITORY / "schemas/events" / event.get_dataschema().split("/")[-1]).exists())

    # OpenTelemetry

    def test_calls_are_spans_with_the_names_of_the_conventions(self):
        modules = [error_attributes, gen_ai_attributes, http_attributes, openai_attributes, server_attributes]
        known = {
            value for module in modules for name, value in vars(module).items()
            if name.isupper() and isinstance(value, str)}
        # The stable ones are in modules of their own.
        known |= {"error.type", "server.address", "server.port", "http.response.status_code"}
        schemas = {schema.value for schema in Schemas}
        spans = {}
        for line in self.cairn("export", "otel").splitlines():
            self.check_hexadecimal(json.loads(line))
            traces = json_format.Parse(line, TracesData())
            for resource in traces.resource_spans:
                self.assertIn(resource.schema_url, schemas)
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        self.assertNotIn(span.span_id, spans)
                        spans[span.span_id] = span
        for span in spans.values():
            self.assertLessEqual(span.start_time_unix_nano, span.end_time_unix_nano)
            for attribute in span.attributes:
                self.assertTrue(attribute.key in known or attribute.key.startswith("cairn."), attribute.key)
            if span.parent_span_id:
                self.assertEqual(spans[span.parent_span_id].trace_id, span.trace_id)
        calls = [span for span in spans.values() if span.kind == 3]
        answered = [span for span in calls if span.status.code != Status.STATUS_CODE_ERROR]
        usage = self.answer("query", "usage")
        self.assertEqual(len(answered), sum(row["calls"] for row in usage))
        self.assertEqual(len(calls) - len(answered), sum(row["failures"] + row["unknown"] for row in usage))
        tokens = sum(
            attribute.value.int_value for span in answered for attribute in span.attributes
            if attribute.key == "gen_ai.usage.output_tokens")
        self.assertEqual(tokens, sum(row["tokens"]["output"] for row in usage))

    def check_hexadecimal(self, line):
        """OTLP's JSON form has ids in hexadecimal, where protobuf's own would have base64."""
        for span in line["resourceSpans"][0]["scopeSpans"][0]["spans"]:
            self.assertRegex(span["traceId"], "^[0-9a-f]{32}$")
            self.assertRegex(span["spanId"], "^[0-9a-f]{16}$")

    # Going on

    def test_exports_go_on_after_the_last_line(self):
        whole = self.lines("jsonl", "--to", "100")
        first = self.lines("jsonl", "--to", "40")
        rest = self.lines("jsonl", "--to", "100", "--after", str(first[-1]["position"]))
        self.assertEqual(first + rest, whole)

    def test_an_export_ends_at_the_head_that_its_note_names(self):
        lines = self.lines("jsonl")
        notes = [entry for entry in self.answer("audit", "trail") if entry["type"] == "access.exported"]
        self.assertEqual(len(lines), notes[-1]["data"]["head"]["size"])
        self.assertEqual(notes[-1]["data"]["format"], "jsonl")


def main():
    global CAIRN
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cairn", required=True)
    given, rest = parser.parse_known_args()
    CAIRN = os.path.abspath(given.cairn)
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()

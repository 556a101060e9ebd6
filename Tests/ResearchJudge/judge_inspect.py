#!/usr/bin/env python3
"""Judges Inspect logs that Cairn wrote by inspect_ai itself, and compares them with Cairn's own answers.

    judge_inspect.py LOGS TRANSCRIPTS.json SCORES.json USAGE.json [--bundle DIRECTORY]

The JSON files are what `cairn query transcripts|scores|usage --json` print. Exits with 1 and a sentence at the first
difference.
"""

import argparse
import collections
import json
import math
import pathlib
import subprocess
import sys
import zipfile


def fail(message):
    print(f"judge_inspect: {message}", file=sys.stderr)
    sys.exit(1)


def check(condition, message):
    if not condition:
        fail(message)


def schema_validators():
    import jsonschema
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT202012

    tool = pathlib.Path(sys.executable).with_name("inspect")
    document = json.loads(subprocess.run([tool, "log", "schema"], check=True, capture_output=True, text=True).stdout)
    registry = Registry().with_resource("urn:log", Resource.from_contents(document, DRAFT202012))

    def validator(name):
        schema = {"$ref": f"urn:log#/components/schemas/{name}"}
        return jsonschema.Draft202012Validator(schema, registry=registry)

    return {name: validator(name) for name in ("EvalLog", "EvalSample", "EvalSampleSummary", "EvalSampleReductions")}


def check_schema(path, validators):
    def valid(name, value, where):
        for error in validators[name].iter_errors(value):
            fail(f"{path.name}: {where}: {error.json_path}: {error.message[:300]}")

    with zipfile.ZipFile(path) as archive:
        check(archive.testzip() is None, f"{path.name} is damaged")
        valid("EvalLog", json.loads(archive.read("header.json")), "header.json")
        for reduction in json.loads(archive.read("reductions.json")):
            valid("EvalSampleReductions", reduction, "reductions.json")
        for summary in json.loads(archive.read("summaries.json")):
            valid("EvalSampleSummary", summary, "summaries.json")
        for name in archive.namelist():
            if name.startswith("samples/"):
                valid("EvalSample", json.loads(archive.read(name)), name)


def messages(turns):
    """What was said in a conversation: what was asked last, and its answer."""
    last = max(turns, key=lambda turn: turn["turn"])
    said = [(m["role"], m["content"]) for m in last["requestBody"]["messages"]]
    return said + [("assistant", last["answer"])]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("logs", type=pathlib.Path)
    arguments.add_argument("transcripts", type=pathlib.Path)
    arguments.add_argument("scores", type=pathlib.Path)
    arguments.add_argument("usage", type=pathlib.Path)
    arguments.add_argument("--bundle", type=pathlib.Path)
    arguments.add_argument("--schema-files", type=int, default=100)
    options = arguments.parse_args()

    from inspect_ai.analysis import evals_df, messages_df, samples_df
    from inspect_ai.log import read_eval_log, read_eval_log_sample_summaries

    turns = collections.defaultdict(list)
    for turn in json.loads(options.transcripts.read_text()):
        if turn["purpose"] == "probe":
            labels = turn["labels"]
            turns[labels["model"], labels["scenario"], int(labels["sample"])].append(turn)
    scores = {}
    for row in json.loads(options.scores.read_text()):
        if "computed" in row:
            labels = row["computed"]["labels"]
            key = labels["model"], labels["scenario"], labels["sample"], labels["judge"]
            scores[key] = row["computed"]["total"]

    validators = schema_validators()
    paths = sorted(options.logs.glob("*.eval"))
    check(paths, f"there are no logs in {options.logs}")
    used = collections.Counter()
    seen_scores, seen_samples = 0, 0
    for number, path in enumerate(paths):
        if number < options.schema_files:
            check_schema(path, validators)
        log = read_eval_log(str(path))
        check(log.status == "success", f"{path.name}: its status is {log.status}")
        model = log.eval.metadata["model"]
        check(len(log.samples) == log.results.total_samples, f"{path.name}: samples are missing")
        check(len(read_eval_log_sample_summaries(str(path))) == len(log.samples), f"{path.name}: summaries are missing")
        for sample in log.samples:
            where = f"{path.name}: {sample.id} {sample.epoch}"
            ours = turns[model, sample.id, sample.epoch]
            said = [(m.role, m.text) for m in sample.messages]
            check(said == messages(ours), f"{where}: messages differ: {said} and {messages(ours)}")
            check(sample.output.completion == said[-1][1], f"{where}: the output isn't the last answer")
            calls = [e for e in sample.events if e.event == "model" and e.role is None]
            check(len(calls) == len(ours), f"{where}: {len(calls)} calls and {len(ours)} turns")
            for call, turn in zip(calls, sorted(ours, key=lambda t: t["turn"])):
                check(call.call.request == turn["requestBody"], f"{where}: a request differs")
                check(call.metadata["call"] == turn["call"], f"{where}: a call's id differs")
            for judge, score in (sample.scores or {}).items():
                ours = scores.get((model, sample.id, sample.epoch, judge))
                same = math.isnan(score.value) if ours is None else score.value == ours
                check(same, f"{where}: {judge} gave {score.value} and {ours}")
                seen_scores += ours is not None
            seen_samples += 1
        for name, usage in log.stats.model_usage.items():
            cached = (usage.input_tokens_cache_read or 0) + (usage.input_tokens_cache_write or 0)
            used[name, "input"] += usage.input_tokens + cached
            used[name, "output"] += usage.output_tokens
            used[name, "cost"] += round((usage.total_cost or 0) * 1e9)
    check(seen_scores == len(scores), f"{seen_scores} scores of {len(scores)} are in the logs")
    check(seen_samples == len(turns), f"{seen_samples} samples of {len(turns)} are in the logs")

    ours = collections.Counter()
    for row in json.loads(options.usage.read_text()):
        name = f"{row['provider']}/{row['model']}"
        ours[name, "input"] += row["tokens"]["input"]
        ours[name, "output"] += row["tokens"]["output"]
        ours[name, "cost"] += row.get("cost", 0)
    check(+used == +ours, f"usage differs: {dict(used)} and {dict(ours)}")

    evals, samples = evals_df(str(options.logs)), samples_df(str(options.logs))
    check(len(evals) == len(paths), f"evals_df has {len(evals)} rows of {len(paths)}")
    check(len(samples) == seen_samples, f"samples_df has {len(samples)} rows of {seen_samples}")
    if seen_samples <= 1000:
        spoken = messages_df(str(options.logs))
        check(len(spoken) > seen_samples, f"messages_df has {len(spoken)} rows")
    if options.bundle:
        tool = pathlib.Path(sys.executable).with_name("inspect")
        command = [tool, "view", "bundle", "--log-dir", options.logs, "--output-dir", options.bundle, "--overwrite"]
        subprocess.run(command, check=True, capture_output=True)
        check((options.bundle / "index.html").exists(), "inspect view bundle built no page")
    print(f"inspect: {len(paths)} logs, {seen_samples} samples, {seen_scores} scores as in the store")


if __name__ == "__main__":
    main()

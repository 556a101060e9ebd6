#!/usr/bin/env python3
"""Judges records of Every Eval Ever that Cairn wrote by the format's own JSON Schemas, and compares them with Cairn's answers.

    judge_eee.py DIRECTORY RANKINGS.json SCORES.json

Needs the package jsonschema. Exits with 1 and a sentence at the first difference.
"""
import collections
import hashlib
import json
import pathlib
import sys

import jsonschema

SCHEMAS = pathlib.Path(__file__).parent / "schemas"


def check(condition, message):
    if not condition:
        print(f"judge_eee: {message}", file=sys.stderr)
        sys.exit(1)


def validator(name):
    schema = json.loads((SCHEMAS / name).read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def valid(judge, value, where):
    for error in judge.iter_errors(value):
        check(False, f"{where}: {error.json_path}: {error.message[:300]}")


def main():
    directory = pathlib.Path(sys.argv[1])
    ranking = {e["model"]: e for r in json.loads(pathlib.Path(sys.argv[2]).read_text()) for e in r["ranking"]["entries"]}
    scores = collections.Counter(
        json.dumps([*(row["computed"]["labels"][k] for k in ("model", "judge", "scenario", "sample")), row["computed"]["total"]])
        for row in json.loads(pathlib.Path(sys.argv[3]).read_text()) if "computed" in row
    )
    aggregate, instance = validator("eval.schema.json"), validator("instance_level_eval.schema.json")
    found = collections.Counter()
    paths = sorted(directory.glob("data/*/*/*/*.json"))
    check(paths, f"there are no records in {directory}")
    for path in paths:
        record = json.loads(path.read_text())
        valid(aggregate, record, path.name)
        details = record["detailed_evaluation_results"]
        rows_path = directory / details["file_path"]
        check(hashlib.sha256(rows_path.read_bytes()).hexdigest() == details["checksum"], f"{rows_path} has another checksum")
        rows = [json.loads(line) for line in rows_path.read_text().splitlines()]
        check(len(rows) == details["total_rows"], f"{rows_path} has {len(rows)} rows")
        model = record["model_info"]["additional_details"]["label"]
        results = {r["evaluation_result_id"]: r for r in record["evaluation_results"]}
        by_result = collections.defaultdict(list)
        for row in rows:
            valid(instance, row, rows_path.name)
            check(row["evaluation_id"] == record["evaluation_id"], "a row names another evaluation")
            check(row["evaluation_result_id"] in results, "a row names a result that isn't there")
            by_result[row["evaluation_result_id"]].append(row["evaluation"]["score"])
            judge = row["evaluation_name"].rsplit("/", 1)[1]
            meta = row["metadata"]
            found[json.dumps([model, judge, meta["scenario"], int(meta["sample"]), row["evaluation"]["score"]])] += 1
        for name, result in results.items():
            mean = sum(by_result[name]) / len(by_result[name])
            check(abs(mean - result["score_details"]["score"]) < 1e-6, f"{name}: the mean is {mean}")
        if len(results) == 1 and model in ranking:
            mean = next(iter(results.values()))["score_details"]["score"]
            check(mean == ranking[model]["mean"], f"{model}: the mean is {mean}, the ranking has {ranking[model]['mean']}")
    check(found == scores, "the scores aren't those of the store")
    print(f"every eval ever: {len(paths)} records, {sum(found.values())} rows as in the store")


if __name__ == "__main__":
    main()

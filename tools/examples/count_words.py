#!/usr/bin/env python3
"""Counts words: of a text, or of all texts whose counts are the results of this job's parents.

A job comes as one JSON object on standard input; its result leaves as one on standard output.
"""

import json
import sys
from collections import Counter


def report(share, message):
    print(json.dumps({"progress": share, "message": message}), file=sys.stderr, flush=True)


def fail(kind, message, retryable=False):
    print(json.dumps({"error": {"class": kind, "message": message, "retryable": retryable}}))
    sys.exit(1)


def main():
    if sys.argv[1:] == ["--check"]:
        return
    job = json.load(sys.stdin)
    words = Counter()
    if "text" in job["input"]:
        words.update(job["input"]["text"].lower().split())
    elif job["parents"]:
        for number, (name, result) in enumerate(sorted(job["parents"].items()), 1):
            words.update(result["words"])
            report(number / len(job["parents"]), f"added {name}")
    else:
        fail("noText", "neither a text nor a parent to count")
    print(json.dumps({"total": sum(words.values()), "words": dict(sorted(words.items()))}))


main()

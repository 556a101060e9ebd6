#!/usr/bin/env python3
"""The pure core stays pure: outside Shell/, domain code names no clock, no randomness, no waiting and no environment.

Replay re-derives every result from the log; one clock read in a decider would make that a lie.
Usage: purity.py [PACKAGE_DIRECTORY]
"""
import pathlib
import re
import sys

PURE_TARGETS = (
    "Deciders", "Projections", "Jobs", "Replay", "Audit", "Calls", "Scoring", "Scheduling", "Experiments", "Discovery",
)
FORBIDDEN = [
    (re.compile(r"\bawait\b"), "waits; move it to Shell/"),
    (re.compile(r"\.now\b"), "reads a clock; take the time as an argument"),
    (re.compile(r"\bDate\("), "reads a clock; take the time as an argument"),
    (re.compile(r"\.random\b"), "draws a random value; take a seed as an argument"),
    (re.compile(r"\.shuffled?\b"), "draws random values; use SeededGenerator"),
    (re.compile(r"\bUUID\("), "makes a random id; derive it from content with StableID"),
    (re.compile(r"\bhashValue\b"), "is seeded per process; use Digest"),
    (re.compile(r"\bProcessInfo\b"), "reads the environment; take the value as an argument"),
    (re.compile(r"\bFileManager\b"), "touches the file system; move it to Shell/"),
    (re.compile(r"\bLocale\b"), "depends on the locale"),
    (re.compile(r"\bTimeZone\b"), "depends on the time zone"),
    (re.compile(r"\bfor\b.*\bin\b.*\.(?:keys|values)\s*\{"), "iterates in hash order; sort first"),
]
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
COMMENT = re.compile(r"//.*")


def offences(root: pathlib.Path) -> list[str]:
    found = []
    for target in PURE_TARGETS:
        for path in sorted((root / "Sources" / target).rglob("*.swift")):
            if "Shell" in path.relative_to(root / "Sources" / target).parts:
                continue
            for number, line in enumerate(path.read_text().splitlines(), 1):
                code = COMMENT.sub("", STRING.sub('""', line))
                for pattern, remedy in FORBIDDEN:
                    if match := pattern.search(code):
                        found.append(f"{path.relative_to(root)}:{number}: `{match.group(0).strip()}` {remedy}")
    return found


def main() -> int:
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    found = offences(root)
    print("\n".join(found) if found else "purity: no clock, randomness, waiting or environment outside Shell/")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

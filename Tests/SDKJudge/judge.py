#!/usr/bin/env python3
"""Holds Cairn's adapters and simulated providers against the providers' official SDKs, on loopback.

Usage: judge.py --adapters PROGRAM [--cairn PROGRAM]      (from the virtual environment with requirements.txt)
"""
import argparse
import pathlib
import sys
import time
from importlib import metadata

# Nothing is left beside the sources.
sys.dont_write_bytecode = True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--adapters", required=True, help="the built AdapterProbe")
    parser.add_argument("--cairn", help="the built cairn, whose `simulate serve` answers")
    arguments = parser.parse_args()
    here = pathlib.Path(__file__).resolve().parent
    start = time.monotonic()

    import answers_judge
    import requests_judge

    versions = [f"{name} {metadata.version(name)}" for name in ("openai", "anthropic", "google-genai", "mistralai")]
    print("judges:", ", ".join(versions))
    wrong, said = requests_judge.judge(arguments.adapters)
    if arguments.cairn:
        manifest = here.parent / "ProvidersTests" / "Examples" / "manifest.json"
        command = [arguments.cairn, "simulate", "serve", "--port", "0"]
        found, more = answers_judge.judge(command, arguments.adapters, manifest)
        wrong, said = wrong + found, said + more
    print("\n".join(wrong if wrong else said))
    print(f"{len(wrong)} differences, {time.monotonic() - start:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

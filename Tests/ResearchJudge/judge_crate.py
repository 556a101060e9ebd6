#!/usr/bin/env python3
"""Judges the RO-Crate metadata of an unpacked bundle by roc-validator: Process Run Crate 0.5 on RO-Crate 1.1.

    judge_crate.py DIRECTORY [--severity required|recommended]

The validator wants the JSON-LD context from the web. It gets it from the package `rocrate`, version 0.9, which has that of
RO-Crate 1.1 byte for byte; nothing is asked of the network. Exits with 1 and the issues if any check fails.
"""
import argparse
import io
import pathlib
import sys
import urllib.request

import rocrate
from rocrate_validator import models, services
from rocrate_validator.utils.http import HttpRequester

CONTEXT = "https://w3id.org/ro/crate/1.1/context"
BYTES = (pathlib.Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld").read_bytes()


class Response:
    """What the validator's requester answers for the context."""

    status_code = 200
    headers = {"Content-Type": "application/ld+json"}
    content = BYTES
    text = BYTES.decode()

    def json(self):
        import json

        return json.loads(BYTES)


def get(self, url, *arguments, **options):
    if url == CONTEXT:
        return Response()
    raise RuntimeError(f"the validator asks for {url}, and nothing but the context is at hand")


class Opened(io.BytesIO):
    """What urllib answers for the context."""

    headers = {"Content-Type": "application/ld+json"}
    status = 200

    def info(self):
        return self.headers

    def geturl(self):
        return CONTEXT


def urlopen(request, *arguments, **options):
    url = request if isinstance(request, str) else request.full_url
    if url == CONTEXT:
        return Opened(BYTES)
    raise OSError(f"the validator opens {url}, and nothing but the context is at hand")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("directory", type=pathlib.Path)
    arguments.add_argument("--severity", choices=["required", "recommended"], default="required")
    options = arguments.parse_args()

    assert b'"https://w3id.org/ro/crate/1.1/context"' in BYTES, "the package rocrate has another context; install 0.9"
    HttpRequester.get = get
    HttpRequester.head = get
    urllib.request.urlopen = urlopen
    import rdflib.parser

    rdflib.parser.urlopen = urlopen
    import rdflib._networking

    rdflib._networking._urlopen = urlopen if hasattr(rdflib._networking, "_urlopen") else urlopen
    if hasattr(rdflib.parser, "_urlopen"):
        rdflib.parser._urlopen = urlopen

    settings = services.ValidationSettings(
        rocrate_uri=str(options.directory), profile_identifier="process-run-crate-0.5",
        requirement_severity=getattr(models.Severity, options.severity.upper()),
    )
    result = services.validate(settings)
    issues = result.get_issues()
    for issue in issues:
        print(f"{issue.severity.name} {issue.check.identifier}: {issue.message}", file=sys.stderr)
    if result.has_issues():
        sys.exit(1)
    statistics = getattr(result, "statistics", None)
    passed = len(statistics.passed_checks) if statistics is not None and hasattr(statistics, "passed_checks") else None
    print(f"roc-validator: no issues" + (f", {passed} checks passed" if passed is not None else ""))


if __name__ == "__main__":
    main()

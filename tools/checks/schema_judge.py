#!/usr/bin/env python3
"""Says which JSON documents are what their schemas say: the judge of Tests/SchemaTests. Needs jsonschema.

    schema_judge.py CASES SCHEMAS

CASES has one JSON array a line, a schema's path in the directory SCHEMAS and a document. Prints a JSON array of truth
values in the same order.
"""

import json
import os
import re
import sys

import jsonschema


def pattern(validator, pattern, instance, schema):
    """`$` is the end of the text alone, as in ECMA-262; Python also finds it before a last line feed."""
    if validator.is_type(instance, "string") and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


Judge = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": pattern})


def main(cases, schemas):
    validators = {}

    def is_valid(name, document):
        if name not in validators:
            with open(os.path.join(schemas, name)) as file:
                schema = json.load(file)
            Judge.check_schema(schema)
            validators[name] = Judge(schema)
        return validators[name].is_valid(document)

    with open(cases) as file:
        print(json.dumps([is_valid(*json.loads(line)) for line in file]))


if __name__ == "__main__":
    main(*sys.argv[1:])

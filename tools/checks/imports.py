#!/usr/bin/env python3
"""Every import in a target is one of its declared, direct dependencies.

SwiftPM lets a target import what its dependencies depend on; that hides edges of the module graph.
Usage: imports.py [PACKAGE_DIRECTORY]   (reads `swift package describe --type json`)
       imports.py DIRECTORY --description FILE   (a saved description, for the check's own test)
"""
import json
import pathlib
import re
import subprocess
import sys

TOOLCHAIN = {"Swift", "Glibc", "Synchronization", "Dispatch"}
TOOLCHAIN_IN_TESTS = TOOLCHAIN | {"Testing", "Foundation"}
IMPORT = re.compile(
    r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:public |package |internal |fileprivate |private )?import\s+"
    r"(?:(?:struct|class|enum|protocol|typealias|func|let|var)\s+)?([A-Za-z_]\w*)"
)


def code_lines(text: str) -> list[tuple[int, str]]:
    """The lines outside of literals of many lines, which may hold another language, with their numbers."""
    lines, inside = [], False
    for number, line in enumerate(text.splitlines(), 1):
        if not inside:
            lines.append((number, line))
        if line.count('"""') % 2:
            inside = not inside
    return lines


def offences(root: pathlib.Path, description: dict) -> list[str]:
    found = []
    for target in sorted(description["targets"], key=lambda t: t["name"]):
        allowed = set(target.get("target_dependencies", [])) | set(target.get("product_dependencies", []))
        in_tests = target["path"].startswith("Tests/")
        allowed |= TOOLCHAIN_IN_TESTS if in_tests else TOOLCHAIN
        for source in target["sources"]:
            if not source.endswith(".swift"):
                continue
            path = pathlib.Path(target["path"]) / source
            for number, line in code_lines((root / path).read_text()):
                match = IMPORT.match(line)
                if match and match.group(1) not in allowed:
                    found.append(
                        f"{path}:{number}: {target['name']} imports {match.group(1)}, which is not among its direct "
                        "dependencies; declare it in Package.swift if the edge is meant, else remove the import"
                    )
    return found


def main() -> int:
    arguments = sys.argv[1:]
    root = pathlib.Path(arguments[0] if arguments and not arguments[0].startswith("--") else ".")
    if "--description" in arguments:
        description = json.loads(pathlib.Path(arguments[arguments.index("--description") + 1]).read_text())
    else:
        output = subprocess.run(
            ["swift", "package", "--package-path", str(root), "describe", "--type", "json"],
            check=True, capture_output=True, text=True,
        ).stdout
        description = json.loads(output[output.index("{"):])
    found = offences(root, description)
    print("\n".join(found) if found else f"imports: {len(description['targets'])} targets, every import declared")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

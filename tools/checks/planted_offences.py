#!/usr/bin/env python3
"""Shows that each of the four checks fails on an offence planted in a scratch tree, and passes without it.

A check that can't fail proves nothing. Usage: planted_offences.py   (from the package's root)
"""
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CLEAN = "struct Answer {\n    var value: Int\n}\n"
MANIFEST = """// swift-tools-version: 6.2
import PackageDescription

let package = Package(name: "planted", targets: [.target(name: "Jobs")])
"""


def run(*command: str) -> int:
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode


def tree(directory: str, source: str) -> pathlib.Path:
    root = pathlib.Path(directory)
    (root / "Sources/Jobs").mkdir(parents=True)
    (root / "Sources/Jobs/Answer.swift").write_text(source)
    (root / "Package.swift").write_text(MANIFEST)
    target = {"name": "Jobs", "path": "Sources/Jobs", "sources": ["Answer.swift"], "target_dependencies": ["EventLog"]}
    (root / "description.json").write_text(json.dumps({"targets": [target]}))
    return root


CHECKS = {
    "format": (
        lambda root: run(
            "swift", "format", "lint", "--strict", "--configuration", str(ROOT / ".swift-format"), "-r", str(root / "Sources")),
        "struct Answer {\n  var value : Int\n}\n",
    ),
    "imports": (
        lambda root: run(
            sys.executable, str(HERE / "imports.py"), str(root), "--description", str(root / "description.json")),
        "import LMDB\n\n" + CLEAN,
    ),
    "purity": (
        lambda root: run(sys.executable, str(HERE / "purity.py"), str(root)),
        CLEAN + "\nfunc jitter() -> Int { Int.random(in: 0..<9) }\n",
    ),
    "warnings": (
        lambda root: run("swift", "build", "--package-path", str(root), "-Xswiftc", "-warnings-as-errors"),
        CLEAN + "\nfunc unused() {\n    let forgotten = 1\n}\n",
    ),
}


def main() -> int:
    failed = False
    for name, (check, offence) in CHECKS.items():
        for source, expected in ((CLEAN, True), (offence, False)):
            with tempfile.TemporaryDirectory(prefix="cairn-planted-") as directory:
                passed = check(tree(directory, source)) == 0
            if passed != expected:
                failed = True
                print(f"{name}: {'passed a planted offence' if passed else 'failed on clean code'}")
    if not failed:
        print("planted offences: format, imports, purity and warnings each fail on theirs and pass without it")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Runs an example, exports it in researchers' formats, bundles it, and has others' programs judge what came out.

    judge.py --cairn PROGRAM [--inspect PYTHON] [--crate PYTHON]

Runs under a Python with jsonschema. --inspect is a Python with Tests/ResearchJudge/inspect-requirements.txt, --crate one with
crate-requirements.txt; without them their part is skipped, and that is said.
"""
import argparse
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLE = HERE.parent.parent / "tools" / "examples" / "haiku.yaml"


BESIDE = ("manifest-sha256.txt", "manifest-signature.txt")


def stripped(files):
    """Makes the bundle one of a format whose manifest isn't signed, so that the other checks have to find what is wrong."""
    del files["manifest-signature.txt"]
    files["bundle.json"] = files["bundle.json"].replace(b'"format":4', b'"format":1')


def repacked(source, target, change, keep_manifest=False):
    """Writes the bundle anew with changed files; the manifest is made to fit, as a forger would."""
    with zipfile.ZipFile(source) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    if not keep_manifest:
        names = sorted(name for name in files if name not in BESIDE)
        files["manifest-sha256.txt"] = "".join(
            f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in names).encode()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def forgeries():
    """By name: a change of the files, the command that must find it, and whether the manifest stays as it is."""

    def first(files, prefix):
        return min(name for name in files if name.startswith(prefix))

    def flip(prefix):
        def change(files):
            name = first(files, prefix)
            files[name] = bytes([files[name][0] ^ 1]) + files[name][1:]
        return change

    def lines(edit):
        def change(files):
            name = first(files, "events/")
            files[name] = b"\n".join(edit(files[name].rstrip(b"\n").split(b"\n"))) + b"\n"
        return change

    def index(edit):
        def change(files):
            value = json.loads(files["bundle.json"])
            edit(value)
            files["bundle.json"] = json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()
        return change

    def drop(name):
        return lambda files: files.pop(first(files, name))

    def swapped(found):
        found[3], found[4] = found[4], found[3]
        return found

    def other_time(found):
        found[2] = found[2].replace(b'"time":"20', b'"time":"19')
        return found

    def other_signature(files):
        text = files["checkpoint.txt"].decode().rstrip("\n")
        files["checkpoint.txt"] = (text[:-6] + ("AAAA" if text[-6:-2] != "AAAA" else "BBBB") + text[-2:] + "\n").encode()

    return {
        "a changed blob": (flip("blobs/"), "verify", True),
        "a changed blob in a new manifest": (flip("blobs/"), "verify", False),
        "a missing blob": (drop("blobs/"), "verify", False),
        "a file that was added": (lambda files: files.update({"extra.txt": b"x"}), "verify", True),
        "a file that is missing": (drop("report/"), "verify", True),
        "an event less": (lines(lambda found: found[:5] + found[6:]), "verify", False),
        "an event twice": (lines(lambda found: found[:5] + found[4:]), "verify", False),
        "two events in another order": (lines(swapped), "verify", False),
        "an event at another time": (lines(other_time), "verify", False),
        "a definition that was laid down later": (index(lambda v: v["commitments"].update(submitted=9)), "verify", False),
        "another head": (index(lambda v: v.update(head="0" * 64)), "verify", False),
        "another size": (index(lambda v: v.update(size=v["size"] + 1)), "verify", False),
        "another run": (index(lambda v: v.update(run="x" + v["run"][1:])), "verify", False),
        "another signature": (other_signature, "verify", False),
        "a proof with a hash more": (
            lambda files: files.update({"proof.json": files["proof.json"].replace(
                b'"hashes":[', b'"hashes":["' + b"0" * 64 + (b'",' if b'"hashes":["' in files["proof.json"] else b'"'))}),
            "verify", False),
        "another number in the report": (
            lambda files: files.update({"report/rankings.csv": files["report/rankings.csv"].replace(b"\n1,", b"\n2,")}),
            "replay", False),
        "another read model": (index(lambda v: v["readModels"].update(scores="0" * 64)), "replay", False),
    }


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--cairn", type=pathlib.Path, required=True)
    arguments.add_argument("--inspect", type=pathlib.Path)
    arguments.add_argument("--crate", type=pathlib.Path)
    options = arguments.parse_args()

    with tempfile.TemporaryDirectory(prefix="cairn-research-") as name:
        place = pathlib.Path(name)
        environment = dict(os.environ, CAIRN_STORE=str(place / "store"), CAIRN_LOG="error")

        def run(*words, **more):
            done = subprocess.run([str(word) for word in words], env=environment, capture_output=True, text=True, **more)
            if done.returncode != 0:
                sys.exit(f"judge: {' '.join(map(str, words[:4]))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
            return done.stdout

        def cairn(*words):
            return run(options.cairn, *words)

        cairn("run", EXAMPLE)
        answers = {}
        for question in ("transcripts", "scores", "usage", "rankings"):
            answers[question] = place / f"{question}.json"
            answers[question].write_text(cairn("query", question, "--json"))

        cairn("export", "every-eval-ever", "-o", place / "eee")
        print(run(sys.executable, HERE / "judge_eee.py", place / "eee", answers["rankings"], answers["scores"]), end="")

        cairn("export", "inspect", "-o", place / "logs")
        if options.inspect:
            print(run(
                options.inspect, HERE / "judge_inspect.py", place / "logs", answers["transcripts"], answers["scores"],
                answers["usage"], "--bundle", place / "web"), end="")
        else:
            print("inspect: skipped, as inspect_ai isn't installed")

        cairn("bundle", "create", "-o", place / "run.cairn.zip", "--license", "https://spdx.org/licenses/CC-BY-4.0")
        cairn("bundle", "create", "-o", place / "again.cairn.zip", "--license", "https://spdx.org/licenses/CC-BY-4.0")
        same = (place / "run.cairn.zip").read_bytes() == (place / "again.cairn.zip").read_bytes()
        assert same, "two bundles of the same run differ"
        verdict = json.loads(cairn("bundle", "replay", place / "run.cairn.zip", "--json"))
        assert verdict["valid"] and verdict["verified"] > 0 and verdict["manifestSigned"], verdict
        with zipfile.ZipFile(place / "run.cairn.zip") as archive:
            assert archive.testzip() is None
            archive.extractall(place / "bundle")
        print("bundle: " + run(sys.executable, place / "bundle" / "verify.py", place / "bundle").splitlines()[0])
        for name, (change, command, keeps) in forgeries().items():
            forged = place / "forged.cairn.zip"
            for also in (lambda files: None, stripped):
                repacked(place / "run.cairn.zip", forged, lambda files: (change(files), also(files)), keeps)
                done = subprocess.run([options.cairn, "bundle", command, forged], env=environment, capture_output=True, text=True)
                said = f"{name}: {done.returncode}\n{done.stdout}{done.stderr}"
                assert done.returncode == 4 and "BROKEN" in done.stdout, said
        whole = (place / "run.cairn.zip").read_bytes()
        for length in (0, 100, len(whole) // 2, len(whole) - 1):
            (place / "cut.cairn.zip").write_bytes(whole[:length])
            done = subprocess.run([options.cairn, "bundle", "verify", place / "cut.cairn.zip"], env=environment, capture_output=True)
            assert done.returncode == 4, f"cut at {length}: {done.returncode}"
        print(f"bundle: {len(forgeries())} forgeries and 4 cuts found")

        copy = json.loads(cairn("bundle", "import", place / "run.cairn.zip", "--store", place / "copy", "--json"))
        assert copy["original"] and copy["head"] == verdict["head"], copy
        theirs = json.loads(cairn("query", "rankings", "--store", place / "copy", "--json"))
        assert theirs == json.loads(answers["rankings"].read_text()), "the copy ranks otherwise"

        sample = place / "sample.cairn.zip"
        cairn("bundle", "prove-sample", "--model", "careful", "--scenario", "spring", "-o", sample)
        proof = json.loads(cairn("bundle", "verify", sample, "--json"))
        assert proof["valid"] and proof["verified"] > 0 and proof["labels"]["scenario"] == "spring", proof
        assert sample.stat().st_size <= 10_000, f"the proof of a sample takes {sample.stat().st_size} bytes"
        print(f"bundle: one sample proven in {sample.stat().st_size} bytes")

        if options.crate:
            print(run(options.crate, HERE / "judge_crate.py", place / "bundle"), end="")
        else:
            print("roc-validator: skipped, as it isn't installed")


if __name__ == "__main__":
    main()

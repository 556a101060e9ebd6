/// The program that checks a bundle without Cairn: goes into each of them.
enum BundleVerifier {
    static let python = #"""
        #!/usr/bin/env python3
        """Checks an unpacked research bundle of Cairn: verify.py DIRECTORY [--key VKEY] [--signed-manifest]

        Needs Python 3.8 and nothing else. Written from the documented formats: SHA-256 of every file, records and leaf hashes
        of the events, the Merkle tree of RFC 6962, the signed head of c2sp.org/tlog-checkpoint with Ed25519 of RFC 8032, and
        the signed manifest, a note of c2sp.org/signed-note. VKEY is a public key that you know to be the operator's, or a file
        with one a line. Exit codes: 0 whole, 2 a mistake of usage, 4 not whole.
        """
        import argparse
        import base64
        import hashlib
        import json
        import pathlib
        import re
        import signal
        import struct
        import sys
        from datetime import datetime, timezone

        P = 2**255 - 19
        D = -121665 * pow(121666, P - 2, P) % P
        ORDER = 2**252 + 27742317777372353535851937790883648493
        MANIFEST, SIGNATURE = "manifest-sha256.txt", "manifest-signature.txt"


        class Broken(Exception):
            pass


        def check(condition, message):
            if not condition:
                raise Broken(message)


        def sha256(data):
            return hashlib.sha256(data).digest()


        # Ed25519 (RFC 8032, 5.1), verification only


        def add(a, b):
            e = (a[1] - a[0]) * (b[1] - b[0]) % P
            f = (a[1] + a[0]) * (b[1] + b[0]) % P
            g = 2 * a[3] * b[3] * D % P
            h = 2 * a[2] * b[2] % P
            x, y, z, t = f - e, h - g, h + g, f + e
            return x * y % P, z * t % P, y * z % P, x * t % P


        def times(n, point):
            total = (0, 1, 1, 0)
            while n:
                if n & 1:
                    total = add(total, point)
                point = add(point, point)
                n >>= 1
            return total


        def point(data):
            y = int.from_bytes(data, "little")
            sign, y = y >> 255, y & (2**255 - 1)
            check(y < P, "a point of a signature is off the curve")
            square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
            x = pow(square, (P + 3) // 8, P)
            if (x * x - square) % P:
                x = x * pow(2, (P - 1) // 4, P) % P
            check((x * x - square) % P == 0, "a point of a signature is off the curve")
            if x & 1 != sign:
                x = P - x
            return x, y, 1, x * y % P


        def is_signed(key, message, signature):
            r, s = signature[:32], int.from_bytes(signature[32:], "little")
            if len(key) != 32 or len(signature) != 64 or s >= ORDER:
                return False
            h = int.from_bytes(hashlib.sha512(r + key + message).digest(), "little") % ORDER
            gy = 4 * pow(5, P - 2, P) % P
            base = point(int.to_bytes(gy, 32, "little"))
            left, right = times(s, base), add(point(r), times(h, point(key)))
            return (left[0] * right[2] - right[0] * left[2]) % P == 0 == (left[1] * right[2] - right[1] * left[2]) % P


        # Records and the tree


        def microseconds(text):
            match = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{6})Z", text, re.ASCII)
            check(match, "a time isn't written as it should be: " + text)
            *parts, micro = map(int, match.groups())
            seconds = datetime(*parts, tzinfo=timezone.utc) - datetime(1970, 1, 1, tzinfo=timezone.utc)
            return (seconds.days * 86400 + seconds.seconds) * 1_000_000 + micro


        def raw(line, key):
            """The bytes of a member as they stand in the line."""
            start = line.index(b'"' + key + b'":') + len(key) + 3
            text = line[start:].decode()
            _, end = json.JSONDecoder().raw_decode(text)
            return text[:end].encode()


        def leaf(line):
            event = json.loads(line)
            # Keys are in order, so «data» comes before any other place where its name could stand as a key at this level.
            data = raw(line[line.index(b'"data":'):], b"data")
            rest = line[line.index(data) + len(data):]
            metadata = raw(rest[rest.index(b',"leaf":'):], b"metadata")
            check(json.loads(data) == event["data"] and json.loads(metadata) == event["metadata"], "a line is ambiguous")
            stream, kind = event["stream"].encode(), event["type"].encode()
            commit = event["commit"]
            record = struct.pack(
                "<BBHHHqQ16sHHHH", 1, 0, event["version"], commit["index"], commit["count"], microseconds(event["time"]),
                event["revision"], bytes.fromhex(commit["id"]), len(stream), len(kind), len(data), len(metadata),
            ) + stream + kind + data + metadata
            found = sha256(b"\0" + record)
            check(found.hex() == event["leaf"], "position %d: the record has another hash" % event["position"])
            return event["position"], found


        def root(size, leaves, hashes):
            """The root of the tree: parts without any of the leaves are given by `hashes`, from left to right."""
            rest = iter(hashes)

            def visit(lower, upper, low, high):
                if low == high:
                    return bytes.fromhex(next(rest))
                if upper - lower == 1:
                    return leaves[low][1]
                middle = lower + (1 << (upper - lower - 1).bit_length() - 1)
                cut = low
                start, stop = low, high
                while start < stop:
                    cut = (start + stop) // 2
                    if leaves[cut][0] >= middle:
                        stop = cut
                    else:
                        start = cut + 1
                return sha256(b"\1" + visit(lower, middle, low, start) + visit(middle, upper, start, high))

            try:
                found = visit(0, size, 0, len(leaves))
            except StopIteration:
                raise Broken("the proof is too short")
            check(next(rest, None) is None, "the proof is too long")
            return found


        def signers(note, keys):
            """The lines of a signed text, and those of the keys that have signed it."""
            body, _, signatures = note.partition("\n\n")
            found = []
            for key in keys:
                name, number, material = key.split("+", 2)
                public = base64.b64decode(material)
                for line in signatures.splitlines():
                    _, signer, signature = line.split(" ")
                    signature = base64.b64decode(signature)
                    if signer == name and signature[:4].hex() == number and public[0] == 1 and len(signature) == 68:
                        check(is_signed(public[1:], (body + "\n").encode(), signature[4:]), "a signature is wrong")
                        found.append(key)
            return body.split("\n"), found


        def check_manifest(directory, index, manifest, keys, trusted, signed):
            """Who has signed the manifest of those who have signed the head; nobody for the formats that have no signature."""
            path = directory / SIGNATURE
            if index["format"] < 4:
                check(not path.exists(), SIGNATURE + " is there, and format %d has none" % index["format"])
                return []
            check(path.is_file(), SIGNATURE + " is missing")
            body, found = signers(path.read_bytes().decode(), keys + trusted)
            both = [key for key in found if key in signed]
            check(both, "no key that has signed the head has signed the manifest")
            check(not trusted or any(key in both for key in trusted), "no key that you gave has signed the manifest")
            others = [line for line in manifest if not line[66:].startswith(("events/", "blobs/"))]
            head = ["cairn/bundle-manifest/v1", index["origin"], "run " + index["run"]]
            check(body[:3] == head, SIGNATURE + " is of another run or store")
            for line in sorted(set(body[4:]) ^ set(others), key=lambda line: line[66:]):
                raise Broken(line[66:] + " was changed, added or taken away after the manifest was signed")
            digest = hashlib.sha256((directory / MANIFEST).read_bytes()).hexdigest()
            check(body[3:4] == ["manifest " + digest], MANIFEST + " was changed after it was signed")
            return both


        def keys_of(text):
            """A key, or those of a file with one a line."""
            key = r"[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}"
            if re.fullmatch(key, text):
                return [text]
            try:
                lines = pathlib.Path(text).read_text().split()
            except (OSError, ValueError):
                lines = []
            if not lines or not all(re.fullmatch(key, line) for line in lines):
                raise argparse.ArgumentTypeError(text + " is neither a public key, as in name+id+key, nor a file of them")
            return lines


        def arguments():
            parser = argparse.ArgumentParser(description="Checks an unpacked research bundle of Cairn.")
            parser.add_argument("directory", type=pathlib.Path, help="where the bundle was unpacked")
            parser.add_argument("--key", metavar="VKEY", type=keys_of, action="append", default=[],
                                help="a public key that you know to be the operator's, or a file of such: one must have signed")
            parser.add_argument("--signed-manifest", action="store_true", help="reject a bundle whose manifest isn't signed")
            found = parser.parse_args()
            if not found.directory.is_dir():
                parser.error("%s is no directory: unpack the bundle, and name the directory that it is in" % found.directory)
            return found


        def main(directory, trusted, needs_signed_manifest):
            listed = {}
            manifest = (directory / MANIFEST).read_text().splitlines()
            for line in manifest:
                digest, _, name = line.partition("  ")
                check(".." not in name.split("/") and not name.startswith("/"), "the manifest leads elsewhere")
                listed[name] = digest
            for name, digest in listed.items():
                path = directory / name
                check(path.is_file(), name + " is missing")
                check(hashlib.sha256(path.read_bytes()).hexdigest() == digest, name + " was changed")
            present = {p.relative_to(directory).as_posix() for p in directory.rglob("*")}
            index = json.loads((directory / "bundle.json").read_text())
            check(index["format"] in (1, 2, 3, 4), "format %s is of a newer program, or of none" % index["format"])
            beside = {MANIFEST} if index["format"] < 4 else {MANIFEST, SIGNATURE}
            around = {p.as_posix() for name in listed for p in pathlib.PurePosixPath(name).parents} - {"."}
            for name in sorted(present ^ (set(listed) | beside | around)):
                raise Broken(name + " isn't in the manifest, or isn't there")

            for name in listed:
                if name.startswith("blobs/"):
                    check(listed[name] == name[6:], name + " has another digest than its name")
            leaves = []
            for path in sorted((directory / "events").glob("*.jsonl")):
                leaves += [leaf(line) for line in path.read_bytes().splitlines()]
            check(all(a[0] < b[0] for a, b in zip(leaves, leaves[1:])), "the events aren't in order")
            check(len(leaves) == index["events"], "there are other events than bundle.json says")
            proof = json.loads((directory / "proof.json").read_text())
            check(proof["size"] == index["size"], "the proof is for another size")
            head = root(proof["size"], leaves, proof["hashes"])
            check(head.hex() == index["head"], "the events don't lead to the head")

            keys = (directory / "keys.txt").read_text().split()
            checkpoint = (directory / "checkpoint.txt").read_text()
            body, signed = signers(checkpoint, keys + trusted)
            check(body[:3] == [index["origin"], str(index["size"]), base64.b64encode(head).decode()], "another checkpoint")
            check(signed, "no key has signed the head")
            check(not trusted or any(key in signed for key in trusted),
                  "no key that you gave has signed the head: " + " ".join(trusted))
            check(index["format"] >= 4 or not needs_signed_manifest,
                  "the manifest isn't signed: bundle.json says that it is of format %d" % index["format"])
            whole = check_manifest(directory, index, manifest, keys, trusted, signed)
            blobs = sum(name.startswith("blobs/") for name in listed)
            print("whole: %d files, %d events, %d blobs, %d withheld" % (
                len(listed), len(leaves), blobs, len(index["withheld"])))
            print("head %d:%s" % (index["size"], head.hex()))
            print("signed by " + " and ".join(dict.fromkeys(signed)))
            if whole:
                print("the manifest is signed, too, by %s: no file was exchanged or added since" %
                      " and ".join(dict.fromkeys(whole)))
                for key in dict.fromkeys(signed):
                    if key not in whole:
                        print("not signed by %s: of files that aren't events or blobs that key says nothing" % key)
            else:
                print("the manifest isn't signed, as in all of format %d: files that aren't events or blobs may be somebody "
                      "else's, and events may have been left out, also those which tell of a fork" % index["format"])
            if not trusted:
                print("these keys are known from the bundle alone: ask for the operator's, and give it with --key")


        if __name__ == "__main__":
            if hasattr(signal, "SIGPIPE"):
                signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # who reads no more, as head, ends this quietly
            given = arguments()
            try:
                main(given.directory, sum(given.key, []), given.signed_manifest)
            except (Broken, OSError, ValueError, LookupError, TypeError, AttributeError, struct.error, RecursionError) as error:
                print("BROKEN: %s" % error)
                sys.exit(4)

        """#
}

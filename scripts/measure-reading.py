#!/usr/bin/env python3
"""Reads a folder of scans whose truth is known and prints, as Markdown, how much was read right and how far the confidence can be believed.

  measure-reading.py [--corpus DIR] [--scans NAME] [--binary PATH] [--today YYYY-MM-DD] [--misses]

The corpus holds the scans, `truth.jsonl` (one line per document, see sample_data/README.md) and `customers_truth.json` with the merchant's
name under `seller`. Without --corpus it is sample_data. A value is right when it equals the truth after folding case, blanks and punctuation.
"""
import argparse, json, os, re, resource, subprocess, sys, time
from collections import Counter, defaultdict

FIELDS = {"purchaser_name": "purchaser_name", "purchaser_line1": "line1", "purchaser_city": "city", "purchaser_region": "region",
          "purchaser_postal_code": "postal_code", "seller_name": "seller_name", "signed_date": "signed_date",
          "expiration_date": "expiration_date", "reason": "reason"}
LEGAL = re.compile(r"(incorporated|inc|llc|corporation|corp|company|co|limited|ltd)$")


def fold(value):
    return re.sub(r"[^a-z0-9]", "", str(value if value is not None else "").lower())


def same(field, want, got):
    want, got = fold(want), fold(got)
    if field.endswith("_name"):
        want, got = LEGAL.sub("", want), LEGAL.sub("", got)
    if field.endswith("postal_code"):
        want, got = want[:5], got[:5]
    return want == got and want != ""


def same_pages(document, paper):
    first, last = paper.get("pages") or [1, 1]
    return os.path.basename(paper["file"]) == os.path.basename(document["file"]) and document["pages"][0] <= last and document["pages"][1] >= first


def same_form(read, want):
    """Revisions of a multi-state form count as one; a letter is no form; what has no number is known by its state."""
    read, want = fold(read), fold(want)
    for family in ("mtc", "sst"):
        if want.startswith(family):
            return read.startswith(family)
    if want == "letter":
        return read in ("", "letter")
    if want.endswith(("resale", "permit")):
        return bool(read) and read[:2] == want[:2]
    return read == want


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--corpus", default=os.path.join(here, "..", "sample_data"))
    ask.add_argument("--scans")
    ask.add_argument("--binary", default=os.path.join(here, "..", "target", "release", "certonboard"))
    ask.add_argument("--today", default="2026-11-20")
    ask.add_argument("--misses", action="store_true")
    args = ask.parse_args()
    scans = args.scans or next(n for n in ("scans", "certificates") if os.path.isdir(os.path.join(args.corpus, n)))
    with open(os.path.join(args.corpus, "customers_truth.json")) as file:
        seller = json.load(file)["seller"]
    with open(os.path.join(args.corpus, "truth.jsonl")) as file:
        truth = [json.loads(line) for line in file if line.strip()]

    began = time.time()
    command = [args.binary, "extract", os.path.join(args.corpus, scans), "--merchant", seller, "--today", args.today, "--quiet"]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    took = time.time() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    if run.returncode not in (0, 3):
        print(f"note: extract ended with {run.returncode}", file=sys.stderr)
    found = defaultdict(list)
    for line in run.stdout.splitlines():
        document = json.loads(line)
        found[os.path.basename(document["file"])].append(document)

    right, asked = Counter(), Counter()
    by_kind, sure, misses = defaultdict(Counter), defaultdict(Counter), []

    def note(what, ok, where=None, want=None, got=None):
        asked[what] += 1
        right[what] += bool(ok)
        if not ok and where:
            misses.append((where, what, want, got))

    for paper in truth:
        name = os.path.basename(paper["file"])
        first, last = paper.get("pages") or [1, 1]
        mine = [d for d in found[name] if d["pages"][0] <= last and d["pages"][1] >= first]
        mine.sort(key=lambda d: abs(d["pages"][0] - first))
        if paper.get("form") is None:
            # Customers are not known here, so that nothing is accepted: what is no certificate has to be refused for what it is.
            note("no certificate, kept out", all(d["disposition"] == "reject" for d in mine), name)
            continue
        note("document found", mine, name)
        for other in mine[1:]:
            if not any(same_pages(other, p) for p in truth if p is not paper):
                note("no paper invented", False, f"{name} {other['pages'][0]}")
        note("no paper invented", True)
        document = mine[0] if mine else {"fields": {}, "states": [], "signature": {}}
        form = (document.get("form") or {}).get("id") or ""
        note("form", same_form(form, paper["form"]), f"{name} {first}", paper["form"], form)
        kind = paper["profile"] + (", by hand" if paper.get("handwritten") else "")
        for field, key in FIELDS.items():
            if not paper.get(key):
                continue
            read = document["fields"].get(field) or {}
            ok = same(field, paper[key], read.get("value"))
            note(field, ok, f"{name} {first}", paper[key], read.get("value"))
            by_kind[kind]["right" if ok else "wrong"] += 1
            if read.get("value") is not None:
                sure[min(int(read["confidence"] * 10), 9)]["right" if ok else "wrong"] += 1
        want = {(s["region"], fold(s["number"])) for s in paper["states"] if s.get("number")}
        got = {(s["region"], fold(s["number"])): s["confidence"] for s in document["states"] if s.get("number")}
        for claim in want:
            note("registration number", claim in got, f"{name} {first}", claim, sorted(n for r, n in got if r == claim[0]))
        for claim, confidence in got.items():
            sure[min(int(confidence * 10), 9)]["right" if claim in want else "wrong"] += 1
        note("no state invented", {r for r, _ in got} <= {r for r, _ in want}, name)
        if paper.get("blanket") is not None:
            value = (document["fields"].get("blanket") or {}).get("value")
            note("blanket or single", value == paper["blanket"], f"{name} {first}", paper["blanket"], value)
        signed = (document.get("signature") or {}).get("present")
        note("signature", signed == paper["signed"], f"{name} {first}", paper["signed"], signed)

    print("| what | right | of | share |\n|---|---:|---:|---:|")
    for what in asked:
        print(f"| {what} | {right[what]} | {asked[what]} | {right[what] / asked[what]:.1%} |")
    print("\n| kind of scan | values | right |\n|---|---:|---:|")
    for kind, counts in sorted(by_kind.items()):
        print(f"| {kind} | {sum(counts.values())} | {counts['right'] / sum(counts.values()):.1%} |")
    print("\n| said to be sure | values | right |\n|---|---:|---:|")
    for tenth, counts in sorted(sure.items()):
        print(f"| {tenth / 10:.1f} to {(tenth + 1) / 10:.1f} | {sum(counts.values())} | {counts['right'] / sum(counts.values()):.1%} |")
    print(f"\n{took:.1f} s, {used.ru_utime + used.ru_stime:.1f} s of processor time, at most {used.ru_maxrss / 1024:.0f} MB")
    if args.misses:
        for miss in misses:
            print("miss", *miss, sep=" | ")


if __name__ == "__main__":
    main()

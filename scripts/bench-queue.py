#!/usr/bin/env python3
"""Reading by a queue against reading here: the same scans, in turns, on this machine.

    scripts/bench-queue.py target/release/certonboard [--files 120] [--rounds 3]

Needs nats-server. The scans are those of the sample data, each copied under many names with another last line, so that none is known already.
Prints the pages and files a second of the local run with two threads and of two workers with one thread each, their ratio, and what the
coordinator itself costs for each file.
"""

import argparse
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
MERCHANT = "Blue Heron Supply Co."
# Kinds whose readers don't mind a line after the end.
KINDS = {".pdf", ".jpg", ".jpeg"}


def scans(folder, count, salt):
    folder.mkdir()
    samples = sorted(p for p in (ROOT / "sample_data/certificates").rglob("*") if p.suffix in KINDS)
    for n in range(count):
        sample = samples[n % len(samples)]
        text = sample.read_bytes() + f"\n% {salt} {n}\n".encode()
        (folder / f"{n:05}{sample.suffix}").write_bytes(text)


def extract(binary, folder, *more):
    """Wall seconds, CPU seconds of the process itself, and the lines."""
    out = folder.parent / "lines.jsonl"
    with open(out, "wb") as lines:
        begun = time.monotonic()
        process = subprocess.Popen(
            [binary, "extract", folder, "--merchant", MERCHANT, "--customers", ROOT / "sample_data/customers.xlsx", "--today", "2026-11-20",
             "--no-cache", "--quiet", *more],
            stdout=lines, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        took = time.monotonic() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 3):
        sys.exit(f"extract ended with {process.returncode}")
    return took, used.ru_utime + used.ru_stime, out.read_bytes()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--files", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    if not shutil.which("nats-server"):
        sys.exit("nats-server is not installed: scripts/install-system-packages.sh tests")
    here = pathlib.Path(tempfile.mkdtemp(prefix="certonboard-bench-"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"nats://127.0.0.1:{port}"
    running = [subprocess.Popen(["nats-server", "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", here / "nats"], stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)]
    try:
        time.sleep(1)
        for _ in range(2):
            running.append(subprocess.Popen([args.binary, "worker", "--queue", url, "--jobs", "1", "--quiet"], stderr=subprocess.DEVNULL))
        time.sleep(2)
        local, far, ratios, cost, pages = [], [], [], [], 0
        for turn in range(args.rounds):
            folder = here / f"scans{turn}"
            scans(folder, args.files, turn)
            ways = [("local", ("--jobs", "2")), ("far", ("--queue", url))]
            times = {}
            for name, flags in ways if turn % 2 == 0 else reversed(ways):
                # Idle workers wait for jobs and cost nothing.
                times[name] = extract(args.binary, folder, *flags)
            if times["local"][2] != times["far"][2]:
                sys.exit("the lines differ")
            local.append(times["local"][0])
            far.append(times["far"][0])
            ratios.append(times["local"][0] / times["far"][0])
            cost.append(times["far"][1] / args.files * 1000)
            print(f"round {turn + 1}: local {local[-1]:.1f} s, queue {far[-1]:.1f} s, throughput {ratios[-1]:.2f}x, "
                  f"coordinator {cost[-1]:.1f} ms CPU a file", flush=True)
        print(f"files a second: local {args.files / statistics.median(local):.2f}, queue {args.files / statistics.median(far):.2f}")
        print(f"throughput of the queue: {statistics.median(ratios):.2f} times that of the local run")
        print(f"coordinator: {statistics.median(cost):.1f} ms CPU a file")
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait()
        shutil.rmtree(here, ignore_errors=True)


if __name__ == "__main__":
    main()

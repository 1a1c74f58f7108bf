"""How long a person waits: --help, a fault in a large file, Ctrl-C.

    uv run python -m benchmarks.face [--runs 5]

Whole processes, wall-clock seconds, minimum / median / maximum.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.large import large_instance
from benchmarks.machine import machine

COMMAND = [sys.executable, "-m", "mosaico_place"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="how long a person waits")
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        faulty = Path(folder) / "faulty.yaml"
        faulty.write_text(large_faulty_instance(), encoding="utf-8")
        hard = Path(folder) / "hard.yaml"
        hard.write_text(hard_instance(), encoding="utf-8")
        _seconds(["--help"], 0)  # warm
        _show("--help", [_seconds(["--help"], 0) for _ in range(runs)])
        size = faulty.stat().st_size / 1e6
        _show(f"one fault in {size:.1f} MB", [_seconds(["validate", str(faulty)], 3) for _ in range(runs)])
        _show("Ctrl-C to answer", [_interrupted(hard) for _ in range(runs)])


def _seconds(arguments: list[str], exit_code: int) -> float:
    before = time.perf_counter()
    ended = subprocess.run([*COMMAND, *arguments], capture_output=True, check=False)
    assert ended.returncode == exit_code, ended.stderr.decode()
    return time.perf_counter() - before


def _interrupted(instance: Path) -> float:
    """Seconds from Ctrl-C, ten seconds into a solve, to the whole answer."""
    with subprocess.Popen([*COMMAND, "solve", str(instance), "--json"], stdout=subprocess.PIPE, text=True) as process:
        time.sleep(10)
        process.send_signal(signal.SIGINT)
        before = time.perf_counter()
        answer, _ = process.communicate()
        took = time.perf_counter() - before
    document = json.loads(answer)
    assert document["termination"] == "interrupted", document["termination"]
    assert document["violations"] == []
    return took


def _show(what: str, seconds: list[float]) -> None:
    low, middle, high = min(seconds), statistics.median(seconds), max(seconds)
    print(f"{what:<24} {low:6.2f} / {middle:6.2f} / {high:6.2f} s, {len(seconds)} runs")


def large_faulty_instance() -> str:
    """An instance of about 2 MB whose last latency budget has a unit that does not exist."""
    head, _, tail = large_instance(5700).rpartition("10 ms")
    return f"{head}10 mm{tail}"


def hard_instance() -> str:
    """An instance that takes HiGHS much longer than ten seconds: many chains, scarce and uneven servers."""
    rng = random.Random(5)
    lines = ["format: 1", "infrastructure:", "  nodes:"]
    count = 30
    lines += [f"    sw-{i}: {{kind: p4-switch, stages: {rng.randint(3, 8)}}}" for i in range(count)]
    lines += [f"    server-{i}: {{kind: server, cpu: {rng.randint(9, 25)}}}" for i in range(count)]
    lines += ["  links:"]
    pairs = {(i, (i + 1) % count) for i in range(count)} | {(i, rng.randrange(count)) for i in range(count)}
    wide = "bandwidth: 3 Gbps, latency"
    lines += [f"    - {{between: [sw-{i}, sw-{j}], {wide}: {rng.randint(100, 900)} us}}" for i, j in _distinct(pairs)]
    lines += [f"    - {{between: [sw-{i}, server-{i}], bandwidth: 10 Gbps, latency: 5 us}}" for i in range(count)]
    lines += ["functions:"]
    for k in range(4):
        p4 = f"p4: {{stages: {k + 1}, processing: 1 us}}"
        lines += [f"  f{k}: {{implementations: {{{p4}, vnf: {{cpu: {3 + 2 * k}, processing: {200 + 90 * k} us}}}}}}"]
    lines += ["chains:"]
    for i in range(120):
        ends = rng.sample(range(count), 2)
        through = ", ".join(f"f{k}" for k in rng.sample(range(4), 3))
        lines += [f"  chain-{i}:", f"    line: {{from: sw-{ends[0]}, through: [{through}], to: sw-{ends[1]}}}"]
        lines += [f"    rate: {rng.randint(100, 900)} Mbps", "    within: 8 ms", f"    weight: {rng.randint(1, 9)}"]
    return "\n".join(lines) + "\n"


def _distinct(pairs: set[tuple[int, int]]) -> list[tuple[int, int]]:
    return sorted({(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]})


if __name__ == "__main__":
    main()

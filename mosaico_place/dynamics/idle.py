"""Full solves in a child process, while the parent goes on answering.

The child is given a copy of what stands and solves it; what it finds is of what stood then, and it is for the parent to
say what of it still holds (:func:`still_holding`). The parent never waits for it. It ends with the parent, whatever
becomes of that: its stdin closes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module

from mosaico_place.document import placement_document
from mosaico_place.dumping import dump
from mosaico_place.instance import Instance
from mosaico_place.load import parse_instance, parse_placement
from mosaico_place.method import Options
from mosaico_place.placement import ChainPlacement, Placement
from mosaico_place.solving import solve


@dataclass(frozen=True, slots=True)
class Errand:
    """What a child is sent for.

    Attributes:
        instance, placement: what stands.
        seconds: that it may take.
        method, seed: of the solve.
        max_moves: how many components may move.
    """

    instance: Instance
    placement: Placement
    seconds: float
    method: str = "auto"
    seed: int = 0
    max_moves: int | None = None


class Child:
    """One solve in a process of its own, with one thread.

    Args:
        errand: what is solved.

    Attributes:
        placement: what it found; None until it has ended, or if it found nothing.
    """

    def __init__(self, errand: Errand) -> None:
        self.errand = errand
        self.placement: Placement | None = None
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._thread = threading.Thread(target=self._talk, daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether it is over, one way or another."""
        return not self._thread.is_alive()

    def wait(self, seconds: float) -> bool:
        """Wait for the end, but no longer than so; whether it has come."""
        self._thread.join(seconds)
        return self.ended

    def close(self) -> None:
        """End it at once."""
        self._process.kill()
        self._thread.join()

    def _talk(self) -> None:
        """Send the errand, hear the answer."""
        errand, process = self.errand, self._process
        assert process.stdin is not None, "asked for"
        assert process.stdout is not None, "asked for"
        written = {
            "instance": dump(errand.instance),
            "placement": placement_document(errand.placement),
            "seconds": errand.seconds,
            "method": errand.method,
            "seed": errand.seed,
            "max_moves": errand.max_moves,
        }
        with process.stdout, suppress(OSError, ValueError):
            process.stdin.write(json.dumps(written).encode() + b"\n")
            process.stdin.flush()
            answer = process.stdout.readline()
            if answer.endswith(b"\n"):
                self.placement = parse_placement(answer.decode())
        with suppress(OSError):
            process.stdin.close()
        process.wait()


def still_holding(errand: Errand, found: Placement, instance: Instance, placement: Placement) -> Placement:
    """What was found, but for chains that changed since, or that were placed otherwise since: those stay."""
    chains: dict[str, ChainPlacement] = {}
    for name, chain in instance.chains.items():
        asked, then, now = (
            errand.instance.chains.get(name),
            errand.placement.chains.get(name),
            placement.chains.get(name),
        )
        placed = found.chains.get(name) if asked == chain and then == now else now
        if placed is not None:
            chains[name] = placed
    return Placement(chains, {**found.instances, **placement.instances})


def main() -> None:
    """Be the child."""
    # Its libraries take seconds to load where nothing keeps them as byte code: more than the clock may give.
    import_module("mosaico_place.exact.method")
    errand = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    instance = parse_instance(errand["instance"])
    before = parse_placement(json.dumps(errand["placement"]))
    options = Options(time_limit_s=errand["seconds"], seed=errand["seed"], threads=1)
    method, most = errand["method"], errand["max_moves"]
    result = solve(instance, method=method, options=options, previous=before, max_moves=most)
    if result.placement is not None:
        sys.stdout.write(json.dumps(placement_document(result.placement)) + "\n")
        sys.stdout.flush()


def _end_with_parent() -> None:
    """Wait until nobody can write to stdin any more."""
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()

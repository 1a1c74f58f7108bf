"""The documents of ``check``, ``explain`` and ``validate``."""

from __future__ import annotations

from typing import Literal

from mosaico_place.result import Termination
from mosaico_place.schema.parts import CostEntry, Document, ViolationEntry


class CheckDocument(Document):
    """What `check --json` prints."""

    format: Literal[1]
    instance: str
    violations: list[ViolationEntry]
    """Rules that the placement breaks; empty when it keeps them all."""
    objective: list[CostEntry]
    """What it costs per level; a part that names what the instance does not have is left out."""
    terms: dict[str, float]
    """Every cost term, whether the objective names it or not; counts what `objective` counts."""


class ReasonEntry(Document):
    """One reason why chains are not accepted."""

    kind: Literal["impossible", "latency", "capacity", "held", "objective", "rules", "unknown"]
    message: str


class GrowthEntry(Document):
    """A capacity that must grow."""

    capacity: list[str]
    """`[node, NODE, RESOURCE]`, `[device, NODE, DEVICE, RESOURCE]` or `[link, FROM, TO]`."""
    by: int
    """In smallest units: 1/1000 core, 1/1000 GPU, bytes, pieces, bit/s."""


class ChainReasonsEntry(Document):
    """Why a chain, or several that must be accepted together, are not accepted."""

    chains: list[str]
    accepted: bool
    """Whether they are, so that there is nothing to explain."""
    reasons: list[ReasonEntry]
    growth: list[GrowthEntry]
    """What must grow to accept them beside the accepted chains; empty if nothing must, or no growth helps."""
    proven: bool
    """Whether no growth can be lowered by a step with the others as they are."""


class ExplainDocument(Document):
    """What `explain --json` prints."""

    format: Literal[1]
    instance: str
    termination: Termination
    """How the solve of the instance ended."""
    chains: list[ChainReasonsEntry]


class CapacityEntry(Document):
    """What more of one capacity would gain on the first level. Amounts are in its smallest units."""

    capacity: list[str]
    """`[node, NODE, RESOURCE]`, `[device, NODE, DEVICE, RESOURCE]` or `[link, FROM, TO]`."""
    of: int
    """How much of it there is."""
    unit: int
    """1 core, 0.1 GPU, 1 GiB of memory, 1 MiB of sram or tcam, 100 Mbps, 1 stage or piece."""
    by: int
    """By how much it grows for the check: whole units, room for what one rejected chain takes of it."""
    per_unit: float
    """What one unit gains at the shadow prices."""
    promised: float
    """What `by` gains at the shadow prices, which count parts of chains; an estimate."""
    value: float | None
    """Of the first level with the growth, the best found; null if it was not solved again."""
    bound: float | None
    """Proven: no placement with the growth lies below; null when nothing is proven."""
    termination: Termination | None
    """How solving again ended; null if it was not."""
    verdict: Literal["confirmed", "better-found", "no-gain", "not-confirmed", "not-checked"]
    """`confirmed` and `no-gain` are proven."""


class AdviceDocument(Document):
    """What `explain --capacity --json` prints."""

    format: Literal[1]
    instance: str
    method: str
    termination: Termination
    """How the solve of the instance as it is ended; only its first level is solved."""
    value: float | None
    """Of the first level as it is; null without a placement."""
    bound: float | None
    """Proven: no placement of the instance as it is lies below; null when nothing is proven."""
    limited: bool | None
    """Whether capacities limit the first level: true if a growth is confirmed, false if nothing is left to gain."""
    capacities: list[CapacityEntry]
    """What is worth most first, the best of every kind of capacity before the others."""


class FaultEntry(Document):
    """One thing that is wrong with a file."""

    line: int | None
    """Counted from 1; null where the fault belongs to no line."""
    column: int | None
    """Counted from 1; null where the fault belongs to no line."""
    path: str
    """Where in the document, as keys and list positions joined by dots."""
    message: str


class FileEntry(Document):
    """What was found about one file."""

    file: str
    ok: bool
    """Whether it can be used: it has no fault."""
    faults: list[FaultEntry]
    warnings: list[str]


class ValidateDocument(Document):
    """What `validate --json` prints."""

    format: Literal[1]
    files: list[FileEntry]
    """In the order in which they were named."""

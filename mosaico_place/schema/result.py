"""The document of ``solve``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mosaico_place.result import Termination
from mosaico_place.schema.parts import Document, FlowEntry, LevelEntry, RewriteEntry, SpotEntry, ViolationEntry


class BudgetEntry(Document):
    """The latency of one budget, in microseconds."""

    tail: str = Field(alias="from")
    """Component whose start begins it."""
    head: str = Field(alias="to")
    """Component whose end completes it."""
    actual_us: float
    """Longest directed path between the two."""
    within_us: float | None = None
    """The hard limit, where there is one."""
    target_us: float | None = None
    """The soft target, where there is one."""


class ChainEntry(Document):
    """One accepted chain."""

    components: dict[str, SpotEntry]
    """Spot of every component that is no endpoint."""
    flows: list[FlowEntry]
    latency: list[BudgetEntry]
    """One entry per latency budget, in the order of the instance."""


class OpenedEntry(Document):
    """Opened instances of a shared function in one implementation on one node."""

    implementation: str
    count: int = Field(ge=1)
    load_bps: int | None = None
    """What they serve."""


class RejectionEntry(Document):
    """A chain that is not accepted."""

    chain: str
    why: str


class UseEntry(Document):
    """Use of one resource in base units (cores, GPUs, bytes, pieces, seconds)."""

    used: float
    capacity: float
    reserved: float = 0
    """What placements may not use; used + reserved <= capacity."""


class LinkEntry(Document):
    """Use of one link direction that carries flows."""

    tail: str = Field(alias="from")
    """Node that the direction leaves."""
    head: str = Field(alias="to")
    """Node that the direction enters."""
    used_bps: int
    bandwidth_bps: int
    reserved_bps: int = 0
    """What flows may not use; used + reserved <= bandwidth."""


class ModelEntry(Document):
    """How large the problem was."""

    candidates: int
    """(component, node, implementation, devices) combinations left after pruning."""
    pruned: int
    """How many more there were before."""
    variables: int
    rows: int
    nonzeros: int


class ResultDocument(Document):
    """What `solve --json` prints and `solve --output` writes. It is a placement for other commands."""

    format: Literal[1]
    instance: str
    method: str
    method_why: str = ""
    """What each part of `auto` gave; empty if the method was asked for."""
    termination: Termination
    """Why the method stopped; whether there is a placement is a question apart."""
    objective: list[LevelEntry]
    terms: dict[str, float]
    """Every cost term, whether the objective names it or not; empty without a placement."""
    accepted: list[str]
    """Names of the accepted chains, in the order of the instance."""
    accepted_weight: float | None
    accepted_weight_bound: float | None
    """Proven: no placement accepts more weight; null when nothing is proven."""
    rejected: list[RejectionEntry]
    chains: dict[str, ChainEntry] | None
    """The placement: one entry per accepted chain; null if none was found."""
    instances: dict[str, dict[str, OpenedEntry | list[OpenedEntry]]]
    """Node -> shared function -> what is opened of it there; a list if in several implementations."""
    rewrites: list[RewriteEntry]
    """Components that are merged, or run in parallel."""
    nodes: dict[str, dict[str, UseEntry]]
    """Node -> resource -> use."""
    devices: dict[str, dict[str, dict[str, UseEntry]]]
    """Node -> device -> resource -> use."""
    links: list[LinkEntry]
    model: ModelEntry
    violations: list[ViolationEntry]
    """Rules that the placement breaks: always empty, since no such answer leaves the program."""
    runtime_s: dict[str, float]
    """Phase -> wall-clock seconds."""
    seed: int

"""The documents that the program writes, as pydantic models: their published JSON Schemas are made of these.

What was not given (a device, a soft target, a reserved amount) is left out of a document; what is not known
(a bound, the value of an objective without a placement) is ``null``, never a guess.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from mosaico_place.result import Termination
from mosaico_place.rules import Rule
from mosaico_place.schema.placement import AnswerDocument, PlacementDocument


class Document(BaseModel):
    """Base of all of them: unknown keys are errors, and a field's docstring is its description."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )


class SpotEntry(Document):
    """Where a component stands."""

    node: str
    implementation: str
    device: str | None = None
    """The GPU it runs on; only at level `gpu`."""


class FlowEntry(Document):
    """The path of one flow."""

    tail: str = Field(alias="from")
    """Component that the flow leaves."""
    head: str = Field(alias="to")
    """Component that the flow enters."""
    path: list[str] = Field(min_length=1)
    """Node names from tail to head; one name where both stand on one node."""


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


class RewriteEntry(Document):
    """Components of a chain that are merged, or run in parallel."""

    chain: str
    rewrite: Literal["merged", "parallel"]
    components: list[str]


class LevelEntry(Document):
    """One objective level, best level first."""

    terms: dict[str, float]
    """Cost term -> its value, not multiplied by its weight; empty without a placement."""
    value: float | None
    """Weighted sum of the terms; null without a placement."""
    bound: float | None
    """Proven: no placement that is as good on all levels before lies below; null when nothing is proven."""
    gap: float | None
    """(value - bound) / max(|value|, 1e-6), and 0 if value - bound <= 1e-6; null if either is unknown."""


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
    """(component, node, implementation, device) combinations left after pruning."""
    pruned: int
    """How many more there were before."""
    variables: int
    rows: int
    nonzeros: int


class ViolationEntry(Document):
    """A rule broken by a placement."""

    rule: Rule
    where: str
    """What breaks it, by name."""
    message: str
    amount: float
    """By how much, in base units of what the rule counts; 1 for rules that count nothing."""


class ResultDocument(Document):
    """What `solve --json` prints and `solve --output` writes. It is a placement for other commands."""

    format: Literal[1]
    instance: str
    method: str
    method_why: str = ""
    """Why `auto` picked the method, and whether a search went before it; empty if it was asked for."""
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


class CostEntry(Document):
    """What a placement costs on one objective level, best level first."""

    terms: dict[str, float]
    """Cost term -> its value, not multiplied by its weight."""
    value: float
    """Weighted sum of the terms."""


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


class ChainRewrite(Document):
    """Components of the chain of a step that are merged, or run in parallel."""

    rewrite: Literal["merged", "parallel"]
    components: list[str]


class StepEntry(Document):
    """One step of a plan. What says nothing about it is left out."""

    step: Literal["start", "transfer", "switch", "stop"]
    chain: str | None = None
    """The chain that it is done to; left out where instances of a shared function are started or stopped."""
    component: str | None = None
    """What starts, is carried over or stops; left out where a chain's traffic switches or stops."""
    function: str | None = None
    """The shared function whose instances are started or stopped."""
    count: int | None = Field(None, ge=1)
    """How many of its instances."""
    node: str | None = None
    """Where it starts or stops, or is carried to."""
    implementation: str | None = None
    device: str | None = None
    source: SpotEntry | None = Field(None, alias="from")
    """Where its state is carried from."""
    flows: list[FlowEntry] | None = None
    """Of a switch: the flows that take another path, all at once."""
    rewrites: list[ChainRewrite] | None = None
    """Of a switch: all rewrites of the chain from then on."""
    duration_us: float | None
    """How long it takes, as far as state and programs say; null if that cannot be told."""


class InterruptionEntry(Document):
    """A chain that stands still for a while because of the plan."""

    chain: str
    components: list[str]
    """What is stopped before it runs elsewhere; empty if only the program under its flows changes."""
    first: int = Field(ge=1)
    """The step, counted from 1, that stops its traffic."""
    last: int = Field(ge=1)
    """The step that switches it on again."""
    length_us: float | None
    """The durations of these steps and all between; null if that cannot be told."""


class PlanDocument(Document):
    """The steps from one placement to the next."""

    format: Literal[1]
    steps: list[StepEntry]
    """In the order in which they are taken; none if nothing is to be done."""
    interruptions: list[InterruptionEntry]
    """What stands still because of the plan; what the event itself has interrupted is not among them."""


class StartEntry(Document):
    """A placement in which a scenario begins."""

    without: str | None
    """The freedom that was taken away; null for none."""
    strategy: str | None
    """The strategy that alone begins there; null for all others."""
    termination: Termination | None
    """How solving for it ended; null if it was given."""
    requested: float
    """Weight of the chains that there are."""
    accepted: float
    """Weight of those that are served."""


class SpreadEntry(Document):
    """How figures are spread."""

    mean: float
    p95: float
    max: float


class TimesEntry(Document):
    """Milliseconds: quantiles, each one that was measured, and the largest."""

    p50: float
    p95: float
    p99: float
    max: float


class SpeedupEntry(Document):
    """Times of full re-solves, their plans left out, by times of answers with their plans to the same changes."""

    median: float
    max: float


class SummaryEntry(Document):
    """What one strategy answered, in one mode."""

    strategy: str
    mode: Literal["same", "own"]
    """`same`: at every change from the placement that the first strategy left; `own`: from its own last answer."""
    without: str | None
    """The freedom that was taken away; null for none."""
    answers: int
    """How many changes it was asked about."""
    found: int
    """Answers of its own, not those that it gives where it is not its turn or its time limit struck first."""
    proven: int
    """Answers that are proven best on every level."""
    accepted_ratio: float
    """Weight x time served by weight x time requested, every answer holding until the next change."""
    objective: list[CostEntry]
    """Mean over its answers of every level, and of every term that the level names."""
    moves: int
    """Components whose node, device or implementation changed while their chains ran on; with those of idle time."""
    reroutes: int
    """Flows that took other paths although their ends stayed; with those of idle time."""
    rewrites: int
    """Chains merged or run in parallel otherwise, and components that changed level; with those of idle time."""
    interrupted: int
    """How often a plan interrupted a chain."""
    steps: int
    """Steps of all its plans."""
    time_ms: TimesEntry | None
    """From the events in to the checked plan out, of the answers found; null if there are none."""
    gap_to_resolve: list[SpreadEntry | None]
    """Per level, (value - value of the re-solve) / the larger of the two, where one answered from the same state and
    all levels before are equal; below 0 where the re-solve is worse. Null where there is no such change."""
    gap_to_bound: list[SpreadEntry | None]
    """Per level, (value - bound) / value, for the best bound that is proven for the answer. Null where none is."""
    speedup: SpeedupEntry | None
    """Against full re-solves at the same changes; null where there are none."""


class LimitsEntry(Document):
    """What every answer was limited by."""

    event_budget_s: float | None
    """Seconds for an answer; null for as long as it needs."""
    idle_s: float
    """Seconds for improving after each change."""
    max_moves: int | None
    """Components that may move in one answer; null for any number."""
    method: str
    """Of full re-solves and of the start."""
    resolve_limit_s: float
    """Seconds for a full re-solve."""
    resolve_every: int
    """At every how many changes there is one."""
    start_limit_s: float
    """Seconds for the placement in the beginning."""


class CompareDocument(Document):
    """What `compare --json` prints."""

    format: Literal[1]
    scenario: str
    instance: str
    changes: int
    """Moments at which something happens; each gets one answer."""
    complete: bool
    """Whether all of them were answered; false if it was interrupted."""
    seed: int
    limits: LimitsEntry
    starts: list[StartEntry]
    strategies: list[SummaryEntry]


_DOCUMENTS: dict[str, Any] = {
    "placement": AnswerDocument | PlacementDocument,
    "result": ResultDocument,
    "check": CheckDocument,
    "explain": ExplainDocument,
    "advice": AdviceDocument,
    "plan": PlanDocument,
    "validate": ValidateDocument,
    "compare": CompareDocument,
}


def json_schema(which: str) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a document by name; KeyError if there is none of that name."""
    schema = TypeAdapter(_DOCUMENTS[which]).json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}

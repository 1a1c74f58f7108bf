"""What the documents that the program writes have in common, as pydantic models.

What was not given (a device, a soft target, a reserved amount) is left out of a document; what is not known
(a bound, the value of an objective without a placement) is ``null``, never a guess.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from mosaico_place.rules import Rule


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
    devices: list[str] | None = None
    """The GPUs, in place of `device`, of what runs on several."""


class FlowEntry(Document):
    """The path of one flow."""

    tail: str = Field(alias="from")
    """Component that the flow leaves."""
    head: str = Field(alias="to")
    """Component that the flow enters."""
    path: list[str] = Field(min_length=1)
    """Node names from tail to head; one name where both stand on one node."""


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


class CostEntry(Document):
    """What a placement costs on one objective level, best level first."""

    terms: dict[str, float]
    """Cost term -> its value, not multiplied by its weight."""
    value: float
    """Weighted sum of the terms."""


class ViolationEntry(Document):
    """A rule broken by a placement."""

    rule: Rule
    where: str
    """What breaks it, by name."""
    message: str
    amount: float
    """By how much, in base units of what the rule counts; 1 for rules that count nothing."""

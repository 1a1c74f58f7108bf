"""File models of a placement: the document of ``solve --json``, or of that only what places something."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, PlainValidator, Tag, WithJsonSchema

from mosaico_place.errors import shown
from mosaico_place.schema.base import Key, Name, Strict, parse_from_one
from mosaico_place.schema.document import Format


class SpotEntry(Strict):
    """Where a component stands."""

    node: Name
    """Node."""
    implementation: Name
    """Implementation that runs there."""
    device: Name | None = None
    """GPU that it uses; only at level gpu."""
    devices: list[Name] | None = None
    """The GPUs that it uses, in place of `device`, if its implementation takes several."""


class FlowEntry(Strict):
    """Which way a flow goes."""

    tail: Name = Field(alias="from")
    """Component that it leaves."""
    head: Name = Field(alias="to")
    """Component that it enters."""
    path: list[Name]
    """Nodes from tail to head; one node where both stand on one."""


class ChainEntry(Strict):
    """An accepted chain."""

    components: dict[Key, SpotEntry]
    """Spot of every component that is no endpoint."""
    flows: list[FlowEntry] = Field(default_factory=list)
    """Path of every flow."""
    latency: list[Any] = Field(default_factory=list)
    """Latencies as reported; not read."""


class OpenedEntry(Strict):
    """Opened instances of a shared function in one implementation on one node."""

    implementation: Name
    """Implementation that runs there."""
    count: Annotated[int, PlainValidator(parse_from_one), WithJsonSchema({"type": "integer", "minimum": 1})] = 1
    """How many of them."""
    load_bps: Any = None
    """Load as reported; not read."""


def _shape(value: object) -> str:
    return "<several>" if isinstance(value, list) else "<one>"


OpenedEntries = Annotated[
    Annotated[OpenedEntry, Tag("<one>")] | Annotated[list[OpenedEntry], Tag("<several>")], Discriminator(_shape)
]
"""One, or a list where the function is opened in several implementations on the node."""


def _rewrite(value: object) -> str:
    if value not in ("merged", "parallel"):
        raise ValueError(f"expected merged or parallel, found {shown(value)}")
    return str(value)


class RewriteEntry(Strict):
    """Components of a chain that are merged, or run in parallel."""

    chain: Name
    """Chain."""
    rewrite: Annotated[
        Literal["merged", "parallel"],
        PlainValidator(_rewrite),
        WithJsonSchema({"type": "string", "enum": ["merged", "parallel"]}),
    ]
    """What is done with them."""
    components: list[Name]
    """The components."""


class PlacementDocument(Strict):
    """A placement alone."""

    chains: dict[Key, ChainEntry]
    """Accepted chains by name."""
    instances: dict[Key, dict[Key, OpenedEntries]] = Field(default_factory=dict)
    """Node -> shared function -> what is opened of it there."""
    rewrites: list[RewriteEntry] = Field(default_factory=list)
    """Components that are merged, or run in parallel."""


class AnswerDocument(PlacementDocument):
    """The placement in the document of `solve --json`; its other keys are not read."""

    model_config = ConfigDict(extra="ignore")

    format: Format
    """Version of the format."""

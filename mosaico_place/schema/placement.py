"""File model of a placement: the document of ``solve --json``, or its ``chains`` alone."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from mosaico_place.schema.base import Key, Name, Strict


class SpotEntry(Strict):
    """Where a component stands."""

    node: Name
    """Node."""
    implementation: Name
    """Implementation that runs there."""
    device: Name | None = None
    """GPU that it uses; only at level gpu."""


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


class PlacementDocument(Strict):
    """A placement alone."""

    chains: dict[Key, ChainEntry]
    """Accepted chains by name."""


class AnswerDocument(PlacementDocument):
    """The placement in the document of ``solve --json``; its other keys are not read."""

    model_config = ConfigDict(extra="ignore")

"""File models of a placement: the document of ``solve --json``, or of that only what places something."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field

from mosaico_place.schema.base import Key, Name, Strict
from mosaico_place.schema.document import Format


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


def _nothing(value: dict[str, Any] | list[Any]) -> dict[str, Any] | list[Any]:
    """Refuse what this version would have to leave out of the placement."""
    if value:
        raise ValueError("must be empty: this version neither opens shared instances nor rewrites chains")
    return value


class PlacementDocument(Strict):
    """A placement alone."""

    chains: dict[Key, ChainEntry]
    """Accepted chains by name."""
    instances: Annotated[dict[str, Any], AfterValidator(_nothing)] = Field(
        default_factory=dict, json_schema_extra={"maxProperties": 0}
    )
    """Opened instances of shared functions; always empty in this version."""
    rewrites: Annotated[list[Any], AfterValidator(_nothing)] = Field(
        default_factory=list, json_schema_extra={"maxItems": 0}
    )
    """Rewritten chains; always empty in this version."""


class AnswerDocument(PlacementDocument):
    """The placement in the document of `solve --json`; its other keys are not read."""

    model_config = ConfigDict(extra="ignore")

    format: Format
    """Version of the format."""

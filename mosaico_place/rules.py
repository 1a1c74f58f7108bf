"""The words of the model: every rule and every cost term has one name, used everywhere.

The same word is the key in the file format, the prefix of the model's rows, the function in the model, the
``rule`` of a violation, the heading in ``docs/model.md`` and the name of its test case.
"""

from __future__ import annotations

from enum import StrEnum


class Rule(StrEnum):
    """What a placement must not break."""

    PLACED = "placed"
    """Every component of an accepted chain runs once; a chain is accepted whole or not at all."""
    CAPACITY = "capacity"
    """Per node and resource, use + reserved <= capacity."""
    DEVICE = "device"
    """The demand of a GPU implementation fits on one device of its server."""
    ROUTED = "routed"
    """Each flow follows one simple path; only switches and routers lie inside it."""
    BANDWIDTH = "bandwidth"
    """Per link direction, the rates on it + reserved <= bandwidth."""
    LATENCY = "latency"
    """Per budget, the longest directed path from its first to its last component <= within."""
    TOGETHER = "together"
    """Components on one node, or on nodes with one value of a label."""
    APART = "apart"
    """Components on different nodes, or on nodes with different values of a label."""
    ONLY = "only"
    """The nodes or label values a component may stand on."""
    NEVER = "never"
    """The nodes or label values a component may not stand on."""


class CostTerm(StrEnum):
    """What an objective level may add up."""

    REJECTED = "rejected"
    """Weights of the chains that are not accepted (``rejected.CLASS``: of one class)."""
    LATENCY = "latency"
    """Milliseconds above the soft target, times the chain's weight, over all budgets."""
    RESOURCES = "resources"
    """Priced use of node and device resources."""
    LINKS = "links"
    """Priced rate on every link that a flow crosses."""
    ACTIVE = "active"
    """Price of each node that hosts a component which is no endpoint."""
    PREFERENCE = "preference"
    """Price of each component that stands on a priced node or label value."""

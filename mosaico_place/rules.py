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
    THROUGHPUT = "throughput"
    """Loads stay within what implementations carry, alone or over the opened instances of a shared function."""
    ROUTED = "routed"
    """Each flow follows one simple path; only switches and routers lie inside it; a copy begins like its host."""
    BANDWIDTH = "bandwidth"
    """Per link direction, the rates on it + reserved <= bandwidth."""
    PER_HOP = "per-hop"
    """A flow finds its per-hop functions opened on every switch that its path touches."""
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
    CLASS_SHARE = "class-share"
    """Per class, use of each resource and link direction <= share x capacity."""
    MAX_MOVES = "max-moves"
    """At most so many components move; one that is not movable stays while its node is up."""
    TRANSIENT = "transient"
    """Of plans: no step breaks what placements share, nor makes worse what the event has broken."""


OF_PLACEMENTS = tuple(rule for rule in Rule if rule is not Rule.TRANSIENT)
"""The rules that a placement can break; the other one is about the steps from one placement to the next."""


class CostTerm(StrEnum):
    """What an objective level may add up."""

    REJECTED = "rejected"
    """Weights of the chains that are not accepted (``rejected.CLASS``: of one class)."""
    DROPPED = "dropped"
    """Weights of the chains that ran before and are not accepted any more."""
    LATENCY = "latency"
    """Milliseconds above the soft target, times the chain's weight, over all budgets."""
    RESOURCES = "resources"
    """Priced use of node and device resources, and of opened instances."""
    LINKS = "links"
    """Priced rate on every link that a flow crosses."""
    ACTIVE = "active"
    """Price of each node that hosts an opened instance, or a component which is no endpoint."""
    BALANCE = "balance"
    """The largest share of a capacity that is used, over all resources and link directions."""
    PREFERENCE = "preference"
    """Price of each component that stands on a priced node or label value."""
    MOVES = "moves"
    """Prices of the components that moved: another node, device or implementation while their chain runs on."""


OF_CLASSES = frozenset(
    {
        CostTerm.REJECTED,
        CostTerm.DROPPED,
        CostTerm.LATENCY,
        CostTerm.LINKS,
        CostTerm.PREFERENCE,
        CostTerm.MOVES,
    }
)
"""The terms that are sums over chains alone, so that ``TERM.CLASS`` can count one class of them."""

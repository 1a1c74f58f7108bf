"""Where components run, which links flows cross, and how much of everything a placement takes.

The judges (:mod:`mosaico_place.checking`, :mod:`mosaico_place.costing`) read placements through this package. A
placement may name things that do not exist; whatever dangles is skipped here, and reported by ``check``.
"""

from mosaico_place.usage.hops import Hop, Hops, hops_of, hops_of_link, index_hops, touched
from mosaico_place.usage.runs import (
    Running,
    Scene,
    merged_as_one,
    opened_as,
    own_demand,
    per_hop_programs,
    private,
    program,
    program_opened,
    running,
    standing,
    survey,
)
from mosaico_place.usage.supply import NO_CAPACITY, Capacity, CapacityName, capacities, capacity_of, dimension_of
from mosaico_place.usage.taken import (
    Usage,
    amounts,
    chain_usage,
    followed,
    instances_of,
    instances_usage,
    opening_takes,
    paid_hops,
    takers,
    total_usage,
    usage,
    usage_by_chain,
)

__all__ = [
    "NO_CAPACITY",
    "Capacity",
    "CapacityName",
    "Hop",
    "Hops",
    "Running",
    "Scene",
    "Usage",
    "amounts",
    "capacities",
    "capacity_of",
    "chain_usage",
    "dimension_of",
    "followed",
    "hops_of",
    "hops_of_link",
    "index_hops",
    "instances_of",
    "instances_usage",
    "merged_as_one",
    "opened_as",
    "opening_takes",
    "own_demand",
    "paid_hops",
    "per_hop_programs",
    "private",
    "program",
    "program_opened",
    "running",
    "standing",
    "survey",
    "takers",
    "total_usage",
    "touched",
    "usage",
    "usage_by_chain",
]

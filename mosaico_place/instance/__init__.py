"""One problem, as everything behind the loader sees it: frozen, plain, in exact integers, linked by name.

Nothing here knows of files, solvers or answers. Every amount is a whole number of the smallest unit of its
dimension (:mod:`mosaico_place.quantities`): ns, bit/s, bytes, 1/1000 core, 1/1000 GPU, pieces. Weights and
prices are exact fractions.

Instances are values: never change the mappings inside one; :func:`dataclasses.replace` (or the ``with_*`` and
``without_*`` methods) gives a changed copy that shares everything else.
"""

from mosaico_place.instance.chains import Budget, Chain, Component, Flow, Group, Independent, Preference, Where
from mosaico_place.instance.functions import Function, Implementation
from mosaico_place.instance.infrastructure import (
    DEVICE_RESOURCES,
    NODE_RESOURCES,
    WHOLE_DEVICE,
    Direction,
    Kind,
    Level,
    Link,
    Node,
)
from mosaico_place.instance.objective import DEFAULT_OBJECTIVE, ObjectiveLevel, Term
from mosaico_place.instance.prices import NO_PRICES, Prices
from mosaico_place.instance.whole import Instance, TrafficClass

__all__ = [
    "DEFAULT_OBJECTIVE",
    "DEVICE_RESOURCES",
    "NODE_RESOURCES",
    "NO_PRICES",
    "WHOLE_DEVICE",
    "Budget",
    "Chain",
    "Component",
    "Direction",
    "Flow",
    "Function",
    "Group",
    "Implementation",
    "Independent",
    "Instance",
    "Kind",
    "Level",
    "Link",
    "Node",
    "ObjectiveLevel",
    "Preference",
    "Prices",
    "Term",
    "TrafficClass",
    "Where",
]

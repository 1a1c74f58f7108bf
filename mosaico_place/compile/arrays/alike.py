"""Chains that differ in nothing but name and weight are alike: they are compiled once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from mosaico_place.instance import Chain, Where

MOST_KINDS = 1000
"""So many kinds of chains are remembered at a time; each holds a line of nodes per unit."""


def kind_of_chain(chain: Chain) -> Hashable | None:
    """A key that alike chains share; None where a chain has preferences, and so options of its own."""
    if chain.preference:
        return None
    parts = (chain.flows, chain.budgets, chain.together, chain.apart, chain.equivalent, chain.independent)
    places = _places(chain.only), _places(chain.never)
    return (tuple(chain.components.values()), *parts, *places, chain.class_name, chain.required)


def _places(rule: Mapping[str, Where]) -> Hashable:
    return tuple((name, where.nodes, tuple(where.labels.items())) for name, where in rule.items())

"""Prices of what is opened, changed for one turn: of instances by chance, of a node that is closed or opened."""

from __future__ import annotations

import cython

from mosaico_place.compile.infrastructure import FloatArray

if not cython.compiled:
    from math import exp, inf

    from mosaico_place.kernel.problem import Prices
    from mosaico_place.methods.search.ruin import Draws, Lists


def keep_prices(prices: Prices, opening: FloatArray, node: FloatArray) -> None:
    """Remember the prices of instances and of active nodes."""
    for o in range(opening.shape[0]):
        opening[o] = prices.opening[o]
    for n in range(node.shape[0]):
        node[n] = prices.node[n]


def restore_prices(prices: Prices, opening: FloatArray, node: FloatArray) -> None:
    """Make them again what they were."""
    for o in range(opening.shape[0]):
        prices.opening[o] = opening[o]
    for n in range(node.shape[0]):
        prices.node[n] = node[n]


def shake(prices: Prices, draws: Draws, number: int) -> None:
    """Change them by chance: what is opened is tried where it looks dear, and given up where it does not.

    ``number``: which number of the turn says where noise begins.
    """
    pool = draws.noise.shape[0]
    begin = cython.cast(cython.int, draws.numbers[draws.turn, number] * pool)
    for o in range(prices.opening.shape[0]):
        prices.opening[o] *= exp(draws.noise[(begin + o) % pool])
    for n in range(prices.node.shape[0]):
        prices.node[n] *= exp(draws.noise[(begin + n) % pool])


def price_site(prices: Prices, lists: Lists) -> None:
    """Close the node that the ruin chose, or open it for nothing."""
    if lists.site >= 0:
        prices.node[lists.site] = 0.0 if lists.opens else inf

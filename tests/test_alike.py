"""Alike chains are compiled once: the arrays are those that compiling each by itself gives."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from mosaico_place.compile import compile_instance
from mosaico_place.compile.arrays import shapes
from mosaico_place.compile.arrays.alike import kind_of_chain
from mosaico_place.compile.arrays.tables import Compiled, compile_tables
from mosaico_place.generating import generate
from mosaico_place.instance import Chain, Instance
from tests.depth import dear
from tests.strategies import tiny_instances

CHAIN_ARRAYS = (
    "chains",
    "components",
    "flows",
    "units",
    "budgets",
    "apart",
    "budget_flows",
    "mask",
    "options",
    "delays",
)


def doubled(instance: Instance) -> Instance:
    """The instance with a copy of every chain, which differs in name and weight."""
    copies = {f"{name}-again": replace(chain, name=f"{name}-again", weight=chain.weight + Fraction(1, 3))
              for name, chain in instance.chains.items()}  # fmt: skip
    return replace(instance, chains={**instance.chains, **copies})


def same(one: Compiled, other: Compiled) -> None:
    """Both hold the same numbers."""
    for name in CHAIN_ARRAYS:
        assert np.array_equal(getattr(one.tables, name), getattr(other.tables, name)), name
    assert np.array_equal(one.users, other.users)
    for name in ("rejected", "late", "move", "link", "option", "opening"):
        assert np.array_equal(getattr(one.levels, name), getattr(other.levels, name)), name


def compiled_twice(instance: Instance) -> tuple[Compiled, Compiled]:
    """As it is compiled, and with every chain taken for one of a kind."""
    once = compile_tables(compile_instance(instance))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shapes, "kind_of_chain", lambda _: None)
        return once, compile_tables(compile_instance(instance))


def test_arrays_of_random_instances() -> None:
    """Tests that the arrays do not depend on which chains are alike."""

    @dear(60)
    @given(tiny_instances(chains=4))
    def holds(instance: Instance) -> None:
        same(*compiled_twice(doubled(instance)))

    holds()


def test_arrays_of_a_generated_instance() -> None:
    """Tests the same where chains have budgets, copies and per-hop functions."""
    same(*compiled_twice(doubled(generate(6, 2, 24, 1.1, 3))))


def test_alike_chains_are_pruned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that a chain that differs in name and weight alone shares the work."""
    instance = generate(6, 2, 24, 1.1, 3)
    instance = replace(instance, chains={n: c for n, c in instance.chains.items() if not c.preference})
    built: list[Chain] = []
    compile_ = shapes.Shapes._compile

    def counted(self: shapes.Shapes, chain: Chain, before: Any) -> shapes.Block:
        built.append(chain)
        return compile_(self, chain, before)

    monkeypatch.setattr(shapes.Shapes, "_compile", counted)
    compile_tables(compile_instance(doubled(instance)))
    kinds = {kind_of_chain(chain) for chain in instance.chains.values()}
    assert len(built) == len(kinds) <= len(instance.chains)

"""Freedoms taken away: each is really gone, and none makes an optimum better."""

from __future__ import annotations

from pathlib import Path

import pytest

from mosaico_place.instance import Instance, Level
from mosaico_place.levers import Lever, without
from mosaico_place.load import load_instance
from mosaico_place.method import Options
from mosaico_place.result import Result
from mosaico_place.solving import solve
from tests.program import Run

FOLDER = Path(__file__).parents[1] / "instances"
L4S = FOLDER / "cloud-gaming-l4s.yaml"


def few_players() -> Instance:
    """The whole MOSAICO chain for two players."""
    instance = load_instance(L4S)
    for name in list(instance.chains)[2:]:
        instance = instance.without_chain(name)
    return instance


def levels(result: Result) -> list[float]:
    """Values of the levels."""
    return [level.value for level in result.levels if level.value is not None]


def levels_used(instance: Instance, result: Result) -> set[Level]:
    """Levels at which components run."""
    assert result.placement is not None
    return {
        instance.functions[instance.chains[name].components[part].function or ""]
        .implementations[spot.implementation]
        .level
        for name, placed in result.placement.chains.items()
        for part, spot in placed.components.items()
    }


@pytest.mark.parametrize("lever", Lever)
def test_a_freedom_is_gone_and_nothing_is_better(lever: Lever) -> None:
    """Tests that without a freedom no placement makes use of it, and that the optimum is no better than with it."""
    instance = few_players()
    reduced = without(instance, [lever])
    free, bound = (solve(one, options=Options(gap=0.0)) for one in (instance, reduced))
    assert bound.placement is not None
    assert levels(bound) >= levels(free)
    if lever is Lever.SHARING:
        assert not bound.placement.instances
    elif lever is Lever.MERGING:
        assert not any(placed.merged for placed in bound.placement.chains.values())
    elif lever is Lever.PARALLEL:
        assert not any(placed.parallel for placed in bound.placement.chains.values())
    elif lever is Lever.GPU:
        # Games run on GPUs alone, so they stay there.
        assert {
            s.implementation for c in bound.placement.chains.values() for n, s in c.components.items() if n == "encode"
        } == {"vnf"}
    elif lever is Lever.P4:
        assert Level.P4 not in levels_used(reduced, bound)
    else:
        for placed in bound.placement.chains.values():
            places = [spot.node for name, spot in placed.components.items() if name != "encode"]  # with the game
            assert len(set(places)) == len(places)


def test_command(run: Run) -> None:
    """Tests that the command takes several levers, and suggests the one that was meant."""
    ended = run("solve", L4S, "--without", "merging", "--without", "parallel", "--time-limit", "60s", "--json")
    assert ended.code == 0
    assert '"rewrites": []' in ended.out
    wrong = run("solve", L4S, "--without", "mergin")
    assert wrong.code == 2
    assert "did you mean merging?" in " ".join(wrong.err.split())

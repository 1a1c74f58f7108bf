"""Other people's problems are read as they are meant: against enumeration, and against published optima where found."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from benchmarks.outside_made import made_cases
from benchmarks.outside_sets import Packing, assignment, cases, first_fit, packing, read_generalized_assignment, tasks
from mosaico_place import Options, faults, solve

GENERALIZED = "2 3\n 4 7 5\n 6 2 3\n 2 3 2\n 3 2 1\n 4 4\n"
TASKS = "3 2\n 4 7 5\n 6 2 3\n 1 6\n 2\n 2 3 2\n 5 4\n"


def optimum(path: Path, kind: str) -> float | None:
    """What ``exact`` proves for a file."""
    instance = tasks(path) if kind == "tasks" else assignment("made", read_generalized_assignment(path))
    assert faults(instance) == []
    return solve(instance, method="exact", options=Options(gap=0.0)).levels[0].value


def test_items_at_places(tmp_path: Path) -> None:
    """Tests that what an item costs and takes depends on the place, in the order of the file."""
    path = tmp_path / "made"
    path.write_text(GENERALIZED)
    costs, sizes, rooms = ((4, 7, 5), (6, 2, 3)), ((2, 3, 2), (3, 2, 1)), (4, 4)
    ways = [
        way
        for way in product(range(2), repeat=3)
        if all(sum(sizes[i][j] for j, at in enumerate(way) if at == i) <= rooms[i] for i in range(2))
    ]
    assert optimum(path, "items") == min(sum(costs[i][j] for j, i in enumerate(way)) for way in ways)


def test_tasks_that_talk(tmp_path: Path) -> None:
    """Tests that tasks on different processors pay for what they say."""
    path = tmp_path / "made.dat"
    path.write_text(TASKS)
    costs, talk = ((4, 7, 5), (6, 2, 3)), {(0, 1): 1, (0, 2): 6, (1, 2): 2}
    sizes, rooms = (2, 3, 2), (5, 4)
    values = [
        sum(costs[i][j] for j, i in enumerate(way)) + sum(rate for (a, b), rate in talk.items() if way[a] != way[b])
        for way in product(range(2), repeat=3)
        if all(sum(sizes[j] for j, at in enumerate(way) if at == i) <= rooms[i] for i in range(2))
    ]
    assert optimum(path, "tasks") == min(values)


def test_bins() -> None:
    """Tests that as many bins are offered as first fit takes, and that every item fits in one."""
    told = Packing((10, 6), [(6, 1), (5, 4), (4, 4), (3, 1), (2, 1)])
    instance = packing("made", told)
    assert faults(instance) == []
    assert len(instance.nodes) == first_fit(told)
    assert solve(instance, method="exact").levels[0].value == 2


@pytest.mark.parametrize("name", ["p1", "gap1-0", "tassc1003Ca", "class1_20_3_0"])
def test_published_optimum(name: str) -> None:
    """Tests that one instance of each set has its published optimum."""
    found = [case for case in cases() if case.name == name]
    if not found:
        pytest.skip("the published sets are not beside the project")
    result = solve(found[0].make(), method="exact", options=Options(time_limit_s=60))
    assert result.levels[0].value == found[0].optimum


def test_made_up_are_valid() -> None:
    """Tests that one made-up instance of every kind is valid, the same for the same seed."""
    kinds = {case.set: case for case in made_cases(3)}
    if not kinds:
        pytest.skip("the published sets are not beside the project")
    for case in kinds.values():
        instance = case.make()
        assert faults(instance) == []
        assert instance == case.make()

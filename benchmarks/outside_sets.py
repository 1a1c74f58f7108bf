"""Published sets of other people's problems as instances: assignment, location, packing, tasks that talk.

The files are those of ``../shared/data``, or of the folder that is named. What an item costs at a place is the
preference of the one component of its chain, opening a place costs its ``active`` price, and what items say to one
another is a flow whose rate is the traffic, over links whose price is the distance. Every chain must be accepted.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from mosaico_place.instance import (
    Chain,
    Component,
    Direction,
    Flow,
    Function,
    Implementation,
    Instance,
    Kind,
    Level,
    Link,
    Node,
    Preference,
    Prices,
)
from mosaico_place.quantities import Dimension
from tests.test_classics import ACTIVE, LINKS, PREFERENCE, function, star

DATA = Path(__file__).parent.parent.parent / "shared" / "data"

FACILITY_OPTIMA = (8848, 7913, 9314, 10714, 8838, 7777, 9488, 11088, 8462, 7617, 8932, 10132)
"""Of p1 to p12 (Holmberg, Ronnqvist, Yuan, EJOR 113, 1999)."""

TASK_OPTIMA = {"Aa": 1616, "Ab": 1390, "Ac": 1730, "Ca": 455, "Cb": 467, "Cc": 475}
"""Of the capacitated task assignments (Elloumi, CTAP)."""

TRAFFIC_OPTIMA = {
    "C10X5-E-G": 1021050, "C10X5-E-H": 1188500, "C10X5-F-G": 1433550, "C10X5-F-H": 1471950,
    "C12X3-E-G": 1323900, "C12X3-E-H": 1771450, "C12X3-F-G": 1788750, "C12X3-F-H": 1970500,
    "C12X5-E-G": 1519100, "C12X5-E-H": 2086100,
}  # fmt: skip
"""Of generalized quadratic assignments (Lee, Ma 2003)."""

TRAFFIC_PRICE = 5
"""What a unit of traffic costs over a unit of distance in Lee and Ma's instances."""

_WIDE = Direction(10**12, 0)


class Case(NamedTuple):
    """An instance to be made, under the name of its set and its own, and its published optimum; None if unknown."""

    set: str
    name: str
    optimum: int | None
    make: partial[Instance]


class Assignment(NamedTuple):
    """Items that go to places.

    Attributes:
        rooms: of every place.
        opening: price of using a place; empty if there is none.
        costs: (places, items).
        sizes: (places, items).
    """

    rooms: Sequence[int]
    opening: Sequence[Fraction]
    costs: Sequence[Sequence[Fraction]]
    sizes: Sequence[Sequence[int]]


class Packing(NamedTuple):
    """Items that go into as few bins as possible: the room of a bin, and the sizes of every item, by dimension."""

    room: Sequence[int]
    items: Sequence[Sequence[int]]


def read_facility_location(path: Path) -> Assignment:
    """Single-source capacitated facility location."""
    numbers = _numbers(path)
    sites, customers = int(numbers.take(1)[0]), int(numbers.take(1)[0])
    rooms = [int(number) for number in numbers.take(sites)]
    opening = numbers.take(sites)
    demand = [int(number) for number in numbers.take(customers)]
    costs = [list(row) for row in zip(*numbers.table(customers, sites), strict=True)]
    return Assignment(rooms, opening, costs, [demand] * sites)


def read_generalized_assignment(path: Path) -> Assignment:
    """Generalized assignment: what an item costs and takes depends on the place."""
    numbers = _numbers(path)
    agents, items = int(numbers.take(1)[0]), int(numbers.take(1)[0])
    costs = numbers.table(agents, items)
    sizes = [[int(size) for size in row] for row in numbers.table(agents, items)]
    return Assignment([int(number) for number in numbers.take(agents)], (), costs, sizes)


def read_packing(path: Path) -> Packing:
    """Vector bin packing."""
    numbers = _numbers(path)
    count = int(numbers.take(1)[0])
    room = [int(number) for number in numbers.take(count)]
    items: list[list[int]] = []
    for _ in range(int(numbers.take(1)[0])):
        *sizes, copies = (int(number) for number in numbers.take(count + 1))
        items += [sizes] * copies
    return Packing(room, items)


def assignment(name: str, told: Assignment) -> Instance:
    """A chain of one component for every item; a function has an implementation for every place, with its own size."""
    places = [f"place-{i + 1}" for i in range(len(told.rooms))]
    prices = {place: int(price) for place, price in zip(places, told.opening, strict=False)}
    nodes, links = star(dict(zip(places, told.rooms, strict=True)), prices)
    nodes = {key: replace(node, labels={"place": key}) for key, node in nodes.items()}
    functions, chains = {}, {}
    for j, sizes in enumerate(zip(*told.sizes, strict=True)):
        item = f"item-{j + 1}"
        wish = Preference({place: told.costs[i][j] for i, place in enumerate(places)})
        alike = len(set(sizes)) == 1
        functions[item] = function(item, sizes[0]) if alike else _by_place(item, dict(zip(places, sizes, strict=True)))
        chains[item] = Chain(item, {"stands": Component("stands", item)}, preference={"stands": wish})
    level = {PREFERENCE: Fraction(1), **({ACTIVE: Fraction(1)} if prices else {})}
    return Instance(name, nodes, links, functions, chains, objective=(level,))


def packing(name: str, told: Packing) -> Instance:
    """A chain of one component for every item; as many bins as first fit by falling sizes needs."""
    resources = [f"size-{k + 1}" for k in range(len(told.room))]
    room = dict(zip(resources, told.room, strict=True))
    bins = [f"bin-{i + 1}" for i in range(first_fit(told))]
    nodes = {one: Node(one, Kind.SERVER, room, prices=Prices(active=Fraction(1))) for one in bins}
    functions, chains = {}, {}
    for j, sizes in enumerate(told.items):
        item = f"item-{j + 1}"
        demand = dict(zip(resources, sizes, strict=True))
        functions[item] = Function(item, {"vnf": Implementation("vnf", Level.VNF, demand)})
        chains[item] = Chain(item, {"stands": Component("stands", item)})
    dimensions = dict.fromkeys(resources, Dimension.COUNT)
    objective = ({ACTIVE: Fraction(1)},)
    return Instance(name, nodes, (), functions, chains, resources=dimensions, objective=objective)


def first_fit(told: Packing) -> int:
    """How many bins first fit takes, the items in the order of their falling summed parts of a bin."""
    taken: list[list[int]] = []
    for sizes in sorted(told.items, key=lambda one: -sum(a / b for a, b in zip(one, told.room, strict=True))):
        for bin_ in taken:
            if all(a + b <= room for a, b, room in zip(bin_, sizes, told.room, strict=True)):
                bin_[:] = [a + b for a, b in zip(bin_, sizes, strict=True)]
                break
        else:
            taken.append(list(sizes))
    return len(taken)


def tasks(path: Path) -> Instance:
    """Capacitated task assignment: tasks that talk, on processors that are all equally far from one another."""
    numbers = _numbers(path)
    count, processors = int(numbers.take(1)[0]), int(numbers.take(1)[0])
    costs = numbers.table(processors, count)
    talk = {pair: rate for i in range(count) if (pairs := [(i, j) for j in range(i + 1, count)])
            for pair, rate in zip(pairs, numbers.take(len(pairs)), strict=True)}  # fmt: skip
    sizes, rooms = (tuple(int(number) for number in numbers.take(size)) for size in (count, processors))
    distances = {pair: Fraction(1) for pair in combinations(range(processors), 2)}
    return _talking(path.stem, Assignment(rooms, (), costs, [sizes] * processors), talk, distances)


def traffic(path: Path) -> Instance:
    """Generalized quadratic assignment of Lee and Ma: plants that send to one another; both ways are added up."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="latin-1"), flags=re.S)

    def table(key: str) -> list[list[Fraction]]:
        found = re.search(rf"\b{key}(?:\[\w+\])+\s*=\s*\{{(.*?)\}};", text.replace("\n", " "))
        assert found is not None, f"{path} has no {key}"
        rows = [[Fraction(number) for number in re.findall(r"[\d.]+", row)] for row in found[1].split("}")]
        return [row for row in rows if row]

    costs = [list(column) for column in zip(*table("Installation_Cost"), strict=True)]
    flow, distance = table("Flow"), table("Distance")
    (sizes,), (rooms,) = table("Space_Need"), table("Space_Avail_Const")
    talk = {(i, j): flow[i][j] + flow[j][i] for i, j in combinations(range(len(sizes)), 2)}
    distances = {(a, b): TRAFFIC_PRICE * distance[a][b] for a, b in combinations(range(len(rooms)), 2)}
    told = Assignment([int(room) for room in rooms], (), costs, [[int(size) for size in sizes]] * len(rooms))
    return _talking(path.stem.removeprefix("data-"), told, talk, distances)


def _talking(
    name: str,
    told: Assignment,
    talk: Mapping[tuple[int, int], Fraction],
    distances: Mapping[tuple[int, int], Fraction],
) -> Instance:
    """One chain of all items, which send to one another over links between all places."""
    places = [f"place-{i + 1}" for i in range(len(told.rooms))]
    nodes, _ = star(dict(zip(places, told.rooms, strict=True)))
    del nodes["hub"]
    links = [Link((places[a], places[b]), _WIDE, _WIDE, Prices(bandwidth=price)) for (a, b), price in distances.items()]
    items = [f"item-{j + 1}" for j in range(len(told.sizes[0]))]
    wishes = {
        item: Preference({place: told.costs[i][j] for i, place in enumerate(places)}) for j, item in enumerate(items)
    }
    flows = tuple(Flow(items[i], items[j], int(rate)) for (i, j), rate in talk.items() if rate)
    components = {item: Component(item, item) for item in items}
    functions = {item: function(item, size) for item, size in zip(items, told.sizes[0], strict=True)}
    chains = {"all": Chain("all", components, flows, preference=wishes)}
    objective = ({PREFERENCE: Fraction(1), LINKS: Fraction(1)},)
    return Instance(name, nodes, tuple(links), functions, chains, objective=objective)


def cases(data: Path = DATA) -> list[Case]:
    """Every instance of the sets in the folder."""
    found = []
    for number, optimum in enumerate(FACILITY_OPTIMA, start=1):
        path = data / "facility-location" / f"p{number}"
        found.append(Case("facility-location", path.name, optimum, partial(facility, path)))
    for key, optimum in TASK_OPTIMA.items():
        path = data / "gqap" / "ctap" / f"tassc1003{key}.dat"
        found.append(Case("tasks", path.stem, optimum, partial(tasks, path)))
    for key, optimum in TRAFFIC_OPTIMA.items():
        path = data / "gqap" / "lee-ma" / f"data-{key}.h"
        found.append(Case("traffic", key, optimum, partial(traffic, path)))
    for row in _rows(data / "gap" / "optima.csv"):
        path = data / "gap" / Path(row["Path"]).name
        which = "assignment" if path.name.startswith("gap") else "assignment-large"
        found.append(Case(which, path.name, int(row["Optimum"]), partial(generalized, path)))
    for row in _rows(data / "vector-packing" / "optima.csv"):
        path = data / "vector-packing" / f"{row['instance']}.vbp"
        found.append(Case("packing", path.stem, int(row["optimum"]), partial(bins, path)))
    return [case for case in found if case.make.args[0].exists()]


def facility(path: Path) -> Instance:
    """Facility location from its file."""
    return assignment(path.stem, read_facility_location(path))


def generalized(path: Path) -> Instance:
    """Generalized assignment from its file."""
    return assignment(path.stem, read_generalized_assignment(path))


def bins(path: Path) -> Instance:
    """Vector packing from its file."""
    return packing(path.stem, read_packing(path))


def _by_place(name: str, sizes: Mapping[str, int]) -> Function:
    """A function that takes another number of cores at every place."""
    return Function(
        name,
        {
            place: Implementation(place, Level.VNF, {"cpu": 1000 * cores}, needs={"place": (place,)})
            for place, cores in sizes.items()
        },
    )


class _Numbers:
    """Numbers that are read one after the other."""

    def __init__(self, numbers: Sequence[Fraction]) -> None:
        self._numbers, self._at = numbers, 0

    def take(self, count: int) -> list[Fraction]:
        """The next so many."""
        self._at += count
        return list(self._numbers[self._at - count : self._at])

    def table(self, rows: int, columns: int) -> list[list[Fraction]]:
        """The next rows."""
        return [self.take(columns) for _ in range(rows)]


def _numbers(path: Path) -> _Numbers:
    return _Numbers([Fraction(number) for number in path.read_text(encoding="utf-8").split()])


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))

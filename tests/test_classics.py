"""Classic problems as instances, against plain enumeration: what is expressible needs no command of its own."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from fractions import Fraction
from itertools import product

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
    Term,
)
from mosaico_place.method import Options
from mosaico_place.result import Termination
from mosaico_place.rules import CostTerm
from mosaico_place.solving import solve

ACTIVE, LINKS, PREFERENCE = (Term(term) for term in (CostTerm.ACTIVE, CostTerm.LINKS, CostTerm.PREFERENCE))


def star(
    capacities: Mapping[str, int], prices: Mapping[str, int] | None = None
) -> tuple[dict[str, Node], tuple[Link, ...]]:
    """Servers around a switch, with their cores and, where it is given, what using each costs."""
    nodes = {"hub": Node("hub", Kind.P4_SWITCH)}
    for name, cores in capacities.items():
        active = Prices(active=Fraction((prices or {}).get(name, 0)))
        nodes[name] = Node(name, Kind.SERVER, {"cpu": 1000 * cores}, prices=active)
    wide = Direction(10**9, 0)
    return nodes, tuple(Link(("hub", name), wide, wide) for name in capacities)


def function(name: str, cores: int) -> Function:
    """A function that takes some cores."""
    return Function(name, {"vnf": Implementation("vnf", Level.VNF, {"cpu": 1000 * cores})})


def test_generalized_quadratic_assignment() -> None:
    """Tests that items go to places where they fit, at a price per item and place, and talk for nothing on one place.

    Two places that are not the same are two links apart, each priced by its rate.
    """
    sizes = {"a": 2, "b": 3, "c": 2, "d": 1}
    rooms = {"x": 5, "y": 4, "z": 3}
    wish = {
        "a": {"x": 4, "y": 1, "z": 6},
        "b": {"x": 2, "y": 7, "z": 3},
        "c": {"x": 5, "y": 2, "z": 1},
        "d": {"x": 3, "y": 3, "z": 2},
    }
    talk = {("a", "b"): 3, ("a", "c"): 1, ("b", "d"): 4, ("c", "d"): 2}

    def value(places: Mapping[str, str]) -> int:
        return sum(wish[item][place] for item, place in places.items()) + sum(
            2 * rate for (one, other), rate in talk.items() if places[one] != places[other]
        )

    def fits(places: Mapping[str, str]) -> bool:
        return all(sum(sizes[item] for item in places if places[item] == room) <= rooms[room] for room in rooms)

    ways = [dict(zip(sizes, chosen, strict=True)) for chosen in product(rooms, repeat=len(sizes))]
    best = min(value(places) for places in ways if fits(places))
    nodes, links = star(rooms)
    chain = Chain(
        "items",
        {item: Component(item, item) for item in sizes},
        tuple(Flow(*ends, rate) for ends, rate in talk.items()),
        preference={
            item: Preference({room: Fraction(price) for room, price in prices.items()}) for item, prices in wish.items()
        },
    )
    instance = Instance(
        "gqap", nodes, links, {item: function(item, size) for item, size in sizes.items()}, {"items": chain},
        prices=Prices(bandwidth=Fraction(1)), objective=({PREFERENCE: Fraction(1), LINKS: Fraction(1)},),
    )  # fmt: skip
    result = solve(instance, options=Options(gap=0.0))
    assert result.termination is Termination.OPTIMAL
    assert result.levels[0].value == best
    assert solve(instance, method="heuristic").levels[0].value == best


def test_capacitated_facility_location() -> None:
    """Tests that customers are served by open facilities with room for them: opening costs, and so does distance."""
    demand = {"c1": 2, "c2": 3, "c3": 1, "c4": 2, "c5": 2}
    rooms = {"north": 6, "south": 5, "west": 8}
    opening = {"north": 7, "south": 4, "west": 12}
    distance = {
        "c1": {"north": 1, "south": 5, "west": 3},
        "c2": {"north": 6, "south": 2, "west": 2},
        "c3": {"north": 2, "south": 4, "west": 3},
        "c4": {"north": 7, "south": 1, "west": 4},
        "c5": {"north": 3, "south": 6, "west": 1},
    }

    def value(served: Mapping[str, str]) -> int:
        return sum(distance[customer][place] for customer, place in served.items()) + sum(
            opening[place] for place in set(served.values())
        )

    def fits(served: Mapping[str, str]) -> bool:
        return all(sum(demand[c] for c in served if served[c] == place) <= rooms[place] for place in rooms)

    ways = [dict(zip(demand, chosen, strict=True)) for chosen in product(rooms, repeat=len(demand))]
    best = min(value(served) for served in ways if fits(served))
    nodes, links = star(rooms, opening)
    chains = {
        customer: Chain(
            customer,
            {"served": Component("served", customer)},
            preference={"served": Preference({place: Fraction(far) for place, far in distance[customer].items()})},
        )
        for customer in demand
    }
    instance = Instance(
        "cflp", nodes, links, {customer: function(customer, size) for customer, size in demand.items()}, chains,
        objective=({PREFERENCE: Fraction(1), ACTIVE: Fraction(1)},),
    )  # fmt: skip
    result = solve(instance, options=Options(gap=0.0))
    assert result.termination is Termination.OPTIMAL
    assert result.levels[0].value == best
    assert solve(instance, method="heuristic").levels[0].value == best


def facilities(seed: int) -> Instance:
    """Thirty customers and eight sites, of which about half have to be opened."""
    rng = random.Random(seed)
    at = {f"s{site}": (rng.random(), rng.random()) for site in range(8)}
    nodes, links = star({site: rng.randint(30, 60) for site in at}, {site: rng.randint(30, 90) for site in at})
    chains, functions = {}, {}
    for name in (f"c{customer}" for customer in range(30)):
        x, y = rng.random(), rng.random()
        far = {site: Fraction(round(60 * math.hypot(x - there[0], y - there[1]))) for site, there in at.items()}
        functions[name] = function(name, rng.randint(2, 8))
        chains[name] = Chain(name, {"served": Component("served", name)}, preference={"served": Preference(far)})
    objective = ({PREFERENCE: Fraction(1), ACTIVE: Fraction(1)},)
    return Instance(f"facilities-{seed}", nodes, links, functions, chains, objective=objective)


def test_search_opens_and_closes_sites() -> None:
    """Tests that the heuristic finds which sites to open, up to three parts in a hundred."""
    for seed in range(4):
        instance = facilities(seed)
        proven = solve(instance, method="exact", options=Options(gap=0.0, threads=1)).levels[0].value
        found = solve(instance, method="heuristic", options=Options(seed=seed, threads=1)).levels[0].value
        assert proven is not None
        assert found is not None
        assert proven <= found <= 1.03 * proven

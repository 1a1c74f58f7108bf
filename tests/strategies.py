"""Random tiny instances, small enough to try everything, dense enough that every rule gets in the way of something."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from hypothesis import strategies as st

from mosaico_place.instance import (
    Budget,
    Chain,
    Component,
    Direction,
    Flow,
    Function,
    Group,
    Implementation,
    Independent,
    Instance,
    Kind,
    Level,
    Link,
    Node,
    ObjectiveLevel,
    Preference,
    Prices,
    Term,
    TrafficClass,
    Where,
)
from mosaico_place.placement import ChainPlacement, Placement, Spot
from mosaico_place.quantities import Dimension
from mosaico_place.rules import OF_CLASSES, CostTerm

_MS = 10**6
_MBPS = 10**6
_SITES = ("east", "west")


def _sometimes(draw: st.DrawFn, one_in: int) -> bool:
    return draw(st.integers(1, one_in)) == 1


@st.composite
def _nodes(draw: st.DrawFn) -> dict[str, Node]:
    """One access node, one or two switches, perhaps a router, two or three servers."""
    nodes = [Node("gnb", Kind.ACCESS)]
    nodes += [
        Node(
            f"sw-{i}",
            Kind.P4_SWITCH,
            {"stages": draw(st.integers(0, 5))},
            forwarding_ns=draw(st.sampled_from([0, _MS])),
            hand_over_ns=draw(st.sampled_from([0, 0, _MS])),
            labels={"site": draw(st.sampled_from(_SITES))} if draw(st.booleans()) else {},
            prices=Prices(opened=Fraction(1, 2)) if _sometimes(draw, 4) else Prices(),
        )
        for i in range(draw(st.integers(1, 2)))
    ]
    if _sometimes(draw, 3):
        nodes.append(Node("router", Kind.ROUTER, forwarding_ns=draw(st.sampled_from([0, _MS]))))
    for i in range(draw(st.integers(2, 3))):
        capacity = {"cpu": draw(st.integers(1, 6)) * 1000, "fpga": draw(st.integers(0, 2))}
        offers = None
        if _sometimes(draw, 5):  # a software switch
            offers, capacity["stages"] = frozenset({Level.P4, Level.VNF}), draw(st.integers(1, 4))
        devices = {"gpu-0": {"share": 1000, "memory": draw(st.integers(1, 4))}} if draw(st.booleans()) else {}
        if devices and _sometimes(draw, 3):
            devices["gpu-1"] = {"share": draw(st.sampled_from([500, 1000])), "memory": 2}
        nodes.append(
            Node(
                f"srv-{i}",
                Kind.SERVER,
                capacity,
                reserved={"cpu": 500} if _sometimes(draw, 4) else {},
                devices=devices,
                hand_over_ns=draw(st.sampled_from([0, 0, _MS, 2 * _MS])),
                labels={"site": _SITES[i]} if i < len(_SITES) else {},
                prices=Prices({"cpu": Fraction(draw(st.integers(1, 3)), 1000)}) if _sometimes(draw, 3) else Prices(),
                offers=offers,
            )
        )
    return {node.name: node for node in nodes}


@st.composite
def _links(draw: st.DrawFn, nodes: dict[str, Node]) -> tuple[Link, ...]:
    """Every node hangs on a switch; sometimes on another one too."""
    inner = [name for name, node in nodes.items() if node.kind.forwards]
    pairs = {(name, draw(st.sampled_from(inner))) for name in nodes if name not in inner}
    pairs |= set(pairwise(inner))
    for name in nodes:
        if name not in inner and _sometimes(draw, 3):
            pairs.add((name, draw(st.sampled_from(inner))))
    if len(inner) > 2 and draw(st.booleans()):
        pairs.add((inner[0], inner[2]))

    queues = _sometimes(draw, 3)

    def direction() -> Direction:
        bandwidth = draw(st.integers(2, 6)) * _MBPS
        classic, l4s = (draw(st.integers(1, 3)) * _MS, 0) if queues and draw(st.booleans()) else (0, 0)
        return Direction(bandwidth, draw(st.integers(0, 3)) * _MS, _MBPS if _sometimes(draw, 4) else 0, classic, l4s)

    return tuple(
        Link(pair, direction(), direction(), Prices(bandwidth=Fraction(2, _MBPS)) if _sometimes(draw, 4) else Prices())
        for pair in sorted(pairs)
    )


@st.composite
def _functions(draw: st.DrawFn) -> dict[str, Function]:
    """Two functions with one to four implementations each, and one for flows to find on every hop."""
    functions = {}
    for name in ("f", "g"):
        offered = draw(st.sets(st.sampled_from(list(Level)), min_size=1, max_size=3))
        names = {str(level): level for level in sorted(offered)}
        if Level.VNF in offered and _sometimes(draw, 4):
            names["vnf-fast"] = Level.VNF
        shared = _sometimes(draw, 2)
        implementations = {key: draw(_implementations(key, level, shared)) for key, level in names.items()}
        prices = Prices(device={"share": Fraction(1, 200)}) if _sometimes(draw, 4) else Prices()
        functions[name] = Function(name, implementations, prices, shared)
    shared = not _sometimes(draw, 4)
    programs = ["p4", "p4-other"] if _sometimes(draw, 3) else ["p4"]
    functions["q"] = Function(
        "q",
        {key: draw(_implementations(key, Level.P4, shared)) for key in programs},
        shared=shared,
        l4s=draw(st.booleans()),
    )
    return functions


@st.composite
def _implementations(draw: st.DrawFn, name: str, level: Level, shared: bool) -> Implementation:
    resource, unit, most = ("stages", 1, 4) if level is Level.P4 else ("cpu", 1000, 4)
    demand = {resource: draw(st.integers(1, most)) * unit}
    once = {}
    if shared:
        once, demand = demand, ({resource: unit} if draw(st.booleans()) else {})
    if level is Level.VNF and _sometimes(draw, 4):
        demand["fpga"] = 1
    return Implementation(
        name,
        level,
        demand,
        {"share": draw(st.sampled_from([300, 500, 700])), "memory": 1} if level is Level.GPU else {},
        draw(st.integers(0, 4)) * _MS,
        once,
        draw(st.integers(2, 6)) * _MBPS if _sometimes(draw, 3) else None,
        {"site": draw(st.sampled_from([("east",), ("east", "west")]))} if _sometimes(draw, 6) else {},
    )


_SHAPES = {
    "line": [("in", "a"), ("a", "out")],
    "long line": [("in", "a"), ("a", "b"), ("b", "out")],
    "join": [("in", "a"), ("in", "b"), ("a", "out"), ("b", "out")],
    "branch": [("in", "a"), ("a", "out"), ("a", "b")],
    "triangle": [("in", "a"), ("a", "b"), ("in", "b"), ("b", "out")],
}


@st.composite
def _chain(draw: st.DrawFn, name: str, nodes: dict[str, Node], functions: dict[str, Function]) -> Chain:
    edges = _SHAPES[draw(st.sampled_from(list(_SHAPES)))]
    names = list(dict.fromkeys(end for edge in edges for end in edge))
    components = {}
    for component in names:
        if component in ("in", "out"):
            at = draw(st.sampled_from(["gnb", "gnb", "sw-0", "srv-0"]))
            components[component] = Component(component, at=at, processing_ns=draw(st.sampled_from([0, 0, _MS])))
        else:
            function = draw(st.sampled_from(["f", "g"]))
            components[component] = Component(
                component,
                function,
                private=functions[function].shared and _sometimes(draw, 4),
                movable=not _sometimes(draw, 4),
            )
    flows = tuple(draw(_flow(edge)) for edge in edges)
    if ("a", "b") in edges and ("a", "out") in edges and not _sometimes(draw, 3):
        copy = Flow("a", "b", draw(st.integers(1, 2)) * _MBPS, copy_of=("a", "out"))
        flows = (*(flow for flow in flows if flow.ends != copy.ends), copy)
    inner = [name for name in names if components[name].function]
    line = edges == _SHAPES["long line"]
    independent = (Independent(("a", "b"), draw(st.integers(0, 2)) * _MS),) if line and draw(st.booleans()) else ()
    if independent:  # between what may run at once, no program can serve a flow
        flows = tuple(
            replace(flow, per_hop=(), strict=False, private=False) if flow.ends == ("a", "b") else flow
            for flow in flows
        )
    heads = [n for n in names if n != "in" and not (independent and n == "a")]
    budgets = []
    for head in draw(st.lists(st.sampled_from(heads), max_size=2)):
        target = draw(st.none() | st.integers(0, 9))
        within = draw(st.integers(target or 1, 20)) if target is None or draw(st.booleans()) else None
        budgets.append(
            Budget("in", head, None if within is None else within * _MS, None if target is None else target * _MS)
        )
    groups = [Group(pair, by) for pair in _pairs(names) for by in (None, "site")]
    picked = st.lists(st.sampled_from(groups), max_size=1) if groups else st.just([])
    where = st.sets(st.sampled_from(sorted(nodes)), min_size=1, max_size=4).map(lambda n: Where(tuple(sorted(n))))
    where = where | st.sampled_from(_SITES).map(lambda site: Where(labels={"site": (site,)}))
    few = st.dictionaries(st.sampled_from(inner), where, max_size=1)
    return Chain(
        name,
        components,
        flows,
        weight=Fraction(draw(st.integers(1, 4)), draw(st.sampled_from([1, 2]))),
        class_name=draw(st.sampled_from([None, "gold"])),
        required=_sometimes(draw, 12),
        budgets=tuple(budgets),
        together=tuple(draw(picked)) if _sometimes(draw, 2) else (),
        apart=tuple(draw(picked)) if _sometimes(draw, 2) else (),
        only=draw(few) if _sometimes(draw, 3) else {},
        never=draw(few) if _sometimes(draw, 3) else {},
        preference={inner[0]: draw(_preferences(nodes))} if draw(st.booleans()) else {},
        equivalent=(tuple(inner),) if len(inner) > 1 and draw(st.booleans()) else (),
        independent=independent,
    )


@st.composite
def _flow(draw: st.DrawFn, ends: tuple[str, str]) -> Flow:
    """A flow of 1 to 3 Mbps, sometimes with the per-hop function, sometimes in bursts of a millisecond at that rate."""
    per_hop = ("q",) if _sometimes(draw, 4) else ()
    return Flow(
        *ends,
        draw(st.integers(1, 3)) * _MBPS,
        per_hop,
        strict=bool(per_hop) and _sometimes(draw, 3),
        private=bool(per_hop) and _sometimes(draw, 4),
        burst_bytes=125 * draw(st.integers(1, 3)) if _sometimes(draw, 6) else 0,
    )


def _pairs(names: list[str]) -> list[tuple[str, ...]]:
    inner = [name for name in names if name not in ("in", "out")]
    return [(inner[0], other) for other in names if other != inner[0]]


@st.composite
def _preferences(draw: st.DrawFn, nodes: dict[str, Node]) -> Preference:
    chosen = draw(st.lists(st.sampled_from(sorted(nodes)), min_size=2, max_size=5, unique=True))
    labels = {"site": {"east": Fraction(draw(st.integers(1, 3))), "west": Fraction(1)}} if draw(st.booleans()) else {}
    return Preference({name: Fraction(draw(st.integers(1, 5)), 2) for name in chosen}, labels)


@st.composite
def _objective(draw: st.DrawFn, classes: set[str]) -> tuple[ObjectiveLevel, ...]:
    """One to three levels of one to three terms."""
    terms = [Term(cost) for cost in CostTerm]
    terms += [Term(cost, name) for cost in CostTerm if cost in OF_CLASSES for name in classes]
    weight = st.sampled_from([Fraction(1), Fraction(2), Fraction(1, 10)])
    level = st.dictionaries(st.sampled_from(terms), weight, min_size=1, max_size=3)
    levels: list[ObjectiveLevel] = list(draw(st.lists(level, min_size=1, max_size=3)))
    if not _sometimes(draw, 6):
        levels.insert(0, {Term(CostTerm.REJECTED): Fraction(1)})
    return tuple(levels)


@st.composite
def tiny_instances(draw: st.DrawFn, chains: int = 3) -> Instance:
    """Up to seven nodes and ``chains`` chains of up to two functions each."""
    nodes = draw(_nodes())
    functions = draw(_functions())
    made = [draw(_chain(f"c{i}", nodes, functions)) for i in range(draw(st.integers(1, chains)))]
    share = Fraction(draw(st.integers(1, 3)), 4) if _sometimes(draw, 3) else None
    return Instance(
        name="tiny",
        nodes=nodes,
        links=draw(_links(nodes)),
        functions=functions,
        chains={chain.name: chain for chain in made},
        resources={"fpga": Dimension.COUNT},
        prices=Prices(
            {"cpu": Fraction(1, 1000), "stages": Fraction(1, 2)},
            {"share": Fraction(1, 500)},
            bandwidth=Fraction(1, 10 * _MBPS),
            active=Fraction(draw(st.integers(1, 5))),
            opened=Fraction(draw(st.integers(0, 2))),
            move=Fraction(draw(st.integers(1, 3)), 2),
        ),
        objective=draw(_objective({chain.class_name for chain in made if chain.class_name is not None})),
        classes={"gold": TrafficClass("gold", share)} if share is not None else {},
    )


@st.composite
def partly_down(draw: st.DrawFn, instance: Instance) -> Instance:
    """The instance with some nodes down or drained, and some links and devices down: most often one of them."""
    nodes = dict(instance.nodes)
    for name, node in instance.nodes.items():
        if _sometimes(draw, 7):
            nodes[name] = replace(node, up=False) if draw(st.booleans()) else replace(node, drained=True)
        elif node.devices and _sometimes(draw, 3):
            nodes[name] = replace(node, devices_down=frozenset({draw(st.sampled_from(sorted(node.devices)))}))
    links = tuple(replace(link, up=not _sometimes(draw, 7)) for link in instance.links)
    return replace(instance, nodes=nodes, links=links)


@st.composite
def previous_placements(draw: st.DrawFn, instance: Instance) -> Placement:
    """Where some of the chains stood, whether or not they still could; paths play no part."""
    chains = {}
    for name, chain in instance.chains.items():
        if draw(st.booleans()):
            spots = {}
            for component in chain.components.values():
                if component.function is not None and not _sometimes(draw, 5):
                    function = instance.functions[component.function]
                    implementation = draw(st.sampled_from(sorted(function.implementations)))
                    gpu = function.implementations[implementation].level is Level.GPU
                    node = draw(st.sampled_from([*sorted(instance.nodes), "gone"]))
                    spots[component.name] = Spot(node, implementation, "gpu-0" if gpu else None)
            chains[name] = ChainPlacement(spots, {})
    return Placement(chains)

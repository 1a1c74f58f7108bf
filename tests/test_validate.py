"""Tests of the checks on an instance, wherever it came from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from mosaico_place.errors import Path
from mosaico_place.instance import (
    DEFAULT_OBJECTIVE,
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
    Preference,
    Prices,
    Term,
    TrafficClass,
    Where,
)
from mosaico_place.quantities import Dimension
from mosaico_place.rules import OF_CLASSES, CostTerm
from mosaico_place.validate import faults, warnings

LINE = Direction(10**9, 1000)
SERVER = Node("server", Kind.SERVER, {"cpu": 8000}, {"cpu": 1000}, {"gpu": {"share": 1000}}, labels={"site": "north"})
CHAIN = Chain(
    "chain",
    {"in": Component("in", at="access"), "f": Component("f", "f"), "g": Component("g", "f")},
    (Flow("in", "f", 5), Flow("f", "g", 5)),
    budgets=(Budget("in", "g", 100, 50),),
)
SOUND = Instance(
    "sound",
    {"access": Node("access", Kind.ACCESS), "server": SERVER},
    (Link(("access", "server"), LINE, LINE),),
    {"f": Function("f", {"vnf": Implementation("vnf", Level.VNF, {"cpu": 1000})})},
    {"chain": CHAIN},
    {"fpga": Dimension.COUNT},
)


def node(**changes: object) -> Instance:
    """The sound instance with another server."""
    return SOUND.with_node(replace(SERVER, **changes))  # type: ignore[arg-type]


def chain(**changes: object) -> Instance:
    """The sound instance with another chain."""
    return SOUND.with_chain(replace(CHAIN, **changes))  # type: ignore[arg-type]


def link(*links: Link) -> Instance:
    """The sound instance with other links."""
    return replace(SOUND, links=links)


def function(level: Level = Level.VNF, name: str = "", **changes: object) -> Instance:
    """The sound instance with another implementation."""
    implementation = Implementation(name or str(level), level, **changes)  # type: ignore[arg-type]
    return replace(SOUND, functions={"f": Function("f", {implementation.name: implementation})})


def in_chain(*path: str | int) -> Path:
    """A path below the chain."""
    return ("chains", "chain", *path)


def in_server(*path: str | int) -> Path:
    """A path below the server."""
    return ("infrastructure", "nodes", "server", *path)


def in_function(*path: str | int) -> Path:
    """A path below the implementations of f."""
    return ("functions", "f", "implementations", *path)


LINKS = ("infrastructure", "links")
A, B = "access", "server"
CASES: list[tuple[Instance, Path, str]] = [
    (replace(SOUND, name=""), ("name",), "a name must not be empty"),
    (replace(SOUND, resources={"cpu": Dimension.COUNT}), ("resources", "cpu"), "is known already"),
    (replace(SOUND, resources={" x": Dimension.COUNT}), ("resources", " x"), "begins or ends with a space"),
    (replace(SOUND, nodes={**SOUND.nodes, "x": Node("y", Kind.ACCESS)}), ("infrastructure", "nodes", "x"), "is called"),
    (replace(SOUND, nodes={**SOUND.nodes, "": Node("", Kind.ACCESS)}), ("infrastructure", "nodes", ""), "not be empty"),
    (node(capacity={"cpu": 8000, "cpus": 1}), in_server("cpus"), "there is no resource 'cpus', did you mean 'cpu'?"),
    (node(capacity={"cpu": 8000, "stages": -1}), in_server("stages"), "must not be negative"),
    (node(reserved={"cpu": 9000}), in_server("reserved", "cpu"), "reserves 9 of 8 cpu, more than there is"),
    (node(reserved={"fpga": 1}), in_server("reserved", "fpga"), "reserves 1 of 0 fpga"),
    (node(kind=Kind.ROUTER), in_server("gpus"), "a node of kind router has no GPUs"),
    (node(devices={"g": {"memory": 1}}), in_server("gpus", "g"), "needs a 'share'"),
    (node(devices={"g": {"share": 1, "cpu": 1}}), in_server("gpus", "g", "cpu"), "there is no resource 'cpu'"),
    (node(devices={"g\n": {"share": 1}}), in_server("gpus", "g\n"), "begins or ends with a space"),
    (node(forwarding_ns=1), in_server("forwarding"), "a node of kind server forwards nothing"),
    (node(hand_over_ns=-1), in_server("hand-over"), "must not be negative"),
    (node(labels={"site": " x"}), in_server("labels", "site"), "begins or ends with a space"),
    (node(prices=Prices({"gpu": Fraction(1)})), in_server("prices", "gpu"), "there is no resource 'gpu'"),
    (node(prices=Prices({"cpu": Fraction(-1)})), in_server("prices", "cpu"), "a price must not be negative"),
    (node(prices=Prices(active=Fraction(10**13))), in_server("prices", "active"), "must not be above 1e12"),
    (node(prices=Prices(device={"x": Fraction(1)})), in_server("prices", "device", "x"), "there is no resource 'x'"),
    (link(Link((A, "x"), LINE, LINE)), (*LINKS, 0, "between", 1), "there is no node 'x'"),
    (link(Link((A, A), LINE, LINE)), (*LINKS, 0, "between"), "joins 'access' with itself"),
    (link(Link((A, B), LINE, LINE), Link((B, A), LINE, LINE)), (*LINKS, 1, "between"), "which link 1 of the list"),
    (link(Link((A, B), Direction(-1, 0), LINE)), (*LINKS, 0, "bandwidth", "forth"), "must not be negative"),
    (link(Link((A, B), LINE, Direction(1, -1))), (*LINKS, 0, "latency", "back"), "must not be negative"),
    (link(Link((A, B), LINE, Direction(1, 1, 2))), (*LINKS, 0, "reserved", "back"), "reserves 2 bps of 1 bps"),
    (replace(SOUND, functions={"f": Function("f", {})}), in_function(), "needs at least one implementation"),
    (function(once={"cpu": 1000}), in_function("vnf", "once"), "only a shared function has 'once'"),
    (function(capacity_bps=0), in_function("vnf", "capacity"), "must be above 0"),
    (function(needs={"site": ()}), in_function("vnf", "needs", "site"), "needs at least one value"),
    (function(demand={"gpu": 1}), in_function("vnf", "gpu"), "there is no resource 'gpu'"),
    (function(processing_ns=-5), in_function("vnf", "processing"), "must not be negative"),
    (function(device={"share": 1}), in_function("vnf", "device"), "only an implementation at level gpu"),
    (function(Level.GPU), in_function("gpu", "device"), "takes something of a device"),
    (function(Level.GPU, device={"share": 2000}), in_function("gpu", "device", "share"), "no GPU offers 2 share"),
    (chain(weight=Fraction(0)), in_chain("weight"), "a weight must be above 0"),
    (chain(weight=Fraction(1, 10**15)), in_chain("weight"), "a weight lies between"),
    (chain(class_name="a b"), in_chain("class"), "a class is one word"),
    (chain(components={}, flows=(), budgets=()), in_chain("components"), "needs at least one component"),
    (replace(SOUND, chains={"x": CHAIN}), ("chains", "x"), "stands under the name 'x' but is called 'chain'"),
    (chain(flows=(*CHAIN.flows, Flow("g", "x", 1))), in_chain("flows", 2, "to"), "there is no component 'x'"),
    (chain(flows=(*CHAIN.flows, Flow("g", "g", 1))), in_chain("flows", 2), "leads from 'g' to itself"),
    (chain(flows=(*CHAIN.flows, Flow("f", "g", 1))), in_chain("flows", 2), "like flow 2 of the list"),
    (chain(flows=(*CHAIN.flows, Flow("in", "g", -1))), in_chain("flows", 2, "rate"), "must not be negative"),
    (chain(flows=(*CHAIN.flows, Flow("g", "in", 1))), in_chain("flows", 2), "closes a circle: in -> f -> g -> in"),
    (chain(budgets=(Budget("g", "in", 1),)), in_chain("latency", 0, "to"), "no flows lead from 'g' to 'in'"),
    (chain(budgets=(Budget("in", "x", 1),)), in_chain("latency", 0, "to"), "there is no component 'x'"),
    (chain(budgets=(Budget("in", "g"),)), in_chain("latency", 0), "needs 'within'"),
    (chain(budgets=(Budget("in", "g", 1, 2),)), in_chain("latency", 0, "target"), "lies above the hard limit"),
    (chain(budgets=(Budget("in", "g", -1),)), in_chain("latency", 0, "within"), "must not be negative"),
    (chain(together=(Group(("f",)),)), in_chain("together", 0), "needs at least two components"),
    (chain(apart=(Group(("f", "f")),)), in_chain("apart", 0, "components", 1), "names 'f' twice"),
    (chain(apart=(Group(("f", "x")),)), in_chain("apart", 0, "components", 1), "there is no component 'x'"),
    (chain(apart=(Group(("f", "g"), "sight"),)), in_chain("apart", 0, "by"), "did you mean 'site'?"),
    (chain(only={"x": Where((B,))}), in_chain("only", "x"), "there is no component 'x'"),
    (chain(never={"in": Where((B,))}), in_chain("never", "in"), "'in' is an endpoint"),
    (chain(only={"f": Where()}), in_chain("only", "f"), "needs one or more nodes, or labels"),
    (chain(only={"f": Where(("x",))}), in_chain("only", "f", 0), "there is no node 'x'"),
    (chain(only={"f": Where(labels={"rack": ("1",)})}), in_chain("only", "f", "rack"), "there is no label 'rack'"),
    (chain(only={"f": Where(labels={"site": ()})}), in_chain("only", "f", "site"), "needs at least one value"),
    (chain(preference={"in": Preference()}), in_chain("preference", "in"), "'in' is an endpoint"),
    (
        chain(preference={"f": Preference({"x": Fraction(1)})}),
        in_chain("preference", "f", "x"),
        "there is no node 'x'",
    ),
    (
        chain(preference={"f": Preference({B: Fraction(-1)})}),
        in_chain("preference", "f", B),
        "a price must not be negative",
    ),
    (
        chain(preference={"f": Preference(labels={"site": {"north": Fraction(-1)}})}),
        in_chain("preference", "f", "site", "north"),
        "a price must not be negative",
    ),
    (replace(SOUND, objective=()), ("objective",), "needs at least one level"),
    (replace(SOUND, objective=({},)), ("objective", 0), "needs at least one term"),
    (
        replace(SOUND, objective=({Term(CostTerm.REJECTED, "gold"): Fraction(1)},)),
        ("objective", 0, "rejected.gold"),
        "there is no class 'gold'",
    ),
    (
        replace(SOUND, objective=({Term(CostTerm.LINKS, "gold"): Fraction(1)},)),
        ("objective", 0, "links.gold"),
        "there is no class 'gold'",
    ),
    (
        replace(SOUND, objective=({Term(CostTerm.LINKS): Fraction(0)},)),
        ("objective", 0, "links"),
        "a weight must be above 0",
    ),
]


def components(**changes: Component) -> Instance:
    """The sound instance with other components in its chain."""
    return chain(components={**CHAIN.components, **changes})


CASES += [
    (components(f=Component("x", "f")), in_chain("components", "f"), "is called 'x'"),
    (components(f=Component("f", "x")), in_chain("components", "f", "function"), "there is no function 'x'"),
    (components(f=Component("f", at="x")), in_chain("components", "f", "at"), "there is no node 'x'"),
    (components(f=Component("f")), in_chain("components", "f"), "either runs a function or is an endpoint"),
    (components(f=Component("f", "f", "server")), in_chain("components", "f"), "either runs a function"),
    (components(f=Component("f", "f", None, 5)), in_chain("components", "f", "processing"), "is for endpoints"),
    (
        components(f=Component("f", at="server", processing_ns=-5)),
        in_chain("components", "f", "processing"),
        "negative",
    ),
]


def shared(**changes: object) -> Instance:
    """The sound instance whose function is shared, with another implementation and a program at level p4."""
    vnf = Implementation("vnf", Level.VNF, {"cpu": 500}, once={"cpu": 500}, capacity_bps=10)
    vnf = replace(vnf, **changes)  # type: ignore[arg-type]
    program = Implementation("p4", Level.P4, once={"stages": 1})
    return replace(SOUND, functions={"f": Function("f", {"vnf": vnf, "p4": program}, shared=True)})


def function_prices(**prices: object) -> Instance:
    """The sound instance with other prices of its function."""
    made = Prices(**prices)  # type: ignore[arg-type]
    return replace(SOUND, functions={"f": replace(SOUND.functions["f"], prices=made)})


def link_prices(**prices: object) -> Instance:
    """The sound instance with other prices of its link."""
    return link(Link((A, B), LINE, LINE, Prices(**prices)))  # type: ignore[arg-type]


def classes(key: str = "gold", **changes: object) -> Instance:
    """The sound instance whose chain is of a class, with that class under a key."""
    made = replace(TrafficClass("gold", Fraction(1, 2)), **changes)  # type: ignore[arg-type]
    return replace(chain(class_name="gold"), classes={key: made})


def narrowed(cost: CostTerm) -> Instance:
    """The sound instance whose chain is of a class, with a term narrowed to it."""
    return replace(chain(class_name="gold"), objective=({Term(cost, "gold"): ONE},))


ONE = Fraction(1)
NAMED_Y = {"x": Implementation("y", Level.VNF)}
CASES += [
    (shared(once={"cpu": -1}), in_function("vnf", "once", "cpu"), "must not be negative, found -1"),
    (shared(once={"gpu": 1}), in_function("vnf", "once", "gpu"), "there is no resource 'gpu'"),
    (shared(demand={"cpu": -1}), in_function("vnf", "each", "cpu"), "must not be negative, found -1"),
    (shared(demand={"gpu": 1}), in_function("vnf", "each", "gpu"), "there is no resource 'gpu'"),
    (shared(capacity_bps=0), in_function("vnf", "capacity"), "must be above 0"),
    (shared(capacity_bps=-1), in_function("vnf", "capacity"), "must be above 0"),
    (function(needs={" site": ("north",)}), in_function("vnf", "needs", " site"), "begins or ends with a space"),
    (function(needs={"site": ("north", "")}), in_function("vnf", "needs", "site"), "a name must not be empty"),
    (replace(SOUND, functions={"f": Function("f", NAMED_Y)}), in_function("x"), "but is called 'y'"),
    (replace(SOUND, resources={"once": Dimension.COUNT}), ("resources", "once"), "is known already"),
    (node(kind=Kind.ACCESS, devices={}, offers=frozenset({Level.VNF})), in_server("runs"), "runs no components"),
    (node(kind=Kind.ROUTER, devices={}, offers=frozenset({Level.P4})), in_server("runs"), "a node of kind router"),
    (node(devices={}, offers=frozenset({Level.GPU, Level.VNF})), in_server("runs"), "runs gpu, but has no GPUs"),
    (node(kind=Kind.P4_SWITCH, devices={}, offers=frozenset({Level.VNF})), in_server("runs"), "runs p4 alone"),
    (link(Link((A, B), Direction(1, 1, 0, -1), LINE)), (*LINKS, 0, "queue", "forth", "classic"), "found -1"),
    (link(Link((A, B), LINE, Direction(1, 1, 0, 0, -2))), (*LINKS, 0, "queue", "back", "l4s"), "found -2"),
    (replace(SOUND, prices=Prices(opened=-ONE)), ("prices", "opened"), "a price must not be negative"),
    (replace(SOUND, prices=Prices(move=-ONE)), ("prices", "move"), "a price must not be negative"),
    (node(prices=Prices(opened=-ONE)), in_server("prices", "opened"), "a price must not be negative"),
    (node(prices=Prices(move=ONE)), in_server("prices", "move"), "the instance or a function does"),
    (node(prices=Prices(bandwidth=ONE)), in_server("prices", "bandwidth"), "the instance or a link does"),
    (function_prices(opened=-ONE), ("functions", "f", "prices", "opened"), "must not be negative"),
    (function_prices(move=Fraction(10**13)), ("functions", "f", "prices", "move"), "must not be above 1e12"),
    (function_prices(active=ONE), ("functions", "f", "prices", "active"), "the instance or a node does"),
    (link_prices(opened=ONE), (*LINKS, 0, "prices", "opened"), "a link gives no price of 'opened'"),
    (link_prices(resources={"cpu": ONE}), (*LINKS, 0, "prices", "cpu"), "a price of 'bandwidth' alone"),
    (link_prices(device={"share": ONE}), (*LINKS, 0, "prices", "device"), "a price of 'bandwidth' alone"),
    (components(f=Component("f", "f", private=True)), in_chain("components", "f", "private"), "of a shared function"),
    (classes("golden"), ("classes", "golden"), "stands under the name 'golden' but is called 'gold'"),
    (classes(share=Fraction(-1, 2)), ("classes", "gold", "share"), "lies between 0 and 1, found -1/2"),
    (classes(share=Fraction(3, 2)), ("classes", "gold", "share"), "lies between 0 and 1, found 3/2"),
    (classes("a b", name="a b"), ("classes", "a b"), "a class is one word, found 'a b'"),
    (narrowed(CostTerm.RESOURCES), ("objective", 0, "resources.gold"), "'resources' is no sum over chains"),
    (narrowed(CostTerm.ACTIVE), ("objective", 0, "active.gold"), "'active' is no sum over chains"),
    (narrowed(CostTerm.BALANCE), ("objective", 0, "balance.gold"), "'balance' is no sum over chains"),
    (chain(only={"f": Where(labels={"site": ("",)})}), in_chain("only", "f", "site"), "a name must not be empty"),
    (
        chain(preference={"f": Preference(labels={"site": {" x": ONE}})}),
        in_chain("preference", "f", "site", " x"),
        "begins or ends with a space",
    ),
    (
        components(**{"in": Component("in", at="access", private=True)}),
        in_chain("components", "in", "private"),
        "of a shared function",
    ),
    (
        components(**{"in": Component("in", at="access", movable=False)}),
        in_chain("components", "in", "movable"),
        "an endpoint never moves",
    ),
]

WIDE = {name: Component(name, "f") for name in ("a", "b", "c")}
HOST = Flow("a", "b", 5)


def flows(*flows: Flow, **changes: object) -> Instance:
    """The shared instance with a chain of three components and these flows."""
    made = replace(Chain("chain", WIDE, flows), **changes)  # type: ignore[arg-type]
    return shared().with_chain(made)


def in_flows(*path: str | int) -> Path:
    """A path below the flows."""
    return in_chain("flows", *path)


CASES += [
    (flows(Flow("a", "b", 5, ("x",))), in_flows(0, "per-hop", 0), "there is no function 'x'"),
    (flows(Flow("a", "b", 5, ("f", "f"))), in_flows(0, "per-hop", 1), "names 'f' twice"),
    (chain(flows=(Flow("in", "g", 5, ("f",)),)), in_flows(0, "per-hop", 0), "no implementation at level p4"),
    (flows(Flow("a", "b", 5, strict=True)), in_flows(0, "strict"), "'strict' speaks of the functions"),
    (flows(Flow("a", "b", 5, private=True)), in_flows(0, "private"), "'private' speaks of the functions"),
    (flows(Flow("a", "b", 5, burst_bytes=-1)), in_flows(0, "burst"), "must not be negative, found -1 bytes"),
    (flows(HOST, Flow("a", "c", 5, copy_of=("a", "x"))), in_flows(1, "copy-of", "to"), "there is no component 'x'"),
    (flows(HOST, Flow("b", "c", 5, copy_of=("b", "a"))), in_flows(1, "copy-of"), "no flow leads from 'b' to 'a'"),
    (flows(HOST, Flow("a", "c", 5, copy_of=("a", "c"))), in_flows(1, "copy-of"), "copies itself"),
    (flows(HOST, Flow("b", "c", 5, copy_of=("a", "b"))), in_flows(1, "copy-of"), "that its flow leaves: 'a', not 'b'"),
    (flows(HOST, Flow("a", "x", 5, copy_of=("a", "b"))), in_flows(1, "to"), "there is no component 'x'"),
    (flows(HOST, Flow("a", "c", 5, ("f",), copy_of=("a", "b"))), in_flows(1, "per-hop"), "a copy is served with its"),
    (flows(HOST, Flow("a", "c", 5, private=True, copy_of=("a", "b"))), in_flows(1, "private"), "there are none"),
    (
        flows(HOST, Flow("a", "c", 5, copy_of=("a", "b")), Flow("c", "a", 5)),
        in_flows(2),
        "closes a circle: a -> c -> a",
    ),
    (
        flows(HOST, Flow("a", "c", 5, copy_of=("a", "b")), budgets=(Budget("b", "c", 5),)),
        in_chain("latency", 0, "to"),
        "no flows lead from 'b' to 'c'",
    ),
]

LINE_OF_FOUR = {"in": Component("in", at="access"), **WIDE}
ALONG = (Flow("in", "a", 5), HOST, Flow("b", "c", 5))


def line(*groups: tuple[str, ...], flows: tuple[Flow, ...] = ALONG, join_ns: int = 0, **changes: object) -> Instance:
    """The sound instance with a line of an endpoint and three components, and independent groups of them."""
    independent = tuple(Independent(group, join_ns) for group in groups)
    made = replace(Chain("chain", LINE_OF_FOUR, flows, independent=independent), **changes)  # type: ignore[arg-type]
    return shared().with_chain(made)


def in_group(*path: str | int) -> Path:
    """A path below the independent groups."""
    return in_chain("independent", *path)


def equivalent(*groups: tuple[str, ...]) -> Instance:
    """The same line with groups of equivalent components."""
    return line(equivalent=groups)


def budgeted(tail: str, head: str) -> Instance:
    """The same line with two independent components and a budget."""
    return line(("a", "b"), budgets=(Budget(tail, head, 5),))


NO_LINE, WHOLE = "only consecutive components of a line", "over all of the independent components a, b, or none"
BRANCH, JOIN = (*ALONG, Flow("a", "c", 5)), (*ALONG, Flow("in", "b", 5))
COPIED = (*ALONG[:2], Flow("a", "c", 5, copy_of=("a", "b")))
SERVED = (ALONG[0], replace(HOST, per_hop=("f",)), ALONG[2])
CASES += [
    (equivalent(("a", "x")), in_chain("equivalent", 0, 1), "there is no component 'x'"),
    (equivalent(("a", "in")), in_chain("equivalent", 0, 1), "'in' is an endpoint"),
    (equivalent(("a",)), in_chain("equivalent", 0), "needs at least two components"),
    (equivalent(()), in_chain("equivalent", 0), "needs at least two components"),
    (equivalent(("a", "b", "a")), in_chain("equivalent", 0, 2), "'a' is named already"),
    (equivalent(("a", "b"), ("c", "b")), in_chain("equivalent", 1, 1), "'b' is named already"),
    (line(("a", "x")), in_group(0, "components", 1), "there is no component 'x'"),
    (line(("in", "a")), in_group(0, "components", 0), "'in' is an endpoint"),
    (line(("a",)), in_group(0, "components"), "needs at least two components"),
    (line(("a", "a")), in_group(0, "components", 1), "'a' is named already"),
    (line(("a", "b"), ("b", "c")), in_group(1, "components", 0), "'b' is named already"),
    (line(("a", "b"), join_ns=-1), in_group(0, "join"), "must not be negative, found -1 ns"),
    (line(("a", "c")), in_group(0, "components", 1), NO_LINE),
    (line(("b", "a")), in_group(0, "components", 1), NO_LINE),
    (line(("a", "b"), flows=BRANCH), in_group(0, "components", 1), NO_LINE),
    (line(("a", "b"), flows=JOIN), in_group(0, "components", 1), NO_LINE),
    (line(("a", "b"), flows=COPIED), in_group(0, "components", 1), NO_LINE),
    (line(("a", "b"), flows=SERVED), in_group(0, "components", 1), "names per-hop functions"),
    (budgeted("in", "a"), in_chain("latency", 0, "to"), WHOLE),
    (budgeted("b", "c"), in_chain("latency", 0, "from"), WHOLE),
]


def test_sound() -> None:
    """Tests that the instance from which all cases are made has no faults and no warnings."""
    assert faults(SOUND) == []
    assert warnings(SOUND) == []


@pytest.mark.parametrize(
    ("instance", "path", "message"),
    CASES,
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_fault(instance: Instance, path: Path, message: str) -> None:
    """Tests that one thing gone wrong is found where it is, with nothing else."""
    (fault,) = faults(instance)
    assert fault.path == path
    assert message in fault.message


def test_a_demand_above_any_one_device() -> None:
    """Tests that two devices do not add up, and that without any device there is nothing to compare with."""
    two = {"a": {"share": 1000, "memory": 5}, "b": {"share": 500, "memory": 9}}
    asks: Callable[[int, int], Instance] = lambda share, memory: replace(  # noqa: E731
        function(Level.GPU, device={"share": share, "memory": memory}), nodes=node(devices=two).nodes
    )
    assert faults(asks(500, 9)) == []
    assert faults(asks(1000, 5)) == []
    (fault,) = faults(asks(600, 9))
    assert fault.message == "no single GPU offers all of this"
    bare = {**SOUND.nodes, "server": replace(SERVER, devices={})}
    assert faults(replace(asks(600, 9), nodes=bare)) == []


@pytest.mark.parametrize(
    "instance",
    [
        *(budgeted(*ends) for ends in (("in", "b"), ("a", "c"), ("a", "b"), ("a", "a"), ("b", "b"), ("in", "c"))),
        line(("a", "b", "c")),
        line(("a", "b"), flows=(*ALONG, Flow("in", "c", 5))),
        line(("a", "b"), equivalent=(("a", "b"),)),
        line(("a", "b"), flows=(replace(ALONG[0], per_hop=("f",)), *ALONG[1:])),
        equivalent(("c", "b")),
        flows(HOST, Flow("a", "c", 5, copy_of=("a", "b"), strict=True, burst_bytes=5), budgets=(Budget("a", "c", 5),)),
        components(**{"in": Component("in", at="access", processing_ns=5), "f": Component("f", "f", movable=False)}),
        node(kind=Kind.ACCESS, devices={}, offers=frozenset()),
        function(Level.VNF, "quick", needs={"rack": ("7",)}),
        classes(share=Fraction(0)),
        classes(share=None),
        *(narrowed(cost) for cost in CostTerm if cost in OF_CLASSES),
    ],
)
def test_no_fault(instance: Instance) -> None:
    """Tests what comes close to a fault and is none."""
    assert faults(instance) == []


def test_a_budget_of_one_component() -> None:
    """Tests that a budget may begin and end at one component: its own processing counts then."""
    assert faults(chain(budgets=(Budget("f", "f", 5),))) == []


def test_names_in_lists_of_many_are_not_all_shown() -> None:
    """Tests that a dangling name among many nodes is reported without listing them all."""
    many = {f"node-{i}": Node(f"node-{i}", Kind.ACCESS) for i in range(100)}
    instance = replace(SOUND, nodes={**SOUND.nodes, **many}, links=(Link(("zzz", "access"), LINE, LINE),))
    (fault,) = faults(instance)
    assert fault.message == "there is no node 'zzz'"
    assert fault.missing == ("node", "zzz")


def objective(*costs: CostTerm) -> Instance:
    """The sound instance with a level per term."""
    return replace(SOUND, objective=tuple({Term(cost): Fraction(1)} for cost in costs))


def test_terms_that_count_nothing() -> None:
    """Tests that each term whose prices are all 0 is a warning that says which price is missing."""
    found = warnings(replace(objective(*CostTerm), chains={}))
    assert [str(warning) for warning in found] == [
        "objective.2.latency: counts nothing: no latency budget has a 'target'",
        "objective.3.resources: counts nothing: no resource has a price; give for example prices: {cpu: 1}",
        "objective.4.links: counts nothing: bandwidth has no price; give for example prices: {bandwidth: 1 per Gbps}",
        "objective.5.active: counts nothing: no node has a price; give for example prices: {active: 1}",
        "objective.7.preference: counts nothing: no chain has a 'preference' with a price above 0",
        "objective.8.moves: counts nothing: moving has no price; give for example prices: {move: 1}",
    ]


@pytest.mark.parametrize(
    ("term", "changed"),
    [
        (CostTerm.LATENCY, SOUND),
        (CostTerm.RESOURCES, replace(SOUND, prices=Prices({"cpu": Fraction(1)}))),
        (CostTerm.RESOURCES, node(prices=Prices(device={"share": Fraction(1)}))),
        (CostTerm.RESOURCES, replace(SOUND, prices=Prices(opened=Fraction(1)))),
        (CostTerm.RESOURCES, node(prices=Prices(opened=Fraction(1)))),
        (CostTerm.RESOURCES, function_prices(opened=Fraction(1))),
        (CostTerm.MOVES, replace(SOUND, prices=Prices(move=Fraction(1)))),
        (CostTerm.MOVES, function_prices(move=Fraction(1))),
        (CostTerm.DROPPED, SOUND),
        (CostTerm.BALANCE, SOUND),
        (CostTerm.LINKS, link(Link((A, B), LINE, LINE, Prices(bandwidth=Fraction(1))))),
        (CostTerm.ACTIVE, node(prices=Prices(active=Fraction(1)))),
        (CostTerm.PREFERENCE, chain(preference={"f": Preference(labels={"site": {"north": Fraction(1)}})})),
    ],
)
def test_one_price_is_enough(term: CostTerm, changed: Instance) -> None:
    """Tests that one price anywhere keeps a term from being a warning."""
    assert warnings(replace(changed, objective=objective(term).objective)) == []


def test_the_default_objective_is_no_mistake() -> None:
    """Tests that terms which nobody wrote are not warned of."""
    assert warnings(replace(SOUND, chains={}, objective=DEFAULT_OBJECTIVE)) == []


def test_label_values_that_no_node_has() -> None:
    """Tests that a misspelt label value is a warning with what was probably meant."""
    found = warnings(chain(only={"f": Where(labels={"site": ("north", "nort")})}))
    assert [str(warning) for warning in found] == [
        "chains.chain.only.f.site: no node has site 'nort', did you mean 'north'?"
    ]


def told(instance: Instance) -> list[str]:
    """Its warnings as texts."""
    return [str(warning) for warning in warnings(instance)]


def test_a_class_that_nobody_uses() -> None:
    """Tests that a class without chains is a warning, and one that a chain belongs to is none."""
    assert told(classes()) == []
    assert told(replace(classes(), chains={})) == ["classes.gold: no chain belongs to this class"]


def test_needs_that_look_misspelt() -> None:
    """Tests that a needed label close to one that nodes have is a warning, and one that none is close to is not."""
    assert told(function(needs={"sites": ("north",)})) == [
        "functions.f.implementations.vnf.needs.sites: no node has a label 'sites', did you mean 'site'?"
    ]
    assert told(function(needs={"cpu-model": ("zen5",)})) == []


def test_an_l4s_queue_that_is_slower() -> None:
    """Tests that an L4S queue slower than the classic one is a warning, once if both directions are alike."""
    slow, fast = replace(LINE, classic_ns=1000, l4s_ns=2000), replace(LINE, classic_ns=2000, l4s_ns=2000)
    message = "flows wait longer in the L4S queue (2 us) than in the classic one (1 us)"
    assert told(link(Link((A, B), slow, slow))) == [f"infrastructure.links.0.queue: {message}"]
    assert told(link(Link((A, B), fast, slow))) == [f"infrastructure.links.0.queue.back: {message}"]
    assert told(link(Link((A, B), fast, fast))) == []

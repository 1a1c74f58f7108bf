"""What makes an instance unusable, wherever it came from: names that lead nowhere, figures that contradict.

Paths are those of the file format, as if every chain were written in full.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mosaico_place.errors import Fault, Path, name_fault, shown, suggestion, unknown_name
from mosaico_place.instance import (
    DEFAULT_OBJECTIVE,
    DEVICE_RESOURCES,
    NODE_RESOURCES,
    Direction,
    Instance,
    Kind,
    Level,
    Link,
    Node,
    Preference,
)
from mosaico_place.quantities import Dimension, format_quantity
from mosaico_place.rules import OF_CLASSES, CostTerm
from mosaico_place.validate.chain import chain_faults, label_values, weight_fault
from mosaico_place.validate.function import amount_faults, function_faults, misnamed, price_faults

RESERVED_KEYS = frozenset(
    {
        *NODE_RESOURCES,
        *DEVICE_RESOURCES,
        *("down", "drained", "hitless", "kind", "node", "reserved", "gpus", "forwarding", "hand-over", "labels"),
        *("prices", "runs"),
        *("device", "processing", "bandwidth", "active", "opened", "move"),
        *("level", "needs", "once", "each", "capacity", "queue", "count"),
    }
)
"""Keys that stand, or may come to stand, beside resources in the file, so that no resource may be called like them."""


def faults(instance: Instance) -> list[Fault]:
    """Everything that is wrong with an instance, part by part; empty if it can be solved."""
    name = name_fault(instance.name)
    hosts = [node for node in instance.nodes.values() if node.devices]
    return [
        *([Fault(("name",), name)] if name else ()),
        *_resource_faults(instance),
        *(fault for key, node in instance.nodes.items() for fault in _node_faults(instance, key, node)),
        *_link_faults(instance),
        *(fault for key, one in instance.functions.items() for fault in function_faults(instance, key, one, hosts)),
        *faults_of_chains(instance),
        *_class_faults(instance),
        *price_faults(instance, instance.prices, "instance", ("prices",)),
        *objective_faults(instance),
    ]


def faults_of_chains(instance: Instance) -> Iterator[Fault]:
    """Everything that is wrong with its chains."""
    labels = {label for node in instance.nodes.values() for label in node.labels}
    for key, chain in instance.chains.items():
        yield from chain_faults(instance, key, chain, labels)


def warnings(instance: Instance) -> list[Fault]:
    """What is allowed but probably not meant: terms that count nothing, label values that no node has, and so on."""
    return [
        *_idle_terms(instance),
        *label_values(instance),
        *_idle_classes(instance),
        *_odd_needs(instance),
        *_slow_queues(instance),
    ]


def _resource_faults(instance: Instance) -> Iterator[Fault]:
    for name in instance.resources:
        if fault := name_fault(name):
            yield Fault(("resources", name), fault)
        elif name in RESERVED_KEYS:
            yield Fault(("resources", name), f"{shown(name)} is known already; choose another name")


def _node_faults(instance: Instance, key: str, node: Node) -> Iterator[Fault]:
    path: Path = ("infrastructure", "nodes", key)
    yield from misnamed(key, node.name, path)
    yield from amount_faults(node.capacity, NODE_RESOURCES, instance.resources, path)
    yield from amount_faults(node.reserved, NODE_RESOURCES, instance.resources, (*path, "reserved"))
    for resource, reserved in node.reserved.items():
        capacity = node.capacity.get(resource, 0)
        dimension = _dimension(instance, resource)
        if dimension is not None and reserved > max(capacity, 0):
            there, taken = format_quantity(capacity, dimension), format_quantity(reserved, dimension)
            yield Fault((*path, "reserved", resource), f"reserves {taken} of {there} {resource}, more than there is")
    yield from _device_faults(instance, node, path)
    if node.forwarding_ns and not node.kind.forwards:
        message = f"a node of kind {node.kind} forwards nothing; only a p4-switch or router does"
        yield Fault((*path, "forwarding"), message)
    if node.hitless and node.kind is not Kind.P4_SWITCH:
        yield Fault(
            (*path, "hitless"), f"a node of kind {node.kind} loads no programs while it forwards; a p4-switch may"
        )
    yield from _runs_faults(node, path)
    for what, delay in (("forwarding", node.forwarding_ns), ("hand-over", node.hand_over_ns)):
        if delay < 0:
            yield Fault((*path, what), f"must not be negative, found {delay} ns")
    for label, value in node.labels.items():
        if fault := name_fault(label) or name_fault(value):
            yield Fault((*path, "labels", label), fault)
    yield from price_faults(instance, node.prices, "node", (*path, "prices"))


def _runs_faults(node: Node, path: Path) -> Iterator[Fault]:
    """Levels that a node cannot run."""
    if node.offers is None:
        return
    if node.offers and node.kind in (Kind.ACCESS, Kind.ROUTER):
        yield Fault((*path, "runs"), f"a node of kind {node.kind} runs no components; only a server or p4-switch does")
    elif Level.GPU in node.offers and not node.devices:
        yield Fault((*path, "runs"), "runs gpu, but has no GPUs; list them under 'gpus'")
    elif node.kind is Kind.P4_SWITCH and not node.offers <= {Level.P4}:
        yield Fault((*path, "runs"), "a p4-switch runs p4 alone; make a server of what runs more, beside it")


def _device_faults(instance: Instance, node: Node, path: Path) -> Iterator[Fault]:
    if node.devices and node.kind is not Kind.SERVER:
        yield Fault((*path, "gpus"), f"a node of kind {node.kind} has no GPUs; only a server has")
    for name, amounts in node.devices.items():
        here = (*path, "gpus", name)
        if fault := name_fault(name):
            yield Fault(here, fault)
        if "share" not in amounts:
            yield Fault(here, "needs a 'share': 1000 for a whole GPU")
        yield from amount_faults(amounts, DEVICE_RESOURCES, instance.resources, here)
    for name in sorted(node.devices_down - node.devices.keys()):
        yield unknown_name("device", name, node.devices, (*path, "gpus", name))


def _dimension(instance: Instance, resource: str) -> Dimension | None:
    return NODE_RESOURCES.get(resource) or instance.resources.get(resource)


def _link_faults(instance: Instance) -> Iterator[Fault]:
    first: dict[frozenset[str], int] = {}
    for position, link in enumerate(instance.links):
        path: Path = ("infrastructure", "links", position)
        for end, name in enumerate(link.ends):
            if name not in instance.nodes:
                yield unknown_name("node", name, instance.nodes, (*path, "between", end))
        pair = frozenset(link.ends)
        if len(pair) == 1:
            yield Fault((*path, "between"), f"joins {shown(link.ends[0])} with itself")
        elif pair in first:
            joined = " and ".join(shown(end) for end in link.ends)
            yield Fault(
                (*path, "between"),
                f"joins {joined}, which link {first[pair] + 1} of the list joins already; add up their bandwidths",
            )
        first.setdefault(pair, position)
        yield from _direction_faults(link, path)
        yield from price_faults(instance, link.prices, "link", (*path, "prices"))


def _direction_faults(link: Link, path: Path) -> Iterator[Fault]:
    directions: Mapping[str, Direction] = {"forth": link.forth, "back": link.back}
    for name, direction in directions.items():
        figures: Mapping[Path, int] = {
            ("bandwidth", name): direction.bandwidth_bps,
            ("latency", name): direction.latency_ns,
            ("reserved", name): direction.reserved_bps,
            ("queue", name, "classic"): direction.classic_ns,
            ("queue", name, "l4s"): direction.l4s_ns,
        }
        negative = [what for what, figure in figures.items() if figure < 0]
        for what in negative:
            yield Fault((*path, *what), f"must not be negative, found {figures[what]}")
        if not negative and direction.reserved_bps > direction.bandwidth_bps:
            taken = format_quantity(direction.reserved_bps, Dimension.RATE)
            there = format_quantity(direction.bandwidth_bps, Dimension.RATE)
            yield Fault((*path, "reserved", name), f"reserves {taken} of {there}, more than there is")


def objective_faults(instance: Instance) -> Iterator[Fault]:
    """Everything that is wrong with its objective."""
    if not instance.objective:
        yield Fault(("objective",), "needs at least one level, such as {rejected: 1}")
    classes = {chain.class_name for chain in instance.chains.values() if chain.class_name is not None}
    classes |= set(instance.classes)
    for position, level in enumerate(instance.objective):
        path: Path = ("objective", position)
        if not level:
            yield Fault(path, "needs at least one term, such as rejected: 1")
        for term, weight in level.items():
            here = (*path, str(term))
            yield from weight_fault(weight, here)
            if term.class_name is None:
                continue
            if term.cost not in OF_CLASSES:
                yield Fault(here, f"{str(term.cost)!r} is no sum over chains, so it cannot be narrowed to a class")
            elif term.class_name not in classes:
                yield unknown_name("class", term.class_name, sorted(classes), here)


def _class_faults(instance: Instance) -> Iterator[Fault]:
    for key, traffic_class in instance.classes.items():
        yield from misnamed(key, traffic_class.name, ("classes", key))
        if any(character.isspace() for character in key):
            yield Fault(("classes", key), f"a class is one word, found {shown(key)}")
        if traffic_class.share is not None and not 0 <= traffic_class.share <= 1:
            yield Fault(("classes", key, "share"), f"a share lies between 0 and 1, found {traffic_class.share}")


def _odd_needs(instance: Instance) -> Iterator[Fault]:
    """Needs that look like a misspelt label: warnings. A label that no node has yet may be meant for one to come."""
    labels = sorted({label for node in instance.nodes.values() for label in node.labels})
    for name, function in instance.functions.items():
        for key, implementation in function.implementations.items():
            for label in implementation.needs:
                if label not in labels and (meant := suggestion(label, labels)):
                    path: Path = ("functions", name, "implementations", key, "needs", label)
                    yield Fault(path, f"no node has a label {shown(label)}, did you mean '{meant}'?")


def _slow_queues(instance: Instance) -> Iterator[Fault]:
    """L4S queues in which flows wait longer than in the classic ones beside them: warnings."""
    for position, link in enumerate(instance.links):
        ways = {"forth": link.forth, "back": link.back}
        if (link.forth.classic_ns, link.forth.l4s_ns) == (link.back.classic_ns, link.back.l4s_ns):
            del ways["back"]
        for way, direction in ways.items():
            if direction.l4s_ns > direction.classic_ns:
                waits = [format_quantity(wait, Dimension.TIME) for wait in (direction.l4s_ns, direction.classic_ns)]
                path: Path = ("infrastructure", "links", position, "queue", *([way] if len(ways) > 1 else []))
                message = f"flows wait longer in the L4S queue ({waits[0]}) than in the classic one ({waits[1]})"
                yield Fault(path, message)


def _idle_classes(instance: Instance) -> Iterator[Fault]:
    """Classes that no chain belongs to: warnings, since such a chain may be yet to come."""
    used = {chain.class_name for chain in instance.chains.values()}
    for key in instance.classes:
        if key not in used:
            yield Fault(("classes", key), "no chain belongs to this class")


def _idle_terms(instance: Instance) -> Iterator[Fault]:
    """Terms in the objective that are 0 for every placement; the default objective is nobody's mistake."""
    if instance.objective is DEFAULT_OBJECTIVE:
        return
    idle = _idle_reasons(instance)
    for position, level in enumerate(instance.objective):
        for term in level:
            if term.cost in idle:
                yield Fault(("objective", position, str(term)), f"counts nothing: {idle[term.cost]}")


def _idle_reasons(instance: Instance) -> dict[CostTerm, str]:
    """Cost term -> why it is always 0."""
    infrastructure = [instance.prices, *(node.prices for node in instance.nodes.values())]
    everywhere = [*infrastructure, *(function.prices for function in instance.functions.values())]
    chains = instance.chains.values()
    used = {
        CostTerm.LATENCY: any(b.target_ns is not None for chain in chains for b in chain.budgets),
        CostTerm.RESOURCES: any(any(p.resources.values()) or any(p.device.values()) or p.opened for p in everywhere),
        CostTerm.LINKS: any(p.bandwidth for p in (instance.prices, *(link.prices for link in instance.links))),
        CostTerm.ACTIVE: any(p.active for p in infrastructure),
        CostTerm.PREFERENCE: any(_prefers(chain.preference.values()) for chain in chains),
        CostTerm.MOVES: any(p.move for p in (instance.prices, *(one.prices for one in instance.functions.values()))),
    }
    reasons = {
        CostTerm.LATENCY: "no latency budget has a 'target'",
        CostTerm.RESOURCES: "no resource has a price; give for example prices: {cpu: 1}",
        CostTerm.LINKS: "bandwidth has no price; give for example prices: {bandwidth: 1 per Gbps}",
        CostTerm.ACTIVE: "no node has a price; give for example prices: {active: 1}",
        CostTerm.PREFERENCE: "no chain has a 'preference' with a price above 0",
        CostTerm.MOVES: "moving has no price; give for example prices: {move: 1}",
    }
    return {term: reasons[term] for term, counts in used.items() if not counts}


def _prefers(preferences: Iterable[Preference]) -> bool:
    """Whether any price in them is above 0."""
    return any(
        any(preference.nodes.values()) or any(any(prices.values()) for prices in preference.labels.values())
        for preference in preferences
    )

"""What makes an instance unusable, wherever it came from: names that lead nowhere, figures that contradict.

Paths are those of the file format, as if every chain were written in full.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from mosaico_place.errors import Fault, Path, name_fault, shown, unknown_name
from mosaico_place.instance import (
    DEFAULT_OBJECTIVE,
    DEVICE_RESOURCES,
    NODE_RESOURCES,
    Direction,
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
from mosaico_place.quantities import Dimension, format_quantity
from mosaico_place.rules import CostTerm
from mosaico_place.validate.chain import chain_faults, label_values, price_fault, weight_fault

RESERVED_KEYS = frozenset(
    {
        *NODE_RESOURCES,
        *DEVICE_RESOURCES,
        *("kind", "reserved", "gpus", "forwarding", "hand-over", "labels", "prices"),
        *("device", "processing", "bandwidth", "active"),
    }
)
"""Keys that may stand beside resources in the file, so that no resource may be called like them."""


Devices = Sequence[Mapping[str, int]]
"""What each device of the instance offers."""


def faults(instance: Instance) -> list[Fault]:
    """Everything that is wrong with an instance, part by part; empty if it can be solved."""
    name = name_fault(instance.name)
    devices = [device for node in instance.nodes.values() for device in node.devices.values()]
    return [
        *([Fault(("name",), name)] if name else ()),
        *_resource_faults(instance),
        *(fault for key, node in instance.nodes.items() for fault in _node_faults(instance, key, node)),
        *_link_faults(instance),
        *(fault for key, one in instance.functions.items() for fault in _function_faults(instance, key, one, devices)),
        *faults_of_chains(instance),
        *_price_faults(instance, instance.prices, ("prices",)),
        *_objective_faults(instance),
    ]


def faults_of_chains(instance: Instance) -> Iterator[Fault]:
    """Everything that is wrong with its chains."""
    labels = {label for node in instance.nodes.values() for label in node.labels}
    for key, chain in instance.chains.items():
        yield from chain_faults(instance, key, chain, labels)


def warnings(instance: Instance) -> list[Fault]:
    """What is allowed but probably not meant: terms that count nothing, label values that no node has."""
    return [*_idle_terms(instance), *label_values(instance)]


def _misnamed(key: str, name: str, path: Path) -> Iterator[Fault]:
    """A key that is no name, or that names something else than what it leads to."""
    if fault := name_fault(key):
        yield Fault(path, fault)
    elif key != name:
        yield Fault(path, f"stands under the name {shown(key)} but is called {shown(name)}")


def _resource_faults(instance: Instance) -> Iterator[Fault]:
    for name in instance.resources:
        if fault := name_fault(name):
            yield Fault(("resources", name), fault)
        elif name in RESERVED_KEYS:
            yield Fault(("resources", name), f"{shown(name)} is known already; choose another name")


def _amount_faults(
    amounts: Mapping[str, int], known: Mapping[str, Dimension], declared: Mapping[str, Dimension], path: Path
) -> Iterator[Fault]:
    """Amounts of unknown resources, and amounts below 0."""
    for resource, amount in amounts.items():
        if resource not in known and resource not in declared:
            yield unknown_name("resource", resource, (*known, *declared), (*path, resource))
        elif amount < 0:
            yield Fault((*path, resource), f"must not be negative, found {amount}")


def _node_faults(instance: Instance, key: str, node: Node) -> Iterator[Fault]:
    path: Path = ("infrastructure", "nodes", key)
    yield from _misnamed(key, node.name, path)
    yield from _amount_faults(node.capacity, NODE_RESOURCES, instance.resources, path)
    yield from _amount_faults(node.reserved, NODE_RESOURCES, instance.resources, (*path, "reserved"))
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
    for what, delay in (("forwarding", node.forwarding_ns), ("hand-over", node.hand_over_ns)):
        if delay < 0:
            yield Fault((*path, what), f"must not be negative, found {delay} ns")
    for label, value in node.labels.items():
        if fault := name_fault(label) or name_fault(value):
            yield Fault((*path, "labels", label), fault)
    yield from _price_faults(instance, node.prices, (*path, "prices"))


def _device_faults(instance: Instance, node: Node, path: Path) -> Iterator[Fault]:
    if node.devices and node.kind is not Kind.SERVER:
        yield Fault((*path, "gpus"), f"a node of kind {node.kind} has no GPUs; only a server has")
    for name, amounts in node.devices.items():
        here = (*path, "gpus", name)
        if fault := name_fault(name):
            yield Fault(here, fault)
        if "share" not in amounts:
            yield Fault(here, "needs a 'share': 1000 for a whole GPU")
        yield from _amount_faults(amounts, DEVICE_RESOURCES, instance.resources, here)


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
        yield from _price_faults(instance, link.prices, (*path, "prices"))


def _direction_faults(link: Link, path: Path) -> Iterator[Fault]:
    directions: Mapping[str, Direction] = {"forth": link.forth, "back": link.back}
    for name, direction in directions.items():
        figures = {
            "bandwidth": direction.bandwidth_bps,
            "latency": direction.latency_ns,
            "reserved": direction.reserved_bps,
        }
        negative = [what for what, figure in figures.items() if figure < 0]
        for what in negative:
            yield Fault((*path, what, name), f"must not be negative, found {figures[what]}")
        if not negative and direction.reserved_bps > direction.bandwidth_bps:
            taken = format_quantity(direction.reserved_bps, Dimension.RATE)
            there = format_quantity(direction.bandwidth_bps, Dimension.RATE)
            yield Fault((*path, "reserved", name), f"reserves {taken} of {there}, more than there is")


def _function_faults(instance: Instance, key: str, function: Function, devices: Devices) -> Iterator[Fault]:
    path: Path = ("functions", key)
    yield from _misnamed(key, function.name, path)
    if not function.implementations:
        yield Fault((*path, "implementations"), "needs at least one implementation: p4, vnf or gpu")
    for name, implementation in function.implementations.items():
        here = (*path, "implementations", name)
        yield from _misnamed(name, implementation.name, here)
        if name != implementation.level:
            yield Fault(here, f"is called {shown(name)} but runs at level {implementation.level}; call it like that")
        yield from _amount_faults(implementation.demand, NODE_RESOURCES, instance.resources, here)
        yield from _amount_faults(implementation.device, DEVICE_RESOURCES, instance.resources, (*here, "device"))
        if implementation.processing_ns < 0:
            yield Fault((*here, "processing"), f"must not be negative, found {implementation.processing_ns} ns")
        yield from _device_demand_faults(instance, implementation, devices, here)
    yield from _price_faults(instance, function.prices, (*path, "prices"))


def _device_demand_faults(
    instance: Instance, implementation: Implementation, devices: Devices, path: Path
) -> Iterator[Fault]:
    if implementation.level is not Level.GPU:
        if implementation.device:
            yield Fault((*path, "device"), "only an implementation at level gpu takes a device")
        return
    if not implementation.device:
        yield Fault((*path, "device"), "a GPU implementation takes something of a device, such as {share: 0.4}")
        return
    if not devices or any(_fits(implementation, device) for device in devices):
        return
    largest = {r: max(device.get(r, 0) for device in devices) for r in implementation.device}
    above = [r for r, amount in implementation.device.items() if amount > largest[r]]
    for resource in above:
        dimension = DEVICE_RESOURCES.get(resource) or instance.resources.get(resource)
        if dimension is not None:
            asked = format_quantity(implementation.device[resource], dimension)
            there = format_quantity(largest[resource], dimension)
            message = f"no GPU offers {asked} {resource}; the largest offers {there}"
            yield Fault((*path, "device", resource), message, missing=("device", resource))
    if not above:
        yield Fault((*path, "device"), "no single GPU offers all of this", missing=("device", ""))


def _fits(implementation: Implementation, device: Mapping[str, int]) -> bool:
    return all(device.get(resource, 0) >= amount for resource, amount in implementation.device.items())


def _price_faults(instance: Instance, prices: Prices, path: Path) -> Iterator[Fault]:
    known = (*NODE_RESOURCES, *instance.resources)
    for resource, price in prices.resources.items():
        if resource not in known:
            yield unknown_name("resource", resource, known, (*path, resource))
        yield from price_fault(price, (*path, resource))
    known = (*DEVICE_RESOURCES, *instance.resources)
    for resource, price in prices.device.items():
        if resource not in known:
            yield unknown_name("resource", resource, known, (*path, "device", resource))
        yield from price_fault(price, (*path, "device", resource))
    for what, single in (("bandwidth", prices.bandwidth), ("active", prices.active)):
        if single is not None:
            yield from price_fault(single, (*path, what))


def _objective_faults(instance: Instance) -> Iterator[Fault]:
    if not instance.objective:
        yield Fault(("objective",), "needs at least one level, such as {rejected: 1}")
    classes = {chain.class_name for chain in instance.chains.values() if chain.class_name is not None}
    for position, level in enumerate(instance.objective):
        path: Path = ("objective", position)
        if not level:
            yield Fault(path, "needs at least one term, such as rejected: 1")
        for term, weight in level.items():
            here = (*path, str(term))
            yield from weight_fault(weight, here)
            if term.class_name is None:
                continue
            if term.cost is not CostTerm.REJECTED:
                yield Fault(here, "only 'rejected' can be narrowed to a class")
            elif term.class_name not in classes:
                yield unknown_name("class", term.class_name, sorted(classes), here)


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
        CostTerm.RESOURCES: any(any(p.resources.values()) or any(p.device.values()) for p in everywhere),
        CostTerm.LINKS: any(p.bandwidth for p in (instance.prices, *(link.prices for link in instance.links))),
        CostTerm.ACTIVE: any(p.active for p in infrastructure),
        CostTerm.PREFERENCE: any(_prefers(chain.preference.values()) for chain in chains),
    }
    reasons = {
        CostTerm.LATENCY: "no latency budget has a 'target'",
        CostTerm.RESOURCES: "no resource has a price; give for example prices: {cpu: 1}",
        CostTerm.LINKS: "bandwidth has no price; give for example prices: {bandwidth: 1 per Gbps}",
        CostTerm.ACTIVE: "no node has a price; give for example prices: {active: 1}",
        CostTerm.PREFERENCE: "no chain has a 'preference' with a price above 0",
    }
    return {term: reasons[term] for term, counts in used.items() if not counts}


def _prefers(preferences: Iterable[Preference]) -> bool:
    """Whether any price in them is above 0."""
    return any(
        any(preference.nodes.values()) or any(any(prices.values()) for prices in preference.labels.values())
        for preference in preferences
    )

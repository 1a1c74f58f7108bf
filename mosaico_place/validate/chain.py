"""What makes a chain unusable: see :mod:`mosaico_place.validate`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from fractions import Fraction

from mosaico_place.errors import Fault, Path, name_fault, shown, suggestion, unknown_name
from mosaico_place.instance import Budget, Chain, Component, Flow, Group, Instance, Preference, Where
from mosaico_place.validate.flow import copy_faults, per_hop_faults, rewrite_faults

LARGEST = 10**12
"""A weight or price above it would drown everything else in a solver's floating-point numbers."""
SMALLEST = Fraction(1, 10**12)
"""A weight below it would be drowned."""


def weight_fault(weight: Fraction, path: Path) -> Iterator[Fault]:
    """A weight that is not above 0, or beyond what a solver can tell apart."""
    if weight <= 0:
        yield Fault(path, "a weight must be above 0")
    elif not SMALLEST <= weight <= LARGEST:
        yield Fault(path, "a weight lies between 1e-12 and 1e12")


def price_fault(price: Fraction, path: Path) -> Iterator[Fault]:
    """A price that is negative, or beyond what a solver can tell apart."""
    if price < 0:
        yield Fault(path, "a price must not be negative")
    elif price > LARGEST:
        yield Fault(path, "a price must not be above 1e12")


def chain_faults(instance: Instance, key: str, chain: Chain, labels: Collection[str]) -> Iterator[Fault]:
    """Everything that is wrong with one chain.

    Args:
        instance: where it belongs to.
        key: name under which it stands there.
        chain: the chain.
        labels: all that some node has.
    """
    path: Path = ("chains", key)
    if fault := name_fault(key):
        yield Fault(path, fault)
    elif key != chain.name:
        yield Fault(path, f"stands under the name {shown(key)} but is called {shown(chain.name)}")
    yield from weight_fault(chain.weight, (*path, "weight"))
    if chain.class_name is not None and (name_fault(chain.class_name) or any(c.isspace() for c in chain.class_name)):
        yield Fault((*path, "class"), f"a class is one word, found {shown(chain.class_name)}")
    if not chain.components:
        yield Fault((*path, "components"), "needs at least one component")
    for name, component in chain.components.items():
        yield from _component_faults(instance, name, component, (*path, "components", name))
    yield from _flow_faults(chain, path)
    for position, flow in enumerate(chain.flows):
        here = (*path, "flows", position)
        yield from copy_faults(chain, flow, here) if flow.copy_of is not None else ()
        yield from per_hop_faults(instance, flow, here)
    yield from _budget_faults(chain, path)
    for rule in ("together", "apart"):
        groups: tuple[Group, ...] = getattr(chain, rule)
        for position, group in enumerate(groups):
            yield from _group_faults(chain, group, labels, (*path, rule, position))
    yield from _where_faults(instance, chain, labels, path)
    yield from rewrite_faults(chain, path)


def _component_faults(instance: Instance, key: str, component: Component, path: Path) -> Iterator[Fault]:
    if fault := name_fault(key):
        yield Fault(path, fault)
    elif key != component.name:
        yield Fault(path, f"stands under the name {shown(key)} but is called {shown(component.name)}")
    if (component.function is None) == (component.at is None):
        yield Fault(path, "either runs a function or is an endpoint at a node")
    if component.function is not None and component.function not in instance.functions:
        yield unknown_name("function", component.function, instance.functions, (*path, "function"))
    if component.at is not None and component.at not in instance.nodes:
        yield unknown_name("node", component.at, instance.nodes, (*path, "at"))
    shared = component.function in instance.functions and instance.functions[component.function or ""].shared
    if component.private and not shared and (component.function is None or component.function in instance.functions):
        message = "only a component of a shared function can have an instance to itself"
        missing = None if component.function is None else ("function", component.function)
        yield Fault((*path, "private"), message, missing=missing)
    if not component.movable and component.at is not None:
        yield Fault((*path, "movable"), "an endpoint never moves; drop 'movable'")
    if component.processing_ns < 0:
        yield Fault((*path, "processing"), f"must not be negative, found {component.processing_ns} ns")
    elif component.processing_ns and component.function is not None:
        message = "'processing' is for endpoints; a function's stands in its implementations"
        yield Fault((*path, "processing"), message)


def _unknown_ends(chain: Chain, tail: str, head: str, path: Path) -> list[Fault]:
    return [
        unknown_name("component", name, chain.components, (*path, key))
        for key, name in (("from", tail), ("to", head))
        if name not in chain.components
    ]


def _flow_faults(chain: Chain, path: Path) -> Iterator[Fault]:
    first: dict[tuple[str, str], int] = {}
    sound = True
    for position, flow in enumerate(chain.flows):
        here = (*path, "flows", position)
        found = _unknown_ends(chain, flow.tail, flow.head, here)
        if flow.copy_of is not None:  # what it copies is looked at apart
            found = [fault for fault in found if fault.path[-1] != "from"]
        if flow.burst_bytes < 0:
            found.append(Fault((*here, "burst"), f"must not be negative, found {flow.burst_bytes} bytes"))
        if flow.rate_bps < 0:
            found.append(Fault((*here, "rate"), f"must not be negative, found {flow.rate_bps} bit/s"))
        if flow.tail == flow.head:
            found.append(Fault(here, f"leads from {shown(flow.tail)} to itself"))
        elif flow.ends in first:
            message = f"goes from {shown(flow.tail)} to {shown(flow.head)} like flow {first[flow.ends] + 1} of the list"
            found.append(Fault(here, f"{message}; add up their rates"))
        first.setdefault(flow.ends, position)
        sound = sound and not found
        yield from found
    circle = _circle(chain.flows) if sound else []
    if circle:
        position = first[circle[-2], circle[-1]]
        message = f"closes a circle: {' -> '.join(circle)}; flows must not lead back to where they came from"
        yield Fault((*path, "flows", position), message)


def _next(flows: Iterable[Flow]) -> dict[str, list[str]]:
    heads: dict[str, list[str]] = {}
    for flow in flows:
        heads.setdefault(flow.tail, []).append(flow.head)
    return heads


def _circle(flows: tuple[Flow, ...]) -> list[str]:
    """The first circle met when the flows are added one by one, its last step the flow that closes it; or []."""
    heads = _next(flows)
    done: set[str] = set()
    for start in heads:
        trail: list[str] = []
        pending = [(start, iter(heads.get(start, ())))]
        while pending:
            name, rest = pending[-1]
            if not trail or trail[-1] != name:
                trail.append(name)
            following = next((head for head in rest if head not in done), None)
            if following is None:
                done.add(name)
                pending.pop()
                trail.pop()
            elif following in trail:
                return [*trail[trail.index(following) :], following]
            else:
                pending.append((following, iter(heads.get(following, ()))))
    return []


def _budget_faults(chain: Chain, path: Path) -> Iterator[Fault]:
    sound = all(end in chain.components for flow in chain.flows for end in flow.ends)
    heads = _next(chain.flows)
    for position, budget in enumerate(chain.budgets):
        here = (*path, "latency", position)
        found = _unknown_ends(chain, budget.tail, budget.head, here)
        if sound and not found and not _leads(heads, budget.tail, budget.head):
            yield Fault((*here, "to"), f"no flows lead from {shown(budget.tail)} to {shown(budget.head)}")
        yield from found
        yield from _limit_faults(budget, here)


def _leads(heads: Mapping[str, list[str]], tail: str, head: str) -> bool:
    seen, pending = {tail}, [tail]
    while pending:
        for following in heads.get(pending.pop(), ()):
            if following not in seen:
                seen.add(following)
                pending.append(following)
    return head in seen


def _limit_faults(budget: Budget, path: Path) -> Iterator[Fault]:
    within, target = budget.within_ns, budget.target_ns
    if within is None and target is None:
        yield Fault(path, "needs 'within' (a hard limit), 'target' (a soft one) or both")
    for key, limit in (("within", within), ("target", target)):
        if limit is not None and limit < 0:
            yield Fault((*path, key), f"must not be negative, found {limit} ns")
    if within is not None and target is not None and target > within:
        yield Fault((*path, "target"), "the soft target lies above the hard limit 'within'")


def _group_faults(chain: Chain, group: Group, labels: Collection[str], path: Path) -> Iterator[Fault]:
    for position, name in enumerate(group.components):
        here = (*path, "components", position)
        if name not in chain.components:
            yield unknown_name("component", name, chain.components, here)
        elif name in group.components[:position]:
            yield Fault(here, f"names {shown(name)} twice")
    if len(group.components) < 2:
        yield Fault(path, "needs at least two components")
    if group.by is not None:
        yield from _label_faults(labels, group.by, (*path, "by"))


def _label_faults(labels: Collection[str], label: str, path: Path) -> Iterator[Fault]:
    if label not in labels:
        yield unknown_name("label", label, sorted(labels), path)


def _where_faults(instance: Instance, chain: Chain, labels: Collection[str], path: Path) -> Iterator[Fault]:
    rules: Mapping[str, Mapping[str, Where | Preference]] = {
        "only": chain.only,
        "never": chain.never,
        "preference": chain.preference,
    }
    for rule, by_component in rules.items():
        for name, where in by_component.items():
            here = (*path, rule, name)
            if name not in chain.components:
                yield unknown_name("component", name, chain.components, here)
            elif chain.components[name].function is None:
                yield Fault(here, f"{shown(name)} is an endpoint, whose node is given")
            if isinstance(where, Where):
                yield from _set_faults(instance, where, labels, here)
            else:
                yield from _preference_faults(instance, where, labels, here)


def _set_faults(instance: Instance, where: Where, labels: Collection[str], path: Path) -> Iterator[Fault]:
    if bool(where.nodes) == bool(where.labels):
        yield Fault(path, "needs one or more nodes, or labels with their values")
    for position, node in enumerate(where.nodes):
        if node not in instance.nodes:
            yield unknown_name("node", node, instance.nodes, (*path, position))
    for label, values in where.labels.items():
        yield from _label_faults(labels, label, (*path, label))
        if not values:
            yield Fault((*path, label), "needs at least one value")
        yield from (Fault((*path, label), fault) for value in values if (fault := name_fault(value)))


def _preference_faults(
    instance: Instance, preference: Preference, labels: Collection[str], path: Path
) -> Iterator[Fault]:
    for node, price in preference.nodes.items():
        if node not in instance.nodes:
            yield unknown_name("node", node, instance.nodes, (*path, node))
        yield from price_fault(price, (*path, node))
    for label, prices in preference.labels.items():
        if label in preference.nodes:
            yield Fault((*path, label), f"{shown(label)} is the name of a node and of a label; rename one of them")
        yield from _label_faults(labels, label, (*path, label))
        for value, price in prices.items():
            if fault := name_fault(value):
                yield Fault((*path, label, value), fault)
            yield from price_fault(price, (*path, label, value))


def label_values(instance: Instance) -> Iterator[Fault]:
    """Values of a label that no node has, in ``only``, ``never`` and ``preference``: warnings.

    No faults, because a node that has the value may have left the instance, or may be yet to come.
    """
    known: dict[str, set[str]] = {}
    for node in instance.nodes.values():
        for label, value in node.labels.items():
            known.setdefault(label, set()).add(value)
    for name, chain in instance.chains.items():
        rules: Mapping[str, Mapping[str, Where | Preference]] = {
            "only": chain.only,
            "never": chain.never,
            "preference": chain.preference,
        }
        for rule, by_component in rules.items():
            for component, where in by_component.items():
                for label, values in where.labels.items():
                    for value in values:
                        if value not in known.get(label, ()):
                            meant = suggestion(value, sorted(known.get(label, ())))
                            ending = f", did you mean '{meant}'?" if meant else ""
                            message = f"no node has {label} {shown(value)}{ending}"
                            yield Fault(("chains", name, rule, component, label), message)

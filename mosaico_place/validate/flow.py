"""What makes per-hop functions, copies and rewrites of a chain unusable: see :mod:`mosaico_place.validate`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from mosaico_place.errors import Fault, Path, shown, unknown_name
from mosaico_place.instance import Chain, Flow, Independent, Instance, Level


def per_hop_faults(instance: Instance, flow: Flow, path: Path) -> Iterator[Fault]:
    """Per-hop functions that do not exist or cannot run in a switch, and words that need one."""
    for position, name in enumerate(flow.per_hop):
        here = (*path, "per-hop", position)
        if name in flow.per_hop[:position]:
            yield Fault(here, f"names {shown(name)} twice")
        elif name not in instance.functions:
            yield unknown_name("function", name, instance.functions, here)
        elif not any(one.level is Level.P4 for one in instance.functions[name].implementations.values()):
            message = f"{shown(name)} has no implementation at level p4, so no switch can run it"
            yield Fault(here, message, missing=("function", name))
    if flow.copy_of is not None and flow.per_hop:
        yield Fault((*path, "per-hop"), "a copy is served with its flow as long as it follows it, and not after that")
    for word, said in (("strict", flow.strict and flow.copy_of is None), ("private", flow.private)):
        if said and not flow.per_hop:
            yield Fault((*path, word), f"{word!r} speaks of the functions under 'per-hop', and there are none")


def copy_faults(chain: Chain, flow: Flow, path: Path) -> Iterator[Fault]:
    """A copy of what is no flow, of itself or of another copy."""
    assert flow.copy_of is not None, "called for copies only"
    here = (*path, "copy-of")
    tail, head = flow.copy_of
    host = next((other for other in chain.flows if other.ends == flow.copy_of), None)
    unknown = [end for end in (("from", tail), ("to", head)) if end[1] not in chain.components]
    for word, name in unknown:
        yield unknown_name("component", name, chain.components, (*here, word))
    if flow.copy_of == flow.ends and not unknown:
        yield Fault(here, "copies itself; a copy enters another component than its flow")
    elif host is None and not unknown:
        yield Fault(here, f"no flow leads from {shown(tail)} to {shown(head)}")
    elif host is not None and host.copy_of is not None and not unknown:
        yield Fault(here, f"the flow from {shown(tail)} to {shown(head)} is a copy itself; copy what that one copies")
    if flow.tail != tail:
        yield Fault(here, f"a copy leaves the component that its flow leaves: {shown(tail)}, not {shown(flow.tail)}")


def rewrite_faults(chain: Chain, path: Path) -> Iterator[Fault]:
    """Groups of components that cannot be merged, or cannot run in parallel."""
    groups = [("equivalent", list(chain.equivalent)), ("independent", [part.components for part in chain.independent])]
    for word, several in groups:
        seen: set[str] = set()
        for position, group in enumerate(several):
            here: Path = (*path, word, position) if word == "equivalent" else (*path, word, position, "components")
            yield from _member_faults(chain, group, seen, here)
            seen |= set(group)
    for position, part in enumerate(chain.independent):
        if part.join_ns < 0:
            yield Fault((*path, "independent", position, "join"), f"must not be negative, found {part.join_ns} ns")
        running = {name for name in part.components if name in chain.components and chain.components[name].function}
        if len(running) == len(part.components):
            yield from _line_faults(chain, part, path, position)


def _member_faults(chain: Chain, group: tuple[str, ...], seen: set[str], path: Path) -> Iterator[Fault]:
    for position, name in enumerate(group):
        here = (*path, position)
        if name not in chain.components:
            yield unknown_name("component", name, chain.components, here)
        elif chain.components[name].function is None:
            yield Fault(here, f"{shown(name)} is an endpoint; only components that run a function can be named here")
        elif name in seen or name in group[:position]:
            yield Fault(here, f"{shown(name)} is named already; a component belongs to one group")
    if len(group) < 2:
        yield Fault(path, "needs at least two components")


def _line_faults(chain: Chain, part: Independent, path: Path, position: int) -> Iterator[Fault]:
    """Members that do not follow each other on a line, and budgets that begin or end between them."""
    here = (*path, "independent", position, "components")
    group = part.components
    for place, (one, other) in enumerate(pairwise(group)):
        leaving = [flow for flow in chain.flows if flow.tail == one]
        entering = [flow for flow in chain.flows if flow.head == other]
        if len(leaving) != 1 or leaving != entering:
            message = f"only consecutive components of a line can run in parallel, and {shown(one)} does not lead to "
            yield Fault((*here, place + 1), f"{message}{shown(other)} alone, or something else leads there")
        elif leaving[0].per_hop:
            message = f"the flow from {shown(one)} to {shown(other)} names per-hop functions, so they never run at once"
            yield Fault((*here, place + 1), message)
    for number, budget in enumerate(chain.budgets):
        for word, name, inner in (("from", budget.tail, group[1:]), ("to", budget.head, group[:-1])):
            if name in inner and budget.tail != budget.head:
                message = f"a budget goes over all of the independent components {', '.join(group)}, or none of them"
                yield Fault((*path, "latency", number, word), message)

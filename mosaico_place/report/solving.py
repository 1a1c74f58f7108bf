"""The answer of ``solve`` for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import Group, RenderableType
from rich.text import Text

from mosaico_place.instance import Instance
from mosaico_place.placement import ChainPlacement
from mosaico_place.quantities import Dimension
from mosaico_place.report.figures import UNKNOWN, in_percent, micros, plain, quantity
from mosaico_place.report.objective import objective
from mosaico_place.report.tables import new_table, titled
from mosaico_place.report.words import ENDINGS, counted
from mosaico_place.result import Result, Termination, Use

_CHAINS_IN_FULL = 12
_BUDGETS = 60
_REASONS = 20
_REJECTED = 20
_MOST_USED = 10
_OPENED = 20
_REWRITES = 12


def solved(result: Result, instance: Instance) -> RenderableType:
    """The answer of ``solve``."""
    if result.placement is None:
        return Group(*_headline(result), *_rejected(result, "Cannot be accepted"))
    return Group(
        *_headline(result),
        *objective(result.levels, instance, result.terms),
        *_chains(result),
        *_spots(result.placement.chains),
        *_paths(result.placement.chains),
        *_opened(result, instance),
        *_rewrites(result.placement.chains),
        *_rejected(result),
        *_most_used(result, instance),
        Text("\nchecked: all rules kept", style="green"),
    )


def _headline(result: Result) -> Iterator[RenderableType]:
    ending = ENDINGS[result.termination]
    if result.placement is None and result.termination is not Termination.INFEASIBLE:
        ending += ", nothing found"
    yield Text(f"{result.instance}: {ending}", style="bold" if result.placement else "bold red")
    line = f"method {result.method}, {sum(result.runtime_s.values()):.2f} s"
    if result.placement is not None:
        chains = len(result.accepted) + len(result.rejected)
        line += f"; {len(result.accepted)} of {counted(chains, 'chain')} accepted"
        line += f", weight {plain(result.accepted_weight)} of at most {plain(result.accepted_weight_bound)}"
    yield Text(line.removesuffix(f" of at most {UNKNOWN}"))
    if result.method_why:
        yield Text(f"{result.method} ({result.method_why})", style="dim")


def _chains(result: Result) -> Iterator[RenderableType]:
    """One row per latency budget of every accepted chain."""
    table = new_table("chain", "latency of", ">actual", ">within", ">target")
    rows = [(name, budget) for name in result.accepted for budget in result.budgets.get(name, ()) or (None,)]
    for name, budget in rows[:_BUDGETS]:
        if budget is None:
            table.add_row(name, "", UNKNOWN, UNKNOWN, UNKNOWN)
            continue
        late = budget.target_us is not None and budget.actual_us > budget.target_us
        actual = Text(micros(budget.actual_us), style="yellow" if late else "")
        ends = f"{budget.tail} → {budget.head}"
        table.add_row(name, ends, actual, micros(budget.within_us), micros(budget.target_us))
    if rows:
        yield from titled("Accepted", table, len(rows) - _BUDGETS)


def _spots(chains: Mapping[str, ChainPlacement]) -> Iterator[RenderableType]:
    """Where every component stands; a line per chain where there are many."""
    if len(chains) > _CHAINS_IN_FULL:
        yield from _many_spots(chains)
        return
    table = new_table("chain", "component", "node", "runs as")
    for name, chain in chains.items():
        for number, (component, spot) in enumerate(chain.components.items()):
            runs = spot.implementation + (f" on {', '.join(spot.devices)}" if spot.devices else "")
            table.add_row("" if number else name, component, spot.node, runs)
    if table.row_count:
        yield from titled("Placement", table)


def _many_spots(chains: Mapping[str, ChainPlacement]) -> Iterator[RenderableType]:
    table = new_table("chain", "components by node")
    for name in list(chains)[:_CHAINS_IN_FULL]:
        hosts: dict[str, list[str]] = {}
        for component, spot in chains[name].components.items():
            hosts.setdefault(spot.node, []).append(component)
        table.add_row(name, "; ".join(f"{node}: {', '.join(names)}" for node, names in hosts.items()))
    yield from titled("Placement", table, len(chains) - _CHAINS_IN_FULL)


def _paths(chains: Mapping[str, ChainPlacement]) -> Iterator[RenderableType]:
    """The way of every flow that leaves its node, unless that fills pages."""
    table = new_table("chain", "flow", "path")
    for name, chain in chains.items() if len(chains) <= _CHAINS_IN_FULL else ():
        crossing = {ends: path for ends, path in chain.flows.items() if len(path) > 1}
        for number, ((tail, head), path) in enumerate(crossing.items()):
            table.add_row("" if number else name, f"{tail} → {head}", " → ".join(path))
    if table.row_count:
        yield from titled("Paths", table)


def _opened(result: Result, instance: Instance) -> Iterator[RenderableType]:
    """What is opened of shared functions, and how full it is."""
    assert result.placement is not None, "called for answers only"
    table = new_table("node", "opened", ">instances", ">load", ">of")
    for opening, count in list(result.placement.instances.items())[:_OPENED]:
        carries = instance.functions[opening.function].implementations[opening.implementation].capacity_bps
        load = quantity(result.loads.get(opening, 0), Dimension.RATE)
        limit = UNKNOWN if carries is None else quantity(count * carries, Dimension.RATE)
        table.add_row(opening.node, f"{opening.function} {opening.implementation}", str(count), load, limit)
    if table.row_count:
        yield from titled("Opened", table, len(result.placement.instances) - _OPENED)


def _rewrites(chains: Mapping[str, ChainPlacement]) -> Iterator[RenderableType]:
    """What is merged, and what runs in parallel."""
    rows = [
        (name, what, ", ".join(group))
        for name, chain in chains.items()
        for what, groups in (("merged", chain.merged), ("parallel", chain.parallel))
        for group in groups
    ]
    table = new_table("chain", "rewrite", "components")
    for row in rows[:_REWRITES]:
        table.add_row(*row)
    if rows:
        yield from titled("Rewrites", table, len(rows) - _REWRITES)


def _rejected(result: Result, title: str = "Rejected") -> Iterator[RenderableType]:
    """A row per reason: where many chains are rejected, few differ in why."""
    chains: dict[str, list[str]] = {}
    for rejection in result.rejected:
        chains.setdefault(rejection.why, []).append(rejection.chain)
    table = new_table("chain", "why")
    for why, names in list(chains.items())[:_REASONS]:
        more = f" and {len(names) - _REJECTED} more" if len(names) > _REJECTED else ""
        table.add_row(", ".join(names[:_REJECTED]) + more, why)
    if chains:
        yield from titled(title, table, len(chains) - _REASONS)


def _most_used(result: Result, instance: Instance) -> Iterator[RenderableType]:
    """The resources and link directions that are fullest."""
    rows = sorted(_uses(result, instance), key=lambda row: -_share(row[2]))
    table = new_table("where", "resource", ">used", ">capacity", ">share")
    for where, resource, use, dimension in rows[:_MOST_USED]:
        used = quantity(use.used, dimension)
        if use.reserved:
            used += f" + {quantity(use.reserved, dimension)} reserved"
        table.add_row(where, resource, used, quantity(use.capacity, dimension), in_percent(_share(use)))
    if rows:
        yield from titled("Most used", table, len(rows) - _MOST_USED)


def _uses(result: Result, instance: Instance) -> Iterator[tuple[str, str, Use, Dimension]]:
    """(where, resource, use, dimension) of everything that the placement uses."""
    for node, uses in result.nodes.items():
        for resource, use in uses.items():
            if use.used:
                yield node, resource, use, instance.dimension(resource)
    for node, devices in result.devices.items():
        for device, uses in devices.items():
            for resource, use in uses.items():
                if use.used:
                    yield f"{node} {device}", resource, use, instance.device_dimension(resource)
    for link in result.links:
        if link.used_bps:
            use = Use(link.used_bps, link.bandwidth_bps, link.reserved_bps)
            yield f"{link.tail} → {link.head}", "bandwidth", use, Dimension.RATE


def _share(use: Use) -> float:
    return (use.used + use.reserved) / use.capacity if use.capacity else 0.0

"""Answers for people: short tables, at most 100 columns wide.

Nothing here prints: each function returns what to show, and :func:`text` makes it the characters for stdout.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mosaico_place.costing import Cost
from mosaico_place.explanation import CapacityAdvice, CapacityGain, Explanation, Verdict
from mosaico_place.instance import Instance
from mosaico_place.placement import ChainPlacement
from mosaico_place.quantities import Dimension, decimal_text
from mosaico_place.result import LevelResult, Result, Termination, Use, Violation
from mosaico_place.scenario import Scenario
from mosaico_place.usage import dimension_of

_WIDEST = 100
_WITHOUT_TERMINAL = 80
_CHAINS_IN_FULL = 12
_BUDGETS = 60
_REASONS = 20
_REJECTED = 20
_MOST_USED = 10
_OPENED = 20
_REWRITES = 12
_UNKNOWN = "-"

_ENDINGS = {
    Termination.OPTIMAL: "optimal, proven best on every level",
    Termination.GAP: "within the gap that was asked for, on every level",
    Termination.TIME_LIMIT: "stopped at the time limit",
    Termination.ITERATION_LIMIT: "stopped at the iteration limit",
    Termination.MEMORY_LIMIT: "stopped at the memory limit",
    Termination.INFEASIBLE: "infeasible, it is proven that no placement keeps all rules",
    Termination.INTERRUPTED: "interrupted",
    Termination.HEURISTIC: "the method ended by itself and proves nothing",
}

_VERDICTS = {
    Verdict.CONFIRMED: ("confirmed", "level 1 gets better than any placement without the growth can be"),
    Verdict.BETTER: ("better found", "one as good without the growth is not ruled out"),
    Verdict.NO_GAIN: ("no gain", "it is proven that this growth alone gains nothing"),
    Verdict.NOT_CONFIRMED: ("not confirmed", "nothing better was found within the limits, nothing is proven"),
    Verdict.NOT_CHECKED: ("not checked", "the limits struck before it was solved again"),
}

_UNITS: Mapping[Dimension, Sequence[tuple[float, str]]] = {
    Dimension.TIME: ((1, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns")),
    Dimension.RATE: ((1e12, "Tbps"), (1e9, "Gbps"), (1e6, "Mbps"), (1e3, "kbps"), (1, "bps")),
    Dimension.BYTES: ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B")),
}


def text(content: RenderableType) -> str:
    """The content as written to stdout: as wide as its terminal, with colours only where they are seen."""
    terminal = sys.stdout.isatty()
    width = min(shutil.get_terminal_size().columns, _WIDEST) if terminal else _WITHOUT_TERMINAL
    # Names come from the user: without this "[red]" or ":smile:" in one would be taken for markup.
    console = Console(width=width, markup=False, emoji=False, highlight=False)
    with console.capture() as capture:
        console.print(content)
    return "\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n"


def solved(result: Result, instance: Instance) -> RenderableType:
    """The answer of ``solve``."""
    if result.placement is None:
        return Group(*_headline(result), *_rejected(result, "Cannot be accepted"))
    return Group(
        *_headline(result),
        *_objective(result.levels, instance, result.terms),
        *_chains(result),
        *_spots(result.placement.chains),
        *_paths(result.placement.chains),
        *_opened(result, instance),
        *_rewrites(result.placement.chains),
        *_rejected(result),
        *_most_used(result, instance),
        Text("\nchecked: all rules kept", style="green"),
    )


def checked(instance: Instance, violations: Sequence[Violation], total: Cost) -> RenderableType:
    """The answer of ``check``."""
    terms = {str(term): float(value) for term, value in total.terms.items()}
    levels = [
        LevelResult({str(term): terms[str(term)] for term in level}, float(value), None, None)
        for level, value in zip(instance.objective, total.levels, strict=True)
    ]
    costs = tuple(_objective(levels, instance, terms))
    if not violations:
        return Group(Text(f"{instance.name}: no rule broken", style="bold green"), *costs)
    table = new_table("rule", "where", "what is wrong")
    for violation in violations:
        table.add_row(violation.rule, violation.where, violation.message)
    headline = Text(f"{instance.name}: {counted(len(violations), 'violation')}", style="bold red")
    return Group(headline, *titled("Violations", table), *costs)


def explained(explanation: Explanation) -> RenderableType:
    """The answer of ``explain``."""
    if not explanation.chains:
        return Text(f"{explanation.instance}: every chain is accepted, there is nothing to explain")
    parts: list[RenderableType] = []
    for entry in explanation.chains:
        names = ", ".join(entry.chains)
        if entry.accepted:
            parts.append(Text(f"{names}: is accepted, there is nothing to explain"))
            continue
        verb = "is" if len(entry.chains) == 1 else "are"
        parts.append(Text(f"{names}: {verb} not accepted, because", style="bold"))
        parts += [Padding(Text(f"- {reason.message}"), (0, 0, 0, 2)) for reason in entry.reasons]
    return Group(*parts)


def advised(advice: CapacityAdvice, instance: Instance) -> RenderableType:
    """The answer of ``explain --capacity``."""
    if advice.value is None:
        infeasible = advice.termination is Termination.INFEASIBLE
        hint = "; without --capacity, explain says what must grow" if infeasible else ""
        told = f"{advice.instance}: no placement to compare with: {_ENDINGS[advice.termination]}{hint}"
        return Text(told, style="bold red")
    terms = " + ".join(weighted(weight, str(term)) for term, weight in instance.objective[0].items())
    proof = "" if advice.bound is None else f", at least {plain(advice.bound)}"
    headline = Text(f"{advice.instance}: level 1 ({terms}) is {plain(advice.value)}{proof}", style="bold")
    if advice.limited is False:
        return Group(headline, Text("no capacity limits it: there is nothing left to gain"))
    if not advice.gains:
        says = "no capacity has a price: by the prices, more of any gains nothing"
        return Group(headline, Text(f"{says}; without --capacity, explain says why chains are rejected"))
    proven = all(plain(gain.value) == plain(gain.bound) for gain in advice.gains)
    table = new_table("more of", "", ">by", ">of", ">promised", ">level 1", *(() if proven else (">bound",)), "verdict")
    for gain in advice.gains:
        *cells, value, bound, verdict = _gain(gain, instance)
        table.add_row(*cells, value, *(() if proven else (bound,)), verdict)
    notes = [": ".join(_VERDICTS[each]) for each in Verdict if any(gain.verdict is each for gain in advice.gains)]
    notes.append("promised: by the shadow prices, which count parts of chains; level 1: when solved again")
    return Group(headline, Text(), table, Text(), *(Text(note, style="dim") for note in notes))


def _gain(gain: CapacityGain, instance: Instance) -> Iterator[str]:
    """A row of the capacities."""
    kind, *rest = gain.capacity
    dimension = dimension_of(instance, gain.capacity)
    yield " → ".join(rest) if kind == "link" else " ".join(rest[:-1])
    yield "bandwidth" if kind == "link" else rest[-1]
    yield quantity(gain.by / dimension.scale, dimension)
    yield quantity(gain.of / dimension.scale, dimension)
    yield f"{gain.promised:.2g}"
    yield plain(gain.value)
    yield plain(gain.bound)
    yield _VERDICTS[gain.verdict][0]


def valid(file: str, found: Instance | Scenario) -> str:
    """The line of ``validate`` for a file without faults."""
    if isinstance(found, Scenario):
        last = found.events[-1].at_ns if found.events else 0
        events = f"{counted(len(found.events), 'event')} in {quantity(last / 10**9, Dimension.TIME)}"
        return f"{file}: ok ({found.name}: {events} on {found.instance.name})\n"
    instance = found
    counts = (
        counted(len(instance.nodes), "node"),
        counted(len(instance.links), "link"),
        counted(len(instance.functions), "function"),
        counted(len(instance.chains), "chain"),
    )
    return f"{file}: ok ({instance.name}: {', '.join(counts)})\n"


def quantity(amount: float, dimension: Dimension) -> str:
    """An amount of base units for the eye, in three digits.

    >>> quantity(0.021, Dimension.TIME), quantity(1e10, Dimension.RATE), quantity(2**37, Dimension.BYTES)
    ('21.0 ms', '10 Gbps', '128 GiB')
    """
    if dimension not in _UNITS:
        return _short(_digits(amount))
    if not amount:
        return "0"
    units = _UNITS[dimension]
    # 0.9995 of a unit already reads as 1 of it.
    size, unit = next((each for each in units if abs(amount) >= 0.9995 * each[0]), units[-1])
    digits = _digits(amount / size)
    return f"{digits if dimension is Dimension.TIME else _short(digits)} {unit}"


def _digits(number: float) -> str:
    """Three digits, more where there are more before the point."""
    before = len(str(int(abs(number))))
    return f"{number:.{max(0, 3 - before)}f}" if abs(number) >= 0.995 else f"{number:.3g}"


def _short(digits: str) -> str:
    """Without zeros behind the point; only times keep them, since they stand below each other."""
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _headline(result: Result) -> Iterator[RenderableType]:
    ending = _ENDINGS[result.termination]
    if result.placement is None and result.termination is not Termination.INFEASIBLE:
        ending += ", nothing found"
    yield Text(f"{result.instance}: {ending}", style="bold" if result.placement else "bold red")
    line = f"method {result.method}, {sum(result.runtime_s.values()):.2f} s"
    if result.placement is not None:
        chains = len(result.accepted) + len(result.rejected)
        line += f"; {len(result.accepted)} of {counted(chains, 'chain')} accepted"
        line += f", weight {plain(result.accepted_weight)} of at most {plain(result.accepted_weight_bound)}"
    yield Text(line.removesuffix(f" of at most {_UNKNOWN}"))
    if result.method_why:
        yield Text(f"{result.method}, since {result.method_why}", style="dim")


def _objective(
    levels: Sequence[LevelResult], instance: Instance, terms: Mapping[str, float]
) -> Iterator[RenderableType]:
    """One row per level, below it one per term where several are added up, then what no level names."""
    proven = any(level.bound is not None for level in levels)
    table = new_table(">level", "terms", ">value", *((">bound", ">gap") if proven else ()))
    named: set[str] = set()
    for number, (level, weights) in enumerate(zip(levels, instance.objective, strict=True), start=1):
        sums = [weighted(weight, str(term)) for term, weight in weights.items()]
        proof = (plain(level.bound), in_percent(level.gap)) if proven else ()
        table.add_row(str(number), " + ".join(sums), plain(level.value), *proof)
        named.update(level.terms)
        for term, value in level.terms.items() if len(sums) > 1 else ():
            table.add_row("", f"  {term}", f"({plain(value)})", style="dim")
    for term, value in terms.items():
        if term not in named and value:
            table.add_row("", f"{term}, in no level", f"({plain(value)})", style="dim")
    yield from titled("Objective", table)


def weighted(weight: Fraction, term: str) -> str:
    """A term of a level, with its weight unless that is 1."""
    return term if weight == 1 else f"{decimal_text(weight)} x {term}"


def _chains(result: Result) -> Iterator[RenderableType]:
    """One row per latency budget of every accepted chain."""
    table = new_table("chain", "latency of", ">actual", ">within", ">target")
    rows = [(name, budget) for name in result.accepted for budget in result.budgets.get(name, ()) or (None,)]
    for name, budget in rows[:_BUDGETS]:
        if budget is None:
            table.add_row(name, "", _UNKNOWN, _UNKNOWN, _UNKNOWN)
            continue
        late = budget.target_us is not None and budget.actual_us > budget.target_us
        actual = Text(_micros(budget.actual_us), style="yellow" if late else "")
        ends = f"{budget.tail} → {budget.head}"
        table.add_row(name, ends, actual, _micros(budget.within_us), _micros(budget.target_us))
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
            runs = spot.implementation + (f" on {spot.device}" if spot.device is not None else "")
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
        limit = _UNKNOWN if carries is None else quantity(count * carries, Dimension.RATE)
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


def titled(title: str, table: Table, more: int = 0, where: str = "--json") -> Iterator[RenderableType]:
    """A table under its title; ``more`` rows are left out, which ``where`` has."""
    yield Text(f"\n{title}", style="bold")
    yield table
    if more > 0:
        yield Text(f" ... and {more} more; {where} shows them all", style="dim")


def new_table(*headers: str) -> Table:
    """A table without frame; ``>`` before a header aligns its column to the right."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="dim")
    for header in headers:
        right = header.startswith(">")
        table.add_column(header.lstrip(">"), justify="right" if right else "left", overflow="fold")
    return table


def _micros(amount_us: float | None) -> str:
    return _UNKNOWN if amount_us is None else quantity(amount_us / 1e6, Dimension.TIME)


def plain(number: float | None) -> str:
    """A figure of a level or term."""
    if number is None:
        return _UNKNOWN
    return f"{number:.6g}" if abs(number) < 1e6 else f"{number:.0f}"


def in_percent(share: float | None) -> str:
    """A share of 1."""
    return _UNKNOWN if share is None else f"{100 * share:.{2 if share < 0.995 else 4}g} %"


def counted(number: int, noun: str) -> str:
    """A number of things."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

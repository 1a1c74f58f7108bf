"""What takes how much of what: the sums that capacities, bandwidths, class shares and ``balance`` bound."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from mosaico_place.compile import Candidate
from mosaico_place.exact.rewrites import largest
from mosaico_place.exact.symbols import Symbols, Terms, Var
from mosaico_place.instance import Chain, Component, Function
from mosaico_place.usage import own_demand


class Part(NamedTuple):
    """What one user takes of something.

    Attributes:
        chain: whose use it is; None for opened instances.
        most: the most that it can take.
        terms: what it takes.
    """

    chain: Chain | None
    most: int
    terms: Terms


Uses = Mapping[tuple[str, ...], Sequence[Part]]
"""What is used, by name -> who takes how much."""


class Charge(NamedTuple):
    """Components of a chain that are charged together on one node: one, or equivalent ones that may be merged."""

    chain: Chain
    node: int
    members: tuple[tuple[Component, Function, Candidate, Var], ...]


def charges(symbols: Symbols) -> Iterator[Charge]:
    """Every component on every node, in every way to run; equivalent ones that run the same way come as one."""
    for block in symbols.blocks():
        chain = block.chain
        group_of = {name: position for position, group in enumerate(chain.equivalent) for name in group}
        together: dict[tuple[int, int, str], list[tuple[Component, Function, Candidate, Var]]] = defaultdict(list)
        for component in chain.components.values():
            if component.function is None:
                continue
            function = symbols.problem.instance.functions[component.function]
            for node, candidates in symbols.options[chain.name, component.name].items():
                for candidate, var in candidates:
                    member = (component, function, candidate, var)
                    if component.name in group_of:
                        together[group_of[component.name], node, candidate.option].append(member)
                    else:
                        yield Charge(chain, node, (member,))
        for (_, node, _), members in together.items():
            yield Charge(chain, node, tuple(members))


def node_uses(symbols: Symbols) -> Uses:
    """(node, resource) -> what components, flows and opened instances take."""
    nodes, functions = symbols.problem.infrastructure.nodes, symbols.problem.instance.functions
    uses = _Collector()
    for charge in charges(symbols):
        demands = {
            position: own_demand(component, function, candidate.implementation)
            for position, (component, function, candidate, _) in enumerate(charge.members)
            if candidate.implementation is not None
        }
        _charge(symbols, uses, charge, demands, (nodes[charge.node].name,))
    for chain, flow, served in symbols.programs():
        for resource, amount in own_demand(flow, served.function, served.program).items():
            terms = [(amount * sign, var) for sign, var in served.terms]
            who = (chain.name, *flow.ends, served.function.name)
            uses.add((nodes[served.node].name, resource), who, chain, amount, terms)
    for (node, function, name), variables in symbols.opened.items():
        for resource, amount in functions[function].implementations[name].once.items():
            terms = [(amount, var) for var in variables]
            key = (nodes[node].name, resource)
            uses.add(key, ("", function, name), None, amount * len(variables), terms)
    return uses.uses()


def device_uses(symbols: Symbols) -> Uses:
    """(node, device, resource) -> what components take."""
    nodes = symbols.problem.infrastructure.nodes
    uses = _Collector()
    for charge in charges(symbols):
        for device in charge.members[0][2].devices:  # equivalent members have the same
            demands = {
                position: candidate.implementation.device
                for position, (_, _, candidate, _) in enumerate(charge.members)
                if candidate.implementation is not None
            }
            _charge(symbols, uses, charge, demands, (nodes[charge.node].name, device))
    return uses.uses()


def link_uses(symbols: Symbols) -> Uses:
    """(tail, head) -> what flows take of the link from the one node to the other."""
    infrastructure = symbols.problem.infrastructure
    names = [node.name for node in infrastructure.nodes]
    uses = _Collector()
    for block in symbols.blocks():
        for flow in block.chain.flows:
            for arc, var in symbols.arcs[block.chain.name, *flow.ends]:
                key = (names[infrastructure.tail[arc]], names[infrastructure.head[arc]])
                uses.add(key, (block.chain.name, *flow.ends), block.chain, flow.rate_bps, [(flow.rate_bps, var)])
    return uses.uses()


class _Collector:
    """Gathers parts; what one user takes in several ways, of which one at most is chosen, is one part."""

    def __init__(self) -> None:
        self._parts: dict[tuple[str, ...], dict[tuple[str, ...], Part]] = defaultdict(dict)

    def add(self, key: tuple[str, ...], who: tuple[str, ...], chain: Chain | None, most: int, terms: Terms) -> None:
        """Note that a user may take so much of something."""
        if not most:
            return
        part = self._parts[key].get(who, Part(chain, 0, []))
        self._parts[key][who] = Part(chain, max(part.most, most), [*part.terms, *terms])

    def uses(self) -> Uses:
        """All that was noted."""
        return {key: tuple(parts.values()) for key, parts in self._parts.items()}


def _charge(
    symbols: Symbols,
    uses: _Collector,
    charge: Charge,
    demands: Mapping[int, Mapping[str, int]],
    place: tuple[str, ...],
) -> None:
    """What a charge takes: the only demand, or the largest of those that are there."""
    variables = {position: var for position, (_, _, _, var) in enumerate(charge.members)}
    for resource in dict.fromkeys(resource for demand in demands.values() for resource in demand):
        amounts = {position: demand.get(resource, 0) for position, demand in demands.items()}
        terms = largest(symbols, amounts, variables)
        # Ways to run one component exclude each other; equivalent ones may run in several ways.
        component, _, candidate, _ = charge.members[0]
        option = (candidate.option,) if charge.chain.may_merge(component.name) else ()
        who = (charge.chain.name, component.name, *option)
        uses.add((*place, resource), who, charge.chain, max(amounts.values()), terms)

"""Rule ``throughput``, and what else ties users to opened instances of shared functions."""

from __future__ import annotations

from collections import defaultdict

from mosaico_place.exact.rows import Rows, at_most
from mosaico_place.exact.strengthening import Strengthening
from mosaico_place.exact.symbols import Symbols, Terms, node_name
from mosaico_place.instance import Kind


def throughput(symbols: Symbols) -> Rows:
    """What is served needs an instance, and no more is served than the opened instances carry.

    Each user by itself is bounded by the number of instances that it needs alone: tighter than the sum of them.
    """
    rows: Rows = {}
    users = users_of(symbols)
    functions = symbols.problem.instance.functions
    for (node, function, name), opened in symbols.opened.items():
        key = (node_name(symbols, node), function, name)
        carries = functions[function].implementations[name].capacity_bps
        served = users.get((node, function, name), [])
        for who, load, terms in served:
            needed = 1 if not carries else max(-(-load // carries), 1)
            if needed > len(opened):
                at_most(rows, (*key, *who), terms, 0)
            elif len(who) == 2 and Strengthening.DISAGGREGATE in symbols.strengthenings:
                # A per-hop user has this row under its own rule.
                at_most(rows, (*key, *who), [*terms, (-1, opened[needed - 1])], 0)
        if Strengthening.DISAGGREGATE not in symbols.strengthenings:
            everybody = [term for who, _, terms in served if len(who) == 2 for term in terms]
            at_most(rows, (*key, "all"), [*everybody, (-len(everybody), opened[0])], 0)
        for k in range(1, len(opened)):
            at_most(rows, (*key, str(k + 1)), [(1, opened[k]), (-1, opened[k - 1])], 0)
        if carries is not None and sum(load for _, load, _ in served) > carries:
            loads = [(load * sign, var) for _, load, terms in served for sign, var in terms]
            at_most(rows, key, loads + [(-carries, var) for var in opened], 0)
    _one_program(symbols, rows)
    return rows


def users_of(symbols: Symbols) -> dict[tuple[int, str, str], list[tuple[tuple[str, ...], int, Terms]]]:
    """(node, function, implementation) -> (who, load, 1 if served there) of everything that shared functions serve."""
    users: dict[tuple[int, str, str], list[tuple[tuple[str, ...], int, Terms]]] = defaultdict(list)
    for chain, component, function in symbols.functions():
        if not function.shared_by(component):
            continue
        load = chain.load_bps(component.name)
        for node, candidates in symbols.options[chain.name, component.name].items():
            by_name: dict[str, Terms] = defaultdict(list)  # on whichever device
            for candidate, var in candidates:
                assert candidate.implementation is not None, "only endpoints have none"
                by_name[candidate.implementation.name].append((1, var))
            for name, terms in by_name.items():
                users[node, function.name, name].append(((chain.name, component.name), load, terms))
    for chain, flow, served in symbols.programs():
        if served.function.shared_by(flow):
            opened = (served.node, served.function.name, served.program.name)
            users[opened].append(((chain.name, *flow.ends), flow.rate_bps, served.terms))
    return users


def _one_program(symbols: Symbols, rows: Rows) -> None:
    """At most one program of a shared function on each switch."""
    programs: dict[tuple[int, str], Terms] = defaultdict(list)
    for (node, function, _), opened in symbols.opened.items():
        if symbols.problem.infrastructure.nodes[node].kind is Kind.P4_SWITCH:
            programs[node, function] += [(1, var) for var in opened]
    for (node, function), terms in programs.items():
        if len(terms) > 1:
            at_most(rows, (node_name(symbols, node), function, "one program"), terms, 1)


def cover(symbols: Symbols, rows: Rows) -> None:
    """What the users of opened instances take is no more than what these leave of the node, or nothing."""
    for (node, function, name), users in users_of(symbols).items():
        implementation = symbols.problem.instance.functions[function].implementations[name]
        opened = symbols.opened[node, function, name][0]
        # Equivalent components may be charged once, so they are left out.
        chains = symbols.problem.instance.chains
        served = [terms for who, _, terms in users if len(who) == 2 and not chains[who[0]].may_merge(who[1])]
        for resource, amount in implementation.demand.items():
            owner = symbols.problem.infrastructure.nodes[node]
            left = owner.free(resource) - implementation.once.get(resource, 0)
            if amount and amount * len(served) > left:
                taken = [(amount * sign, var) for terms in served for sign, var in terms]
                at_most(rows, (owner.name, resource, function, name), [*taken, (-left, opened)], 0)

"""Why chains cannot be accepted, and what would have to grow to accept them.

Cheapest test first: whether any node can run each component; whether the latency can be met even alone; which
capacities must grow so that the chain is accepted beside those that are (an exact elastic model,
:mod:`mosaico_place.exact.growth`); which chains hold what it needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from mosaico_place.compile import Problem, compile_instance
from mosaico_place.exact.growth import Growth, least_growth
from mosaico_place.exact.method import solve_exact
from mosaico_place.explanation import ChainReasons, Explanation, Kind, Reason, where_in_words
from mosaico_place.instance import Budget, Chain, Instance, Term
from mosaico_place.latency import budget_flows, budget_latency_ns
from mosaico_place.method import Options
from mosaico_place.placement import EMPTY, Placement
from mosaico_place.quantities import Dimension, format_quantity
from mosaico_place.result import Termination
from mosaico_place.rules import CostTerm
from mosaico_place.solving import solve
from mosaico_place.usage import amounts, capacities, dimension_of, survey, usage_by_chain


def explain(instance: Instance, chains: Sequence[str] | None = None, *, options: Options | None = None) -> Explanation:
    """Say why chains are not accepted.

    Args:
        instance: the problem.
        chains: names of chains; None for all that the best placement rejects. If the instance is infeasible, all that
            must be accepted are looked at together, unless one of them is impossible by itself.
        options: limits, seed, threads, interruption.

    Raises:
        InputError: the instance is not valid, with every fault.
        KeyError: there is no chain of that name.
    """
    options = options or Options()
    for name in chains or ():
        instance.chains[name]
    result = solve(instance, options=options)
    problem = compile_instance(instance)
    placement = result.placement or EMPTY
    if result.placement is not None:
        names = [name for name in chains or instance.chains if chains or name not in placement.chains]
        found = [_chain(problem, instance.chains[name], placement, options) for name in names]
    else:
        found = list(_infeasible(problem, chains, result.termination, options))
    return Explanation(instance.name, result.termination, tuple(found))


def _infeasible(
    problem: Problem, chains: Sequence[str] | None, termination: Termination, options: Options
) -> Iterator[ChainReasons]:
    """Reasons where nothing was found: chains that are impossible by themselves, else all that must be accepted."""
    needed = [chain for chain in problem.instance.chains.values() if problem.instance.must_accept(chain)]
    impossible = [chain for chain in needed if problem.blocks[chain.name].why is not None]
    asked = [problem.instance.chains[name] for name in chains or ()]
    if termination is not Termination.INFEASIBLE:
        why = f"nothing was found within the limits, and nothing proven ({termination})"
        names = tuple(chain.name for chain in asked or needed)
        yield ChainReasons(names, accepted=False, reasons=(Reason(Kind.UNKNOWN, why),))
        return
    for chain in [*impossible, *(chain for chain in asked if chain not in impossible)]:
        yield _chain(problem, chain, EMPTY, options)
    if not impossible and not asked:
        only = replace(problem.instance, chains={chain.name: chain for chain in needed})
        yield _with_growth(only, tuple(only.chains), [], EMPTY, options)


def _chain(problem: Problem, chain: Chain, placement: Placement, options: Options) -> ChainReasons:
    """Reasons of one chain beside those that a placement accepts."""
    if chain.name in placement.chains:
        return ChainReasons((chain.name,), accepted=True)
    reasons = []
    why = problem.blocks[chain.name].why
    if why is not None:
        late = list(_too_late(problem.instance, chain, options))
        reasons += late or [Reason(Kind.IMPOSSIBLE, why)]
    others = {name: problem.instance.chains[name] for name in placement.chains}
    beside = replace(problem.instance, chains={**others, chain.name: chain})
    return _with_growth(beside, (chain.name,), reasons, placement, options)


def _too_late(instance: Instance, chain: Chain, options: Options) -> Iterator[Reason]:
    """Budgets that the chain cannot meet even alone, with the best that it could reach, and how."""
    for budget in chain.budgets:
        if budget.within_ns is None:
            continue
        best = _fastest(instance, chain, budget, options)
        if best is not None and best[0] > budget.within_ns:
            least, within = (format_quantity(time, Dimension.TIME) for time in (best[0], budget.within_ns))
            between = f"from {budget.tail!r} to {budget.head!r}"
            message = f"latency {between} is at least {least} even alone, above the {within} it may take: {best[1]}"
            yield Reason(Kind.LATENCY, message)


def _fastest(instance: Instance, chain: Chain, budget: Budget, options: Options) -> tuple[int, str] | None:
    """The least latency of a budget if nothing else mattered, and its way in words; None if the chain fits nowhere."""
    alone = replace(chain, required=True, weight=Fraction(1), budgets=(replace(budget, within_ns=None, target_ns=0),))
    objective = ({Term(CostTerm.LATENCY): Fraction(1)},)
    stripped = replace(instance, chains={chain.name: alone}, objective=objective)
    limits = replace(options, gap=0.0)
    answer = solve_exact(compile_instance(stripped), limits)
    if answer.placement is None or answer.termination is not Termination.OPTIMAL:
        return None
    placed = answer.placement.chains[chain.name]
    scene = survey(stripped, answer.placement)
    legs = [" -> ".join(placed.flows[flow.ends]) for flow in budget_flows(chain, budget)]
    return budget_latency_ns(stripped, alone, placed, budget, scene), ", then ".join(dict.fromkeys(legs))


def _with_growth(
    beside: Instance, names: tuple[str, ...], reasons: list[Reason], placement: Placement, options: Options
) -> ChainReasons:
    """Add what must grow so that all chains of the instance are accepted, and who holds it."""
    try:
        growth = least_growth(beside, options)
    except TimeoutError:
        reasons.append(Reason(Kind.UNKNOWN, "the limits struck before it was known which capacities must grow"))
        return ChainReasons(names, accepted=False, reasons=tuple(reasons))
    if growth is None:
        if not reasons:
            message = "no growth of capacities helps: other rules rule out every placement"
            reasons.append(Reason(Kind.RULES, message))
        return ChainReasons(names, accepted=False, reasons=tuple(reasons))
    if not growth.by:
        message = "it could be accepted beside the accepted chains, but the objective does better without it"
        return ChainReasons(names, accepted=False, reasons=(*reasons, Reason(Kind.OBJECTIVE, message)), proven=True)
    reasons = [*reasons, Reason(Kind.CAPACITY, _growth_in_words(beside, growth, names))]
    reasons += _holders(beside, growth, placement)
    return ChainReasons(names, accepted=False, reasons=tuple(reasons), growth=growth.by, proven=growth.proven)


def _growth_in_words(instance: Instance, growth: Growth, names: tuple[str, ...]) -> str:
    has = capacities(instance)
    parts = [
        f"{where_in_words(name)} by {format_quantity(amount, dimension_of(instance, name))} "
        f"(of {format_quantity(has[name].amount, dimension_of(instance, name))})"
        for name, amount in growth.by.items()
    ]
    whom = "it" if len(names) == 1 else "them all"
    ending = "" if growth.proven else "; whether less would do is not proven"
    return f"to accept {whom}, these must grow: {', '.join(parts)}{ending}"


def _holders(instance: Instance, growth: Growth, placement: Placement) -> Iterator[Reason]:
    """Which chains hold what must grow, those that hold most first."""
    taken = {chain: amounts(part) for chain, part in usage_by_chain(instance, placement).items()}
    for name in growth.by:
        held = {chain: own.get(name, 0) for chain, own in taken.items()}
        users = sorted((chain for chain in held if held[chain]), key=lambda chain: -held[chain])
        if users:
            unit = dimension_of(instance, name)
            shown = [f"{chain} ({format_quantity(held[chain], unit)})" for chain in users[:5]]
            more = f" and {len(users) - 5} more" if len(users) > 5 else ""
            yield Reason(Kind.HELD, f"{where_in_words(name)} is held by {', '.join(shown)}{more}")

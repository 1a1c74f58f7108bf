"""Solve an instance: compile, let a method answer, judge the answer, describe it."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from fractions import Fraction

from mosaico_place.checking import check
from mosaico_place.compile import Problem, compile_instance
from mosaico_place.costing import Cost, cost
from mosaico_place.describe import (
    budget_results,
    device_use,
    level_results,
    link_use,
    node_use,
    plain_number,
    rejections,
)
from mosaico_place.document import placement_document
from mosaico_place.dumping import dump
from mosaico_place.errors import InputError, SolverError
from mosaico_place.installed import installed, load_installed
from mosaico_place.instance import Instance, Term
from mosaico_place.method import Answer, Method, Options, Progress
from mosaico_place.placement import EMPTY, Placement
from mosaico_place.reasons import quick_reasons
from mosaico_place.result import Result, Termination, contradicts, gap
from mosaico_place.rules import CostTerm
from mosaico_place.usage import Usage, usage
from mosaico_place.validate import faults

METHODS = "mosaico_place.methods"
"""The entry-point group where methods are found."""


def method_names() -> list[str]:
    """Names that ``solve`` takes as a method."""
    return installed(METHODS)


def find_method(name: str) -> tuple[str, Method]:
    """The method of that name, with the name.

    Raises:
        ValueError: there is no such method; the message names those that exist.
    """
    method: Method = load_installed(METHODS, "method", name)
    return name, method


def solve(
    instance: Instance,
    *,
    method: str | Method = "auto",
    options: Options | None = None,
    previous: Placement | None = None,
    max_moves: int | None = None,
) -> Result:
    """Place the instance's chains.

    Args:
        instance: the problem; never changed.
        method: a name from :func:`method_names`, or any callable that keeps the :class:`Method` protocol.
        options: limits, seed, threads, interruption, progress.
        previous: the placement before: where the search starts, and what ``dropped``, ``moves``, ``max-moves`` and
            ``movable`` compare with. It need not be valid any more.
        max_moves: how many components may move since; None for any number.

    Returns:
        What was found and proven. A placement in it has passed :func:`mosaico_place.checking.check`, and its values
        are those of :func:`mosaico_place.costing.cost`.

    Raises:
        InputError: the instance is not valid, with every fault.
        ValueError: there is no such method, or ``max_moves`` is negative.
        SolverError: the method's answer breaks a rule or contradicts its own bound; carries what replays it.
    """
    options = options or Options()
    if max_moves is not None and max_moves < 0:
        raise ValueError(f"max_moves must be at least 0, not {max_moves}")
    named = find_method(method) if isinstance(method, str) else (getattr(method, "__name__", "own"), method)
    runtime_s: dict[str, float] = {}
    before = time.perf_counter()
    if found := faults(instance):
        raise InputError(found)
    options.progress(Progress("compile", options.elapsed_s()))
    problem = compile_instance(instance, previous, max_moves)
    runtime_s["compile"] = time.perf_counter() - before
    options.progress(Progress("build", options.elapsed_s()))
    try:
        answer = named[1](problem, options)
    except SolverError as error:
        raise SolverError(str(error), error.replay or _replay(instance, options, EMPTY)) from error
    runtime_s |= answer.runtime_s
    before = time.perf_counter()
    judged = _judge(problem, options, answer)
    runtime_s["check"] = time.perf_counter() - before
    return _describe(problem, options, named[0], answer, judged, runtime_s)


def _judge(problem: Problem, options: Options, answer: Answer) -> Cost | None:
    """What the answer costs, if it keeps every rule and its own claims."""
    if answer.placement is None:
        return None
    instance = problem.instance
    broken = check(instance, answer.placement, problem.previous, problem.max_moves)
    if broken:
        listed = "\n".join(f"{violation.rule}: {violation.where}: {violation.message}" for violation in broken)
        raise SolverError(f"the placement breaks a rule:\n{listed}", _replay(instance, options, answer.placement))
    total = cost(instance, answer.placement, problem.previous)
    if contradiction := _contradiction(options, answer, total):
        raise SolverError(contradiction, _replay(instance, options, answer.placement))
    return total


def _contradiction(options: Options, answer: Answer, total: Cost) -> str | None:
    """Where an answer claims more than its bounds carry."""
    if len(answer.bounds) != len(total.levels):
        return f"the answer has {len(answer.bounds)} bounds for {len(total.levels)} levels"
    allowed = {Termination.OPTIMAL: 0.0, Termination.GAP: options.gap}.get(answer.termination, math.inf)
    for level, (exact, bound) in enumerate(zip(total.levels, answer.bounds, strict=True), start=1):
        value = float(exact)
        if contradicts(bound, value):
            return f"level {level} costs {value}, below its bound {bound}"
        if allowed < math.inf and (bound is None or gap(value, bound) > allowed + 1e-9):
            return (
                f"the answer is called {answer.termination}, but level {level} costs {value} and its bound is {bound}"
            )
    return None


def _replay(instance: Instance, options: Options, placement: Placement) -> str:
    """Everything needed to see the failure again."""
    told = f"gap {options.gap}, seed {options.seed}, threads {options.worker_threads}, limit {options.time_limit_s}"
    return f"# options: {told}\n# placement: {json.dumps(placement_document(placement))}\n{dump(instance)}"


def _describe(
    problem: Problem,
    options: Options,
    method: str,
    answer: Answer,
    judged: Cost | None,
    runtime_s: Mapping[str, float],
) -> Result:
    instance, placement = problem.instance, answer.placement
    used = usage(instance, placement or EMPTY)
    accepted = tuple(name for name in instance.chains if placement is not None and name in placement.chains)
    weight = sum((instance.chains[name].weight for name in accepted), Fraction(0))
    return Result(
        instance=instance.name,
        method=method if answer.chosen is None else answer.chosen[0],
        termination=answer.termination,
        levels=level_results(instance, judged, answer.bounds),
        placement=placement,
        terms={} if judged is None else {str(term): plain_number(value) for term, value in judged.terms.items()},
        accepted=accepted,
        accepted_weight=None if placement is None else plain_number(weight),
        accepted_weight_bound=_accepted_weight_bound(instance, answer),
        rejected=rejections(instance, placement, _why(problem, answer, used)),
        budgets={} if placement is None else budget_results(instance, placement),
        loads=used.loads,
        nodes={} if placement is None else node_use(instance, used),
        devices={} if placement is None else device_use(instance, used),
        links=() if placement is None else link_use(instance, used),
        model=answer.model,
        runtime_s=dict(runtime_s),
        seed=options.seed,
        method_why="" if answer.chosen is None else answer.chosen[1],
    )


def _why(problem: Problem, answer: Answer, used: Usage) -> dict[str, str]:
    """Reasons by chain: the method's own, else what can be said without solving."""
    if answer.placement is None:
        return dict(answer.why)
    return quick_reasons(problem, answer.placement, used, answer.why)


def _accepted_weight_bound(instance: Instance, answer: Answer) -> float | None:
    """All weights less the bound of the first level, where that level counts rejected chains and nothing else."""
    total = sum((chain.weight for chain in instance.chains.values()), Fraction(0))
    if not instance.objective or not answer.bounds:
        return None
    weight = instance.objective[0].get(Term(CostTerm.REJECTED))
    if len(instance.objective[0]) != 1 or weight is None or answer.bounds[0] is None:
        return None
    return float(total) - answer.bounds[0] / float(weight)

"""From an answer in exact smallest units to the figures of a result, in base units."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from mosaico_place.costing import Cost
from mosaico_place.instance import Instance
from mosaico_place.latency import budget_latency_ns
from mosaico_place.placement import Placement
from mosaico_place.quantities import Dimension
from mosaico_place.result import BudgetResult, LevelResult, LinkUse, Rejection, Use, gap
from mosaico_place.usage import Usage, survey


def plain_number(value: Fraction) -> float:
    """The nearest number, as an int where it is whole."""
    return value.numerator if value.denominator == 1 else float(value)


def level_results(instance: Instance, total: Cost | None, bounds: tuple[float | None, ...]) -> tuple[LevelResult, ...]:
    """Terms, value, bound and gap of every level."""
    results = []
    for k, (level, bound) in enumerate(zip(instance.objective, bounds, strict=True)):
        if total is None:
            results.append(LevelResult({}, None, bound, None))
            continue
        value = plain_number(total.levels[k])
        terms = {str(term): plain_number(total.terms[term]) for term in level}
        results.append(LevelResult(terms, value, bound, None if bound is None else gap(value, bound)))
    return tuple(results)


def rejections(instance: Instance, placement: Placement | None, why: Mapping[str, str]) -> tuple[Rejection, ...]:
    """The chains that are not accepted, with the reason; without a placement, those that have one."""
    missing = [name for name in instance.chains if placement is not None and name not in placement.chains]
    if placement is None:
        missing = [name for name in instance.chains if name in why]
    return tuple(Rejection(name, why[name]) for name in missing)


def budget_results(instance: Instance, placement: Placement) -> dict[str, tuple[BudgetResult, ...]]:
    """Accepted chain -> latency of each budget."""
    results = {}
    scene = survey(instance, placement)
    for name, placed in placement.chains.items():
        chain = instance.chains[name]
        results[name] = tuple(
            BudgetResult(
                budget.tail,
                budget.head,
                _microseconds(budget_latency_ns(instance, chain, placed, budget, scene)),
                None if budget.within_ns is None else _microseconds(budget.within_ns),
                None if budget.target_ns is None else _microseconds(budget.target_ns),
            )
            for budget in chain.budgets
        )
    return results


def node_use(instance: Instance, used: Usage) -> dict[str, dict[str, Use]]:
    """Node -> resource -> use, for every node that has any capacity."""
    return {
        name: {
            resource: _use(
                used.nodes.get(name, {}).get(resource, 0),
                capacity,
                node.reserved.get(resource, 0),
                instance.dimension(resource),
            )
            for resource, capacity in node.capacity.items()
        }
        for name, node in instance.nodes.items()
        if node.capacity
    }


def device_use(instance: Instance, used: Usage) -> dict[str, dict[str, dict[str, Use]]]:
    """Node -> device -> resource -> use."""
    return {
        name: {
            device: {
                resource: _use(
                    used.devices.get(name, {}).get(device, {}).get(resource, 0),
                    capacity,
                    0,
                    instance.device_dimension(resource),
                )
                for resource, capacity in resources.items()
            }
            for device, resources in node.devices.items()
        }
        for name, node in instance.nodes.items()
        if node.devices
    }


def link_use(instance: Instance, used: Usage) -> tuple[LinkUse, ...]:
    """The link directions that carry anything, in the instance's order."""
    results = []
    for link in instance.links:
        for ends, direction in ((link.ends, link.forth), (link.ends[::-1], link.back)):
            rate_bps = used.links.get(ends, 0)
            if rate_bps:
                results.append(LinkUse(*ends, rate_bps, direction.bandwidth_bps, direction.reserved_bps))
    return tuple(results)


def _use(used: int, capacity: int, reserved: int, dimension: Dimension) -> Use:
    scale = dimension.scale
    amounts = (plain_number(Fraction(amount, scale)) for amount in (used, capacity, reserved))
    return Use(*amounts)


def _microseconds(time_ns: int) -> float:
    return plain_number(Fraction(time_ns, 1000))

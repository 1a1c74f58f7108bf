"""The document of ``compare --json``."""

from __future__ import annotations

from mosaico_place.document import FORMAT
from mosaico_place.dynamics.comparing import Comparison
from mosaico_place.dynamics.rows import Start
from mosaico_place.dynamics.summaries import Spread, Summary
from mosaico_place.instance import Instance


def compare_document(comparison: Comparison) -> dict[str, object]:
    """A comparison as plain dictionaries, lists, strings and numbers."""
    scenario, study = comparison.scenario, comparison.study
    return {
        "format": FORMAT,
        "scenario": scenario.name,
        "instance": scenario.instance.name,
        "changes": len(scenario.batches),
        "complete": comparison.complete,
        "seed": study.seed,
        "limits": {
            "event_budget_s": study.budget_s,
            "idle_s": study.idle_s,
            "max_moves": scenario.max_moves if study.max_moves is None else study.max_moves,
            "method": study.method,
            "resolve_limit_s": study.resolve_limit_s,
            "resolve_every": study.resolve_every,
            "start_limit_s": study.start_limit_s,
        },
        "starts": [_start(start) for start in comparison.starts],
        "strategies": [_summary(summary, scenario.instance) for summary in comparison.summaries],
    }


def _start(start: Start) -> dict[str, object]:
    return {
        "without": start.without or None,
        "strategy": start.strategy or None,
        "termination": None if start.termination is None else str(start.termination),
        "requested": start.requested,
        "accepted": start.accepted,
    }


def _summary(summary: Summary, instance: Instance) -> dict[str, object]:
    counts, times = summary.counts, summary.time_ms
    return {
        "strategy": summary.strategy,
        "mode": str(summary.mode),
        "without": summary.without or None,
        "answers": summary.answers,
        "found": summary.found,
        "proven": summary.proven,
        "accepted_ratio": summary.accepted_ratio,
        "objective": [
            {"terms": {str(term): summary.terms[str(term)] for term in level}, "value": value}
            for level, value in zip(instance.objective, summary.levels, strict=True)
        ],
        "moves": counts.moves,
        "reroutes": counts.reroutes,
        "rewrites": counts.rewrites,
        "interrupted": counts.interrupted,
        "steps": counts.steps,
        "time_ms": None if times is None else {"p50": times.p50, "p95": times.p95, "p99": times.p99, "max": times.max},
        "gap_to_resolve": [_spread(spread) for spread in summary.gap_to_resolve],
        "gap_to_bound": [_spread(spread) for spread in summary.gap_to_bound],
        "speedup": None if summary.speedup is None else dict(zip(("median", "max"), summary.speedup, strict=True)),
    }


def _spread(spread: Spread | None) -> dict[str, float] | None:
    return None if spread is None else {"mean": spread.mean, "p95": spread.p95, "max": spread.max}

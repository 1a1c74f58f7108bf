"""Plans: how a placement becomes the next one, step by step, and what judges the steps.

The method, the rule ``transient`` and what is proven: ``docs/plans.md``.
"""

from __future__ import annotations

from mosaico_place.planning.judging import check_plan
from mosaico_place.planning.planner import plan
from mosaico_place.planning.steps import Act, Interruption, Plan, Step, Transition
from mosaico_place.planning.telling import plan_document, plan_lines

__all__ = [
    "Act",
    "Interruption",
    "Plan",
    "Step",
    "Transition",
    "check_plan",
    "plan",
    "plan_document",
    "plan_lines",
]

"""Plans: how a placement becomes the next one, step by step, and what judges the steps."""

from __future__ import annotations

from mosaico_place.planning.judging import check_plan
from mosaico_place.planning.planner import plan
from mosaico_place.planning.steps import Act, Interruption, Plan, Step, Transition

__all__ = ["Act", "Interruption", "Plan", "Step", "Transition", "check_plan", "plan"]

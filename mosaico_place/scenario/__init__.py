"""Scenarios: timed events over one instance, written out or drawn from seeded processes."""

from mosaico_place.scenario.loading import load_file, load_scenario
from mosaico_place.scenario.parts import Scenario, Timed, default_objective

__all__ = ["Scenario", "Timed", "default_objective", "load_file", "load_scenario"]

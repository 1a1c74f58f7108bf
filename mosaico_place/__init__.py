"""Placement of the micro-services of low-latency network services on P4 switches, servers and GPUs.

>>> from mosaico_place import load_instance, solve
>>> result = solve(load_instance("instances/cloud-gaming-edge.yaml"))  # doctest: +SKIP
>>> result.termination, result.accepted  # doctest: +SKIP
(<Termination.OPTIMAL: 'optimal'>, ('player-1',))

Nothing here prints, sets up logging or writes files. The names below are loaded when they are first used, so that
importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mosaico_place.advising import advise
    from mosaico_place.checking import check
    from mosaico_place.compile import Problem
    from mosaico_place.costing import Cost, cost
    from mosaico_place.document import from_json, to_json
    from mosaico_place.dumping import dump
    from mosaico_place.dynamics.comparing import Comparison, Listener, compare, replay
    from mosaico_place.dynamics.decision import Decision
    from mosaico_place.dynamics.orchestrator import Orchestrator
    from mosaico_place.dynamics.replay import Answered, Mode
    from mosaico_place.dynamics.rows import Row
    from mosaico_place.dynamics.strategy import Reply, Setting, Stateless, Strategy, find_strategy
    from mosaico_place.dynamics.study import Study
    from mosaico_place.dynamics.summaries import Summary
    from mosaico_place.errors import Fault, InputError, MosaicoError, SolverError
    from mosaico_place.events import (
        Arrive,
        CapacityChange,
        Depart,
        DeviceDown,
        DeviceUp,
        Drain,
        Event,
        Handover,
        LinkBandwidth,
        LinkDown,
        LinkLatency,
        LinkUp,
        NodeDown,
        NodeUp,
        RateChange,
        Undrain,
        Update,
        apply,
        event_document,
        event_from_dict,
    )
    from mosaico_place.explaining import explain
    from mosaico_place.explanation import CapacityAdvice, CapacityGain, ChainReasons, Explanation, Reason, Verdict
    from mosaico_place.instance import (
        Budget,
        Chain,
        Component,
        Direction,
        Flow,
        Function,
        Group,
        Implementation,
        Independent,
        Instance,
        Kind,
        Level,
        Link,
        Node,
        Preference,
        Prices,
        Term,
        TrafficClass,
        Where,
    )
    from mosaico_place.levers import Lever, without
    from mosaico_place.load import (
        instance_from_dict,
        load_instance,
        load_placement,
        parse_instance,
        parse_placement,
    )
    from mosaico_place.method import Answer, Method, Options, Progress
    from mosaico_place.placement import ChainPlacement, Opening, Placement, Spot
    from mosaico_place.pvnfpc import load_pvnfpc
    from mosaico_place.result import LevelResult, Result, Termination, Violation
    from mosaico_place.rules import CostTerm, Rule
    from mosaico_place.scenario import Scenario, Timed, load_scenario
    from mosaico_place.solving import solve
    from mosaico_place.validate import faults, warnings

_HOME = {
    "advising": ("advise",),
    "checking": ("check",),
    "compile": ("Problem",),
    "costing": ("Cost", "cost"),
    "document": ("from_json", "to_json"),
    "dumping": ("dump",),
    "dynamics.comparing": ("Comparison", "Listener", "compare", "replay"),
    "dynamics.decision": ("Decision",),
    "dynamics.orchestrator": ("Orchestrator",),
    "dynamics.replay": ("Answered", "Mode"),
    "dynamics.rows": ("Row",),
    "dynamics.strategy": ("Reply", "Setting", "Stateless", "Strategy", "find_strategy"),
    "dynamics.study": ("Study",),
    "dynamics.summaries": ("Summary",),
    "errors": ("Fault", "InputError", "MosaicoError", "SolverError"),
    "events": (
        "Arrive", "CapacityChange", "Depart", "DeviceDown", "DeviceUp", "Drain", "Event", "Handover",
        "LinkBandwidth", "LinkDown", "LinkLatency", "LinkUp", "NodeDown", "NodeUp", "RateChange", "Undrain",
        "Update", "apply", "event_document", "event_from_dict",
    ),
    "explaining": ("explain",),
    "explanation": ("CapacityAdvice", "CapacityGain", "ChainReasons", "Explanation", "Reason", "Verdict"),
    "instance": (
        "Budget", "Chain", "Component", "Direction", "Flow", "Function", "Group", "Implementation", "Independent",
        "Instance", "Kind", "Level", "Link", "Node", "Preference", "Prices", "Term", "TrafficClass", "Where",
    ),
    "levers": ("Lever", "without"),
    "load": ("instance_from_dict", "load_instance", "load_placement", "parse_instance", "parse_placement"),
    "method": ("Answer", "Method", "Options", "Progress"),
    "placement": ("ChainPlacement", "Opening", "Placement", "Spot"),
    "pvnfpc": ("load_pvnfpc",),
    "result": ("LevelResult", "Result", "Termination", "Violation"),
    "rules": ("CostTerm", "Rule"),
    "scenario": ("Scenario", "Timed", "load_scenario"),
    "solving": ("solve",),
    "validate": ("faults", "warnings"),
}  # fmt: skip

__all__ = [
    "Answer", "Answered", "Arrive", "Budget", "CapacityAdvice", "CapacityChange", "CapacityGain", "Chain",
    "ChainPlacement", "ChainReasons", "Comparison", "Component", "Cost", "CostTerm", "Decision", "Depart", "DeviceDown",
    "DeviceUp", "Direction", "Drain", "Event", "Explanation", "Fault", "Flow", "Function", "Group", "Handover",
    "Implementation", "Independent", "InputError", "Instance", "Kind", "Level", "LevelResult", "Lever", "Link",
    "LinkBandwidth", "LinkDown", "LinkLatency", "LinkUp", "Listener", "Method", "Mode", "MosaicoError", "Node",
    "NodeDown", "NodeUp", "Opening", "Options", "Orchestrator", "Placement", "Preference", "Prices", "Problem",
    "Progress", "RateChange", "Reason", "Reply", "Result", "Row", "Rule", "Scenario", "Setting", "SolverError", "Spot",
    "Stateless", "Strategy", "Study", "Summary", "Term", "Termination", "Timed", "TrafficClass", "Undrain", "Update",
    "Verdict", "Violation", "Where", "advise", "apply", "check", "compare", "cost", "dump", "event_document",
    "event_from_dict", "explain", "faults", "find_strategy", "from_json", "instance_from_dict", "load_instance",
    "load_placement", "load_pvnfpc", "load_scenario", "parse_instance", "parse_placement", "replay", "solve",
    "to_json", "warnings", "without",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Load a public name from the module that defines it."""
    for module, names in _HOME.items():
        if name in names:
            return getattr(import_module(f"mosaico_place.{module}"), name)
    raise AttributeError(f"module 'mosaico_place' has no attribute {name!r}")


def __dir__() -> list[str]:
    """The public names."""
    return __all__

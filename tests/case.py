"""The cases under ``tests/cases``: per rule and per cost term, its smallest instance, and its rows or cost as an LP."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyomo.environ as pyo
from pyomo.repn.plugins.lp_writer import FileDeterminism, LPWriter

from mosaico_place.compile import Problem, compile_instance
from mosaico_place.exact.constraints import ROWS
from mosaico_place.exact.model import Formulation, build
from mosaico_place.instance import Instance
from mosaico_place.load import instance_from_dict, parse_placement
from mosaico_place.placement import Placement
from mosaico_place.rules import CostTerm, Rule
from mosaico_place.source import read_file

CASES = Path(__file__).parent / "cases"
FOLDERS: Mapping[type[Rule | CostTerm], Path] = {Rule: CASES / "rules", CostTerm: CASES / "terms"}

Word = Rule | CostTerm

OWN_ROWS: Mapping[CostTerm, str] = {
    CostTerm.LATENCY: "latency",
    CostTerm.ACTIVE: "active_rows",
    CostTerm.BALANCE: "balance_rows",
}
"""Pyomo name of the rows that tie a cost term's own variables to the placement, for the terms that have such."""


@dataclass(frozen=True)
class Case:
    """One YAML file of ``tests/cases``, as :mod:`tests.test_cases` reads it."""

    word: Word
    data: Mapping[str, Any]

    @property
    def instance(self) -> Instance:
        """The smallest instance in which the word makes a difference."""
        return instance_from_dict(self.data["instance"])

    @property
    def previous(self) -> Placement | None:
        """The placement before, if the case has one."""
        return self.placement("previous") if "previous" in self.data else None

    @property
    def max_moves(self) -> int | None:
        """How many components may move; None for any number."""
        most: int | None = self.data.get("max-moves")
        return most

    @property
    def problem(self) -> Problem:
        """The case compiled."""
        return compile_instance(self.instance, self.previous, self.max_moves)

    @property
    def relaxed(self) -> Problem:
        """The case compiled so that the rule does not bind: in another instance, or with more moves, or both."""
        instance = instance_from_dict(merged(self.data["instance"], self.data.get("relaxed", {})))
        return compile_instance(instance, self.previous, self.data.get("relaxed-max-moves", self.max_moves))

    @property
    def without(self) -> Problem:
        """The case compiled with an objective that does not name the cost term."""
        instance = instance_from_dict({**self.data["instance"], "objective": self.data["without"]["objective"]})
        return compile_instance(instance, self.previous, self.max_moves)

    def placement(self, key: str) -> Placement:
        """The placement under a key."""
        return parse_placement(json.dumps(self.data[key]), f"{self.word}: {key}")


def code_name(word: Word) -> str:
    """What a rule or cost term is called in the code: the name of its functions, and of a rule's rows."""
    return word.value.replace("-", "_")


def path_of(word: Word, suffix: str) -> Path:
    """Where the case (``.yaml``) or golden LP (``.lp``) of a rule or cost term stands."""
    return FOLDERS[type(word)] / f"{word}{suffix}"


def read_case(word: Word) -> Case:
    """The case of a rule or cost term."""
    source = read_file(path_of(word, ".yaml"))
    assert source.faults == []
    assert isinstance(source.data, dict)
    return Case(word, source.data)


def merged(data: Any, patch: Any) -> Any:
    """Data with a merge patch (RFC 7396): mappings merge, null removes, all else replaces."""
    if not isinstance(patch, dict):
        return patch
    into = dict(data) if isinstance(data, dict) else {}
    for key, value in patch.items():
        if value is None:
            into.pop(key, None)
        else:
            into[key] = merged(into.get(key), value)
    return into


def fractions(values: list[Any]) -> tuple[Fraction, ...]:
    """Exact values of the levels."""
    return tuple(Fraction(value) for value in values)


def lp_text(word: Word) -> str:
    """What the model makes of a word on its case's instance, in Pyomo's LP format.

    Of a rule: its rows, without an objective; the whole model if the rule has no rows. Of a cost term: the objective
    level that names it, with the rows that tie its own variables.
    """
    problem = read_case(word).problem
    formulation = build(problem)
    if isinstance(word, CostTerm):
        level = next(k for k, terms in enumerate(problem.instance.objective) if word in {term.cost for term in terms})
        _keep(formulation, rows=OWN_ROWS.get(word), level=level)
    elif word in ROWS:
        _keep(formulation, rows=code_name(word), level=None)
    else:
        _keep(formulation, rows=..., level=0)
    return _written(formulation)


def _keep(formulation: Formulation, *, rows: Any, level: int | None) -> None:
    """Switch off all rows but those of one name (... keeps all), and all levels but one (None keeps none)."""
    model = formulation.model
    for constraint in model.component_objects(pyo.Constraint):
        if rows is not ... and constraint.name != rows:
            constraint.deactivate()
    for position in model.level:
        if position != level:
            model.level[position].deactivate()
    if level is None:
        model.nothing_to_minimise = pyo.Objective(expr=0)


def _written(formulation: Formulation) -> str:
    """The LP, sorted by name, without comments and trailing blanks."""
    stream = io.StringIO()
    LPWriter().write(
        formulation.model,
        stream,
        symbolic_solver_labels=True,
        file_determinism=FileDeterminism.SORT_SYMBOLS,
    )
    lines = [line.rstrip() for line in stream.getvalue().splitlines() if not line.startswith("\\*")]
    return "\n".join(lines).strip() + "\n"

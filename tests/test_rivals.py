"""The rival solvers' model: the exact formulation in whole numbers, and what is printed of it. No OR-Tools here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import product
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from scipy.sparse import csc_array, csr_array

from benchmarks import rivals
from benchmarks.rivals import Row, accepted_alone, report, table
from benchmarks.whole_model import MOST, WholeModel, whole_model, whole_row, whole_rows
from mosaico_place import CostTerm, Instance, Options, Term, load_instance, solve
from mosaico_place.compile import compile_instance
from mosaico_place.exact.highs import Highs
from mosaico_place.exact.model import Matrix, build, transfer
from tests.depth import dear
from tests.strategies import tiny_instances

INSTANCES = Path(__file__).parent.parent / "instances"


def _models(instance: Instance) -> tuple[Matrix, WholeModel, Fraction]:
    formulation = build(compile_instance(instance))
    matrix, step = transfer(formulation), formulation.levels[0].step or Fraction(1)
    return matrix, whole_model(matrix, step), step


def _rows(model: WholeModel) -> Any:
    """The rows, (m, n), compressed by row."""
    shape = (len(model.low), len(model.lower))
    return csr_array((model.coefficients, model.columns, model.starts), shape=shape)


@pytest.mark.parametrize("file", sorted((INSTANCES / "tiny").glob("*.yaml")), ids=lambda file: file.stem)
def test_rows_of_tiny_instances_pass_as_they_are(file: Path) -> None:
    """Tests that no row, limit or cost of a tiny instance changes on its way to whole numbers."""
    matrix, model, step = _models(accepted_alone(load_instance(file)))
    assert model.loosened == 0
    assert (_rows(model).toarray() == matrix.rows.toarray()).all()
    for ours, theirs in ((model.low, matrix.low), (model.high, matrix.high)):
        closed = np.isfinite(theirs)
        assert (ours[closed] == theirs[closed]).all()
        assert (abs(ours[~closed] / 2) >= 2**62).all()
    assert (model.costs * float(step) == matrix.costs[0]).all()
    assert model.offset * float(step) == matrix.offsets[0]


def test_whole_model_has_the_same_optimum() -> None:
    """Tests that nothing is lost where every column must be whole, on random tiny instances."""

    @dear(40)  # every one takes two proven optima
    @given(tiny_instances())
    def same(instance: Instance) -> None:
        alone = accepted_alone(instance)
        problem = compile_instance(alone)
        if any(block.why is not None and block.chain.required for block in problem.blocks.values()):
            return
        matrix, model, step = _models(alone)
        value = solve(alone, method="exact", options=Options(gap=0.0, threads=1)).levels[0].value
        if not matrix.columns:
            assert value is None or value == model.offset * step
            return
        whole = replace(
            matrix,
            lower=model.lower.astype(float),
            upper=model.upper.astype(float),
            integer=np.ones(len(model.lower), dtype=np.int32),
            rows=csc_array(_rows(model).astype(float)),
            low=np.where(model.low == np.iinfo(np.int64).min, -np.inf, model.low),
            high=np.where(model.high == np.iinfo(np.int64).max, np.inf, model.high),
        )
        outcome = Highs(whole, stop=Event(), watch=lambda _: None).minimise(0, gap=0.0, time_limit_s=30.0)
        assert (outcome.vector is None) == (value is None)
        assert value is None or outcome.bound == pytest.approx(value)

    same()


def test_fractions_become_whole() -> None:
    """Tests that decimals are taken for what they stand for, limits included."""
    (row,) = whole_row([0.1, 0.25, -1.0], -np.inf, 0.3, np.array([1.0, 1.0, 3.0]))
    assert row == ([2, 5, -20], None, 6, False)


@pytest.mark.parametrize(
    ("coefficients", "limit"), [([2.0**61, 3.0, -(2.0**60)], 2.0**60), ([0.1, 1e-17, 1 / 7], 0.1), ([1e300, 1, 2], 3)]
)
def test_what_cannot_be_whole_lets_in_no_less(coefficients: list[float], limit: float) -> None:
    """Tests that rounding never forbids what a row allows, from either side, and keeps to 64 bits."""
    upper = np.array([1.0, 2.0, 1.0])
    exact = [Fraction(coefficient) for coefficient in coefficients]
    for low, high in ((-np.inf, limit), (limit, np.inf), (limit, limit)):
        rows = list(whole_row(coefficients, low, high, upper))
        assert len(rows) == (2 if low == high else 1)
        for row in rows:
            assert row.loosened
            assert sum(abs(one) for one in row.coefficients) * 2 <= MOST
        for point in product(range(2), range(3), range(2)):
            value = sum(a * x for a, x in zip(exact, point, strict=True))
            if low <= value <= high:
                for row in rows:
                    rounded = sum(a * x for a, x in zip(row.coefficients, point, strict=True))
                    assert row.low is None or row.low <= rounded
                    assert row.high is None or rounded <= row.high


def test_rows_of_both_kinds_keep_their_limits() -> None:
    """Tests that open limits stay open, whether a row was whole or not."""
    given_rows = csr_array(np.array([[1.0, 2.0], [0.5, 0.0]]))
    rows, low, high, loosened = whole_rows(given_rows, np.array([1.0, 0.2]), np.full(2, np.inf), np.ones(2))
    assert rows.toarray().tolist() == [[1, 2], [1, 0]]
    assert low.tolist() == [1, 1]
    assert high.tolist() == [2**63 - 1] * 2
    assert loosened == 0


def test_true_fractions_are_refused() -> None:
    """Tests that a model with a variable that must stay a fraction is refused by name."""
    instance = load_instance(INSTANCES / "tiny" / "capacity.yaml")
    with pytest.raises(ValueError, match="variables most cannot be made whole"):
        _models(replace(instance, objective=({Term(CostTerm.BALANCE): Fraction(1)},)))


def test_table_is_narrow() -> None:
    """Tests that large figures fit into 80 columns, and that what is unknown is a dash."""
    rows = [
        Row("HiGHS 1.16.0", "time-limit", 1234567.5, 1234567.5, 1234.5, 1234.5, 2**36, 2**36, violations=3),
        Row("CP-SAT 9.15.6755", "killed"),
    ]
    lines = table(rows)
    assert max(len(line) for line in lines) <= 80
    assert lines[-1].split() == ["CP-SAT", "9.15.6755", "killed", "-", "-", "0.0", "0.0", "0.00,", "0.00"]


def test_highs_stands_alone_where_or_tools_cannot_be_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that the report says so and gives the figures of HiGHS."""

    def here(_: str, function: Callable[..., Row], *arguments: Any) -> Row:
        return function(*arguments)

    monkeypatch.setattr(rivals, "cp_sat_version", lambda: None)
    monkeypatch.setattr(rivals, "_in_process", here)
    lines = list(report(load_instance(INSTANCES / "tiny" / "capacity.yaml"), 10.0, 1))
    assert "OR-Tools cannot be fetched with uv, so HiGHS stands alone" in lines
    assert any(line.split()[2:5] == ["optimal", "2", "2"] for line in lines)
    assert max(len(line) for line in lines) <= 80

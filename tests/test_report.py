"""What people read: within 80 columns whatever the names are, and no figure of the answer missing."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

import pytest

from mosaico_place.costing import Cost
from mosaico_place.instance import Instance, Kind, Node, Term
from mosaico_place.method import Progress
from mosaico_place.placement import ChainPlacement, Placement, Spot
from mosaico_place.progress import describe
from mosaico_place.quantities import Dimension
from mosaico_place.report import checked, solved, text, valid
from mosaico_place.report.figures import quantity
from mosaico_place.result import (
    BudgetResult,
    LevelResult,
    LinkUse,
    Rejection,
    Result,
    Termination,
    Use,
    Violation,
)
from mosaico_place.rules import CostTerm, Rule

INSTANCE = Instance(
    "cloud-gaming-edge",
    {"edge-1": Node("edge-1", Kind.SERVER)},
    (),
    {},
    {},
    resources={"fpga": Dimension.COUNT},
    objective=(
        {Term(CostTerm.REJECTED): Fraction(1)},
        {Term(CostTerm.LATENCY): Fraction(1), Term(CostTerm.ACTIVE): Fraction(1, 5)},
    ),
)
CHAIN = ChainPlacement(
    {"game": Spot("edge-1", "gpu", "gpu-0"), "encode": Spot("edge-1", "vnf"), "filter": Spot("switch", "p4")},
    {("pad", "game"): ("gnb", "switch", "edge-1"), ("game", "encode"): ("edge-1",)},
)


def answer(chains: int, name: str = "player") -> Result:
    """An optimal result that accepts so many chains and rejects one."""
    names = tuple(f"{name}-{number}" for number in range(1, chains + 1))
    return Result(
        instance="cloud-gaming-edge",
        method="exact",
        termination=Termination.OPTIMAL,
        levels=(
            LevelResult({"rejected": 4.0}, 4.0, 4.0, 0.0),
            LevelResult({"latency": 1.25, "active": 5.0}, 2.25, 2.0, 1 / 9),
        ),
        placement=Placement(dict.fromkeys(names, CHAIN)),
        terms={"rejected": 4.0, "latency": 1.25, "active": 5.0, "links": 3.5, "preference": 0.0},
        accepted=names,
        accepted_weight=10.0 * chains,
        accepted_weight_bound=10.0 * chains + 2,
        rejected=(Rejection("backup", "no server has 64 free cores"),),
        budgets={chain: (BudgetResult("pad", "game", 21000.0, 40000.0, 20000.0),) for chain in names[1:]}
        | {names[0]: ()},
        nodes={
            "edge-1": {"cpu": Use(5.0, 32.0, 2.0), "memory": Use(9.0 * 2**30, 2.0**37), "fpga": Use(0.0, 2.0)},
            "switch": {"stages": Use(4.0, 12.0)},
        },
        devices={"edge-1": {"gpu-0": {"share": Use(0.5, 1.0)}}},
        links=(LinkUse("gnb", "switch", 10**6, 10**10),),
        runtime_s={"load": 0.25, "solve": 1.0},
    )


def rows(report: str) -> set[str]:
    """Lines with the space between columns reduced."""
    return {re.sub(r"\s{2,}", " | ", line.strip()) for line in report.splitlines()}


def test_answer_in_full() -> None:
    """Tests every section of the report of a small answer."""
    report = rows(text(solved(answer(2), INSTANCE)))
    assert report >= {
        "cloud-gaming-edge: optimal, proven best on every level",
        "method exact, 1.25 s; 2 of 3 chains accepted, weight 20 of at most 22",
        "1 | rejected | 4 | 4 | 0 %",
        "2 | latency + 0.2 x active | 2.25 | 2 | 11 %",
        "latency | (1.25)",
        "active | (5)",
        "links, in no level | (3.5)",
        "player-1 | - | - | -",
        "player-2 | pad → game | 21.0 ms | 40.0 ms | 20.0 ms",
        "player-1 | game | edge-1 | gpu on gpu-0",
        "encode | edge-1 | vnf",
        "filter | switch | p4",
        "player-1 | pad → game | gnb → switch → edge-1",
        "backup | no server has 64 free cores",
        "edge-1 gpu-0 | share | 0.5 | 1 | 50 %",
        "edge-1 | cpu | 5 + 2 reserved | 32 | 22 %",
        "edge-1 | memory | 9 GiB | 128 GiB | 7 %",
        "gnb → switch | bandwidth | 1 Mbps | 10 Gbps | 0.01 %",
        "checked: all rules kept",
    }
    assert not any("fpga" in row or "preference" in row for row in report)


def test_terms_since_the_previous_placement() -> None:
    """Tests that moves, drops and balance are told where no level names them, unless they are 0, and summed up else."""
    terms = {"dropped": 3.0, "moves": 0.5, "balance": 0.875, "latency": 0.0}
    report = rows(text(solved(replace(answer(1), terms=terms), INSTANCE)))
    assert {"dropped, in no level | (3)", "moves, in no level | (0.5)", "balance, in no level | (0.875)"} <= report
    assert not any("latency, in no level" in row for row in report)
    level = {Term(CostTerm.DROPPED): Fraction(1), Term(CostTerm.MOVES, "gold"): Fraction(1, 50)}
    costs = Cost({Term(CostTerm.DROPPED): Fraction(3), Term(CostTerm.MOVES, "gold"): Fraction(5)}, (Fraction(31, 10),))
    report = rows(text(checked(replace(INSTANCE, objective=(level,)), [], costs)))
    assert {"1 | dropped + 0.02 x moves.gold | 3.1", "dropped | (3)", "moves.gold | (5)"} <= report


def test_many_chains_are_abbreviated() -> None:
    """Tests that many chains take a line each, that the cut is spoken of, and how to see all is said."""
    report = rows(text(solved(answer(70), INSTANCE)))
    assert "player-12 | edge-1: game, encode; switch: filter" in report
    assert "player-13 | edge-1: game, encode; switch: filter" not in report
    assert {"... and 58 more; --json shows them all", "... and 10 more; --json shows them all"} <= report


def test_one_row_per_reason() -> None:
    """Tests that chains which are rejected for one reason share a row, and that a long list of them is cut."""
    same = tuple(Rejection(f"r{number}", "no room") for number in range(22))
    report = " ".join(text(solved(replace(answer(1), rejected=same), INSTANCE)).split())
    assert report.count("no room") == 1
    assert "r19 and 2 more" in report


@pytest.mark.parametrize("chains", [1, 12, 13, 70])
def test_never_wider_than_80_columns(chains: int) -> None:
    """Tests the width with names far longer than a line: they are folded, not cut."""
    name = "a-name-that-goes-on-and-on-" * 4
    report = text(solved(answer(chains, name), INSTANCE))
    assert max(map(len, report.splitlines())) <= 80
    assert "".join(report.split()).count("on-and-on") >= 4


def test_names_are_no_markup() -> None:
    """Tests that what looks like markup or an emoji in a name is shown as it stands."""
    report = text(solved(answer(1, "[red]:smile:[/nonsense]"), INSTANCE))
    assert "[red]:smile:[/nonsense]-1" in report


def test_every_answer_is_plain_text_without_a_terminal() -> None:
    """Tests that no colours and no trailing spaces are written to a file."""
    report = text(solved(answer(1), INSTANCE))
    assert "\x1b" not in report
    assert all(line == line.rstrip() for line in report.splitlines())


@pytest.mark.parametrize("termination", list(Termination))
def test_nothing_found(termination: Termination) -> None:
    """Tests that an answer without a placement says so, and neither costs nor a check that never was."""
    nothing = replace(answer(1), termination=termination, placement=None, accepted=(), accepted_weight=None)
    report = text(solved(nothing, INSTANCE))
    assert "nothing found" in " ".join(report.split()) or termination is Termination.INFEASIBLE
    assert "no server has 64 free cores" in report
    assert "checked" not in report
    assert "weight" not in report


def test_check_report() -> None:
    """Tests what ``check`` says of a placement that breaks a rule and of one that breaks none."""
    total = Cost(
        {
            Term(CostTerm.REJECTED): Fraction(4),
            Term(CostTerm.LATENCY): Fraction(5, 4),
            Term(CostTerm.ACTIVE): Fraction(5),
        },
        (Fraction(4), Fraction(9, 4)),
    )
    good = rows(text(checked(INSTANCE, [], total)))
    assert {"cloud-gaming-edge: no rule broken", "2 | latency + 0.2 x active | 2.25"} <= good
    bad = rows(text(checked(INSTANCE, [Violation(Rule.CAPACITY, "node edge-1, cpu", "9 used of 8")], total)))
    assert {"cloud-gaming-edge: 1 violation", "capacity | node edge-1, cpu | 9 used of 8"} <= bad


def test_validate_report() -> None:
    """Tests that the line of a good file counts what is in it."""
    line = "edge.yaml: ok (cloud-gaming-edge: 1 node, 0 links, 0 functions, 0 chains)\n"
    assert valid("edge.yaml", INSTANCE) == line


@pytest.mark.parametrize(
    ("amount", "dimension", "shown"),
    [
        (0.021, Dimension.TIME, "21.0 ms"),
        (0.0400004, Dimension.TIME, "40.0 ms"),
        (1.5e-6, Dimension.TIME, "1.50 us"),
        (3e-9, Dimension.TIME, "3.00 ns"),
        (0, Dimension.TIME, "0"),
        (90, Dimension.TIME, "90.0 s"),
        (0.00099996, Dimension.TIME, "1.00 ms"),
        (1e10, Dimension.RATE, "10 Gbps"),
        (1_500_000, Dimension.RATE, "1.5 Mbps"),
        (7, Dimension.RATE, "7 bps"),
        (128 * 2**30, Dimension.BYTES, "128 GiB"),
        (1536, Dimension.BYTES, "1.5 KiB"),
        (0.4, Dimension.SHARE, "0.4"),
        (2.125, Dimension.CORES, "2.12"),
        (0.0005, Dimension.CORES, "0.0005"),
        (100, Dimension.COUNT, "100"),
        (1234, Dimension.COUNT, "1234"),
    ],
)
def test_quantity(amount: float, dimension: Dimension, shown: str) -> None:
    """Tests how amounts read."""
    assert quantity(amount, dimension) == shown


def test_progress_in_words() -> None:
    """Tests the live line from the first news, when little is known, to the last."""
    assert describe(Progress("compile", 0.4), levels=3) == "compile: 0 s"
    told = Progress("solve", 2.0, level=2, incumbent=10.0, bound=9.0, nodes=7)
    assert describe(told, levels=3) == "solve, level 2 of 3: value 10, bound 9, gap 10 %, 7 nodes, 2 s"
    assert describe(told, levels=3, since_s=5.0).endswith(" 7 s")

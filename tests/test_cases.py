"""Every rule and cost term by itself: its case, its rows or cost as an LP, its functions, its place in the docs."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import pytest

from mosaico_place import checking, costing
from mosaico_place.checking import check
from mosaico_place.compile import Problem, candidates
from mosaico_place.costing import cost
from mosaico_place.exact import objective
from mosaico_place.exact.constraints import ROWS
from mosaico_place.exact.highs import Highs
from mosaico_place.exact.method import solve_exact
from mosaico_place.exact.model import build, transfer
from mosaico_place.instance import Term
from mosaico_place.method import Options
from mosaico_place.placement import Placement
from mosaico_place.result import Termination
from mosaico_place.rules import OF_PLACEMENTS, CostTerm, Rule
from tests.case import FOLDERS, Word, code_name, fractions, lp_text, path_of, read_case

MODEL_PAGE = Path(__file__).parents[1] / "docs" / "model.md"
SECTIONS: dict[type[Word], str] = {Rule: "Rules", CostTerm: "Cost terms"}
TOLERANCE = 1e-6

every_word = pytest.mark.parametrize(
    "word", [*OF_PLACEMENTS, *CostTerm], ids=lambda word: f"{type(word).__name__}-{word}"
)
every_rule = pytest.mark.parametrize("rule", OF_PLACEMENTS)
every_term = pytest.mark.parametrize("term", list(CostTerm))


def solved(problem: Problem) -> tuple[tuple[Fraction, ...], Placement]:
    """Exact level values and the placement of a problem that is solved to the end."""
    answer = solve_exact(problem, Options(gap=0.0, threads=1))
    assert answer.termination is Termination.OPTIMAL
    assert answer.placement is not None
    assert check(problem.instance, answer.placement, problem.previous, problem.max_moves) == []
    values = cost(problem.instance, answer.placement, problem.previous).levels
    assert [float(value) for value in values] == pytest.approx(answer.bounds, abs=TOLERANCE)
    return values, answer.placement


@every_word
def test_optimum(word: Word) -> None:
    """Tests that exact finds the optimum that was worked out by hand."""
    case = read_case(word)
    assert solved(case.problem)[0] == fractions(case.data["optimum"])


@every_rule
def test_rule_binds(rule: Rule) -> None:
    """Tests that the optimum is better, by as much as worked out, where the rule is slack."""
    case = read_case(rule)
    expected = fractions(case.data["relaxed-optimum"])
    assert solved(case.relaxed)[0] == expected
    assert expected < fractions(case.data["optimum"])


@every_rule
def test_broken_rule_is_found(rule: Rule) -> None:
    """Tests that the checker finds this one violation, and that the optimum is beaten only by breaking the rule."""
    case = read_case(rule)
    placement = case.placement("breaking")
    (violation,) = check(case.instance, placement, case.previous, case.max_moves)
    assert violation.rule is rule
    assert violation.where == case.data["violation"]["where"]
    assert violation.amount == float(Fraction(case.data["violation"]["amount"]))
    assert cost(case.instance, placement, case.previous).levels < fractions(case.data["optimum"])


@pytest.mark.parametrize("rule", list(ROWS))
def test_rows_bind(rule: Rule) -> None:
    """Tests that the model without the rule's rows believes in something better than the optimum."""
    case = read_case(rule)
    formulation = build(case.problem)
    getattr(formulation.model, code_name(rule)).deactivate()
    options = Options(threads=1)
    highs = Highs(transfer(formulation), stop=options.stop, watch=lambda _: None)
    outcome = highs.minimise(0, gap=0.0, time_limit_s=60.0)
    assert outcome.bound < float(fractions(case.data["optimum"])[0]) - TOLERANCE


@every_term
def test_term_matters(term: CostTerm) -> None:
    """Tests that an objective without the term has another optimum and another best placement."""
    case = read_case(term)
    values, placement = solved(case.without)
    assert values == fractions(case.data["without"]["optimum"])
    assert placement != solved(case.problem)[1]
    assert cost(case.instance, placement, case.previous).levels > fractions(case.data["optimum"])


@every_term
def test_term_of_placement(term: CostTerm) -> None:
    """Tests that the term of a placement is what was worked out by hand."""
    case = read_case(term)
    found = cost(case.instance, case.placement("placement"), case.previous)
    assert found.terms[Term(term)] == Fraction(case.data["cost"])


@every_word
def test_golden_lp(word: Word) -> None:
    """Tests that the model's rows are those that were read and accepted (``python -m tests.regenerate_golden``)."""
    assert lp_text(word) == path_of(word, ".lp").read_text(encoding="utf-8")


@every_word
def test_says(word: Word) -> None:
    """Tests that every case says in one sentence what the rule or cost term is about."""
    assert re.fullmatch(r"[A-Z][^\n]*\.", read_case(word).data["says"])


def headings(section: str) -> list[str]:
    """Words that have a heading in a section of ``docs/model.md``."""
    text = MODEL_PAGE.read_text(encoding="utf-8")
    body = re.split(r"^## ", text, flags=re.MULTILINE)
    (part,) = [part for part in body if part.splitlines()[0] == section]
    return re.findall(r"^### `([a-z-]+)`$", part, flags=re.MULTILINE)


@every_word
def test_nothing_lacks(word: Word) -> None:
    """Tests that a rule or cost term has its case, its LP, its functions in model and judge, its paragraph."""
    lacks = [f"{path_of(word, suffix).name}" for suffix in (".yaml", ".lp") if not path_of(word, suffix).is_file()]
    if isinstance(word, Rule):
        in_model = callable(ROWS.get(word)) or callable(getattr(candidates, code_name(word), None))
        judge: object = checking
    else:
        in_model = word in objective.COSTS or word in objective.CLASS_COSTS
        judge = costing
    lacks += [] if in_model else ["a function in the model"]
    lacks += [] if callable(getattr(judge, code_name(word), None)) else ["a function in the judge"]
    lacks += [] if word.value in headings(SECTIONS[type(word)]) else ["a heading in docs/model.md"]
    assert lacks == []


@pytest.mark.parametrize("kind", [Rule, CostTerm])
def test_nothing_is_left_over(kind: type[Word]) -> None:
    """Tests that no case, LP or heading is about a word that does not exist, or comes twice."""
    words = [word.value for word in kind if word is not Rule.TRANSIENT]
    assert {path.stem for path in FOLDERS[kind].iterdir()} == set(words)
    assert headings(SECTIONS[kind]) == words


def test_functions_are_named_like_their_rule() -> None:
    """Tests that the functions of the model bear the names of their rules and cost terms."""
    # Not one dictionary: a rule and a cost term of one name are equal.
    assert [function.__name__ for function in ROWS.values()] == [code_name(rule) for rule in ROWS]
    for costs in (objective.COSTS, objective.CLASS_COSTS):
        assert [function.__name__ for function in costs.values()] == [code_name(term) for term in costs]

"""Comparisons: what they count, from which state, that they go on where they were cut off, and what they refuse."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mosaico_place.dynamics.classic import Classic, classic
from mosaico_place.dynamics.comparing import Listener, compare, replay
from mosaico_place.dynamics.delta import difference
from mosaico_place.dynamics.quantiles import quantile
from mosaico_place.dynamics.record import answer_line, head_line, read_record
from mosaico_place.dynamics.replay import Answered, Mode
from mosaico_place.dynamics.rows import Counts, Row, Start, row_of
from mosaico_place.dynamics.strategy import STRATEGIES, Maker, Reply, Stateless, strategy_names
from mosaico_place.dynamics.study import Study
from mosaico_place.dynamics.summaries import Spread, accepted_ratio, summarize
from mosaico_place.errors import SolverError
from mosaico_place.instance import Instance
from mosaico_place.levers import Lever
from mosaico_place.placement import EMPTY, Placement
from mosaico_place.planning import Transition, check_plan
from mosaico_place.scenario import load_scenario
from tests.program import Run

ROOT = Path(__file__).parents[1]
SHIPPED = sorted((ROOT / "scenarios").glob("*.yaml"))
SCHEMA = json.loads((ROOT / "docs" / "schema" / "compare.json").read_text(encoding="utf-8"))

BASE = """\
format: 1
infrastructure:
  nodes: {a: {kind: access}, sw: {kind: router}, edge: {kind: server, cpu: 2}}
  links:
    - {between: [a, sw], bandwidth: 1 Gbps, latency: 1 ms}
    - {between: [sw, edge], bandwidth: 1 Gbps, latency: 1 ms}
functions: {work: {implementations: {vnf: {cpu: 1}}}}
templates: {job: {line: {from: a, through: [work], to: a}, rate: 1 Mbps}}
chains: {one: {template: job, weight: 1}}
"""

TINY = """\
format: 1
instance: base.yaml
events:
  - {at: 10 s, arrive: {two: {template: job, weight: 3}}}
  - {at: 20 s, arrive: {three: {template: job, weight: 2}}, wait: false}
  - {at: 30 s, arrive: {four: {template: job, weight: 1}}}
  - {at: 40 s, depart: two}
  - {at: 50 s, depart: three}
  - {at: 60 s, depart: one}
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A scenario in which a chain is lost and another waits."""
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")
    (tmp_path / "tiny.yaml").write_text(TINY, encoding="utf-8")
    return tmp_path / "tiny.yaml"


@pytest.mark.parametrize("name", ["restructure", "classic", "classic-first", "resolve"])
def test_accepted_ratio_by_hand(tiny: Path, name: str) -> None:
    """Tests what is served by what is asked for, where one is lost until it would have gone, and one waits."""
    study = Study([name], (Mode.OWN,), resolve_every=1)
    comparison = compare(load_scenario(tiny), study)
    (summary,) = comparison.summaries
    assert [row.accepted for row in comparison.rows] == [4, 4, 4, 2, 2, 1]
    assert [row.requested for row in comparison.rows] == [4, 6, 7, 4, 2, 1]
    served = 1 * 10 + 4 * 10 + 4 * 10 + 4 * 10 + 2 * 10 + 2 * 10
    asked = 1 * 10 + 4 * 10 + 6 * 10 + 7 * 10 + 4 * 10 + 2 * 10
    assert summary.accepted_ratio == pytest.approx(served / asked)
    assert summary.answers == summary.found == 6
    assert summary.counts.interrupted == 0


def test_accepted_ratio_of_a_few_changes() -> None:
    """Tests that from the same state each answer counts until the next change, where one was asked."""
    rows = [row(batch=1, at_ns=20, accepted=3, requested=4), row(batch=3, at_ns=40, accepted=1, requested=2)]
    start = Start("", "", EMPTY, None, 9, 9)
    assert accepted_ratio(rows, [10, 20, 30, 40], [start]) == 3 / 4  # the last one lasts no time
    own = [replace(one, mode=Mode.OWN) for one in rows]
    assert accepted_ratio(own, [10, 20, 30, 40], [start]) == (90 + 30) / (90 + 40)
    assert accepted_ratio([row(batch=0, at_ns=0)], [0], [start]) == 1.0


def row(**given: Any) -> Row:
    """A row with little in it."""
    levels = given.get("levels", (0.0,))
    base = Row(
        without="", mode=Mode.SAME, batch=0, at_ns=0, what="", strategy="mine", requested=0, accepted=0,
        held=given.get("accepted", 0), terms={}, levels=levels, bounds=(None,) * len(levels), found=True, proven=False,
        counts=Counts(), idle=Counts(), seconds=0.001, answer_s=given.get("seconds", 0.001),
    )  # fmt: skip
    return replace(base, **given)


def test_gaps() -> None:
    """Tests that levels are compared where all before them are equal, and that bounds of others hold there as well."""
    rows = [
        row(
            levels=(0.0, 10.0, 5.0), bounds=(None, 8.0, None), counts=Counts(2, 1, 1, 0, 7), idle=Counts(1, 0, 0, 1, 3)
        ),
        row(strategy="resolve", levels=(0.0, 8.0, 9.0), bounds=(0.0, 6.0, 8.0), seconds=0.1, proven=True),
        row(batch=1, levels=(1.0, 3.0, 5.0)),
        row(batch=1, strategy="resolve", levels=(1.0, 3.0, 6.0), bounds=(1.0, 2.0, 3.0), seconds=0.3),
        row(batch=2, strategy="resolve", found=False, levels=(0.0, 0.0, 0.0), bounds=(None, None, None), seconds=9.0),
        row(batch=2, levels=(5.0, 0.0, 0.0)),
    ]
    mine, resolve = summarize(rows, ["mine", "resolve"], [0, 1, 2], [])
    assert mine.gap_to_resolve == (Spread(0, 0, 0), Spread(0.1, 0.2, 0.2), Spread(-1 / 6, -1 / 6, -1 / 6))
    # At the first change the bound of 8 on the last level is no bound for mine, which is worse on the one before.
    assert mine.gap_to_bound == (Spread(0, 0, 0), spread(0.2, 1 / 3), spread(2 / 5))
    assert resolve.gap_to_resolve == (None, None, None)
    assert resolve.gap_to_bound == (Spread(0, 0, 0), spread(0.0, 1 / 3), spread(1 / 9, 1 / 2))
    assert mine.speedup == pytest.approx((200, 300))
    assert resolve.speedup is None
    assert (mine.counts, mine.answers, resolve.found, resolve.proven) == (Counts(3, 1, 1, 1, 10), 3, 2, 1)
    assert resolve.time_ms is not None
    assert resolve.time_ms.max == pytest.approx(300)


def spread(*values: float) -> Any:
    """Mean, high quantile and maximum of one or two values."""
    return Spread(*(pytest.approx(one) for one in (sum(values) / len(values), max(values), max(values))))  # type: ignore[arg-type]


def test_bounds_are_shared_from_one_state_only() -> None:
    """Tests that on their own ways, what is proven for one says nothing about another."""
    rows = [row(levels=(2.0,)), row(strategy="resolve", levels=(1.0,), bounds=(1.0,))]
    assert summarize(rows, ["mine"], [0], [])[0].gap_to_bound == (spread(1 / 2),)
    own = [replace(one, mode=Mode.OWN) for one in rows]
    (summary,) = summarize(own, ["mine"], [0], [])
    assert (summary.gap_to_bound, summary.gap_to_resolve) == ((None,), (None,))


def test_quantile() -> None:
    """Tests that a quantile is a value that was measured."""
    assert [quantile([4, 1, 3, 2], share) for share in (0.25, 0.5, 0.75, 0.99)] == [1, 2, 3, 4]
    assert quantile(range(100), 0.95) == 94
    assert quantile([7], 0.5) == 7


def test_modes(tiny: Path) -> None:
    """Tests that all start from the state that the first one left, or each from its own."""
    scenario = load_scenario(tiny)
    lazy: dict[str, Maker] = {"none": lambda _: Stateless(lambda *_: EMPTY), "classic": classic}
    same = list(replay(scenario, Study(lazy), Mode.SAME))
    assert [(one.batch.index, one.strategy) for one in same[:4]] == [
        (0, "classic"),
        (0, "none"),
        (1, "classic"),
        (1, "none"),
    ]
    assert {name for one in same[2:] for name in one.before.chains} == set()  # none leads, and leaves nothing
    own = list(replay(scenario, Study(lazy), Mode.OWN))
    assert [one.strategy for one in own[:2]] == ["none", "classic"]
    for earlier, later in zip(own, own[2:], strict=False):
        placed = earlier.judged.reply.placement.chains
        assert later.before.chains == placed


def test_resolve_has_its_turns(tiny: Path) -> None:
    """Tests that re-solves come at every second change, and that others answer in between for the one on its own."""
    comparison = compare(load_scenario(tiny), Study(["classic", "resolve"], resolve_every=2))
    rows = [one for one in comparison.rows if one.strategy == "resolve"]
    assert [one.batch for one in rows if one.mode is Mode.SAME] == [1, 3, 5]
    assert [one.found for one in rows if one.mode is Mode.OWN] == [False, True] * 3
    same, own = (one for one in comparison.summaries if one.strategy == "resolve")
    assert (same.answers, same.found, own.answers, own.found) == (3, 3, 6, 3)


def test_own_strategy_is_judged(tiny: Path) -> None:
    """Tests that what breaks a rule, or its own bound, is refused."""
    scenario = load_scenario(tiny)

    def stale(_: Instance, before: Placement) -> Placement:
        return before

    with pytest.raises(SolverError, match="stale answers change 6"):  # keeps what has departed
        list(replay(scenario, Study({"stale": lambda _: Stateless(stale)})))

    class Boasting(Classic):
        def answer(self, instance: Instance) -> Reply:
            return replace(super().answer(instance), bounds=(0.0, 99.0, None, None))

    with pytest.raises(SolverError, match="below its bound 99"):
        list(replay(scenario, Study({"boasting": lambda setting: Boasting(setting)})))


def test_stopped(tiny: Path) -> None:
    """Tests that a comparison that is stopped says what it has, and that it is not complete."""
    stop, told = threading.Event(), []

    def answered(_: Answered, row: Row) -> None:
        told.append(row)
        if len(told) == 3:
            stop.set()

    comparison = compare(load_scenario(tiny), Study(["classic"]), stop=stop, listener=Listener(answered=answered))
    assert (len(comparison.rows), comparison.complete) == (3, False)
    assert [one.answers for one in comparison.summaries] == [3]


def test_delta() -> None:
    """Tests that what differs is enough, and that a record gives every answer back."""
    scenario = load_scenario(ROOT / "scenarios" / "maintenance.yaml")
    study = Study(["classic"], start_limit_s=3)
    answers = list(replay(scenario, study))
    for one in answers:
        after = one.judged.reply.placement
        assert difference(one.before, after).on(one.before) == after
    lines = [head_line(scenario, study), *(answer_line(one, row_of(one)) for one in answers)]
    known, _ = read_record("".join(lines), scenario, study)
    assert known.rows == [row_of(one) for one in answers]
    for one in answers:
        answer, stands = known.recorded["", one.mode][one.batch.index, one.strategy].after(one.before)
        assert answer == stands == one.judged.reply.placement


def timeless(document: dict[str, Any]) -> dict[str, Any]:
    """A document without times."""
    strategies = [{k: v for k, v in one.items() if k not in ("time_ms", "speedup")} for one in document["strategies"]]
    return {**document, "strategies": strategies}


def test_command(tiny: Path, run: Run, tmp_path: Path) -> None:
    """Tests the tables, the document, and that a file of answers is gone on with wherever it was cut off."""
    arguments = ["compare", tiny, "--resolve-every", 2, "--without", "merging"]
    told = run(*arguments)
    assert (told.code, told.err) == (0, "")
    assert max(map(len, told.out.splitlines())) <= 80
    assert "All from the same state at every change, which restructure leads" in told.out
    assert "Each from its own last answer" in told.out
    file = tmp_path / "answers.jsonl"
    whole = run(*arguments, "--json", "-o", file)
    jsonschema.validate(whole.json, SCHEMA)
    assert {(one["strategy"], one["mode"], one["without"]) for one in whole.json["strategies"]} == {
        (strategy, mode, without)
        for strategy in ("restructure", "classic", "classic-first", "resolve")
        for mode in ("same", "own")
        for without in (None, "merging")
    } - {("classic-first", "same", None), ("classic-first", "same", "merging")}
    text = file.read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    again = run(*arguments, "--json", "-o", file)
    assert again.json == whole.json  # times as well: nothing was done again
    assert file.read_text(encoding="utf-8") == text
    for kept in (1, 2, 4, 15, len(lines) - 2):
        file.write_text("".join(lines[:kept]) + lines[kept][:-20], encoding="utf-8")
        resumed = run(*arguments, "--json", "-o", file)
        assert timeless(resumed.json) == timeless(whole.json)
        assert file.read_text(encoding="utf-8").startswith("".join(lines[:kept]))
        assert len(file.read_text(encoding="utf-8").splitlines()) == len(lines)


def test_record_of_something_else(tiny: Path, run: Run, tmp_path: Path) -> None:
    """Tests that answers of another comparison are not mixed with, and other files are left alone."""
    file, other = tmp_path / "answers.jsonl", tmp_path / "other.yaml"
    arguments = ["--strategy", "classic", "--mode", "own", "-o", file]
    assert run("compare", tiny, *arguments).code == 0
    text = file.read_text(encoding="utf-8")
    seed = run("compare", tiny, *arguments, "--seed", 7)
    assert (seed.code, "seed 0, not 7" in seed.err) == (3, True)
    other.write_text(TINY.replace("at: 60 s", "at: 61 s"), encoding="utf-8")
    changed = run("compare", other, *arguments)
    assert (changed.code, "another scenario" in changed.err or "compare 'tiny'" in changed.err) == (3, True)
    assert file.read_text(encoding="utf-8") == text
    for content in ("not JSON\n", "[]\n", text + "{}\n"):
        file.write_text(content, encoding="utf-8")
        assert run("compare", tiny, *arguments).code == 3
        assert file.read_text(encoding="utf-8") == content


def test_wrong_usage(tiny: Path, run: Run) -> None:
    """Tests what is refused before anything is done."""
    for arguments, words in (
        (["--strategy", "restructur"], "did you mean 'restructure'?"),
        (["--strategy", "classic", "--strategy", "classic"], "named twice"),
        (["--mode", "mine"], "same"),
        (["--resolve-every", "0"], "from 1"),
        (["--resolve-limit", "0"], "above 0"),
        (["--without", "mergin"], "did you mean merging?"),
        (["-o", tiny], "would overwrite"),
    ):
        ended = run("compare", tiny, *arguments)
        assert (ended.code, ended.out) == (2, "")
        assert words in " ".join(ended.err.replace("│", " ").split())


def test_given_start(tiny: Path, run: Run, tmp_path: Path) -> None:
    """Tests that a placement may be given to begin with."""
    file = tmp_path / "empty.json"
    file.write_text('{"chains": {}}', encoding="utf-8")
    ended = run("compare", tiny, "--strategy", "classic", "--mode", "own", "--placement", file, "--json")
    assert ended.json["starts"] == [
        {"without": None, "strategy": None, "termination": None, "requested": 1, "accepted": 0}
    ]


def test_idle_time_is_used(tiny: Path) -> None:
    """Tests that what idle time finds stands afterwards, and that the steps to it count."""
    scenario = load_scenario(tiny)
    full: dict[int, Placement] = {}

    class Late(Classic):
        def answer(self, instance: Instance) -> Reply:
            self.better = super().answer(instance)
            return Reply(EMPTY)

        def improve(self, _: float) -> Reply:  # type: ignore[override]
            return self.better

    answers = list(replay(scenario, Study({"late": lambda setting: Late(setting)}, idle_s=1.0)))
    for one, later in pairwise(answers):
        assert one.idle is not None
        assert one.judged.reply.placement.chains == {}
        full[one.batch.index] = one.idle.reply.placement
        assert later.before.chains.keys() == full[one.batch.index].chains.keys()


def test_page_names_what_there_is() -> None:
    """Tests that the page lists every strategy that is installed, and the group where others are declared."""
    page = (ROOT / "docs" / "restructuring.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in page for name in strategy_names())
    assert f'[project.entry-points."{STRATEGIES}"]' in page


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_step_in_what_is_shipped(path: Path) -> None:
    """Tests that no step of any plan breaks a rule, and that maintenance interrupts nobody."""
    study = Study(["restructure"], start_limit_s=1, method="heuristic")
    for one in replay(load_scenario(path), study):
        judged = one.judged
        transition = Transition(one.earlier, one.instance, one.before, judged.reply.placement)
        assert check_plan(transition, judged.plan) == []
        assert path.stem != "maintenance" or judged.plan.interruptions == ()


def test_rewriting_pays() -> None:
    """Tests that without rewriting less is served, and no more where it is decided before placing."""
    crowd = load_scenario(ROOT / "scenarios" / "flash-crowd.yaml")
    few = replace(crowd, events=crowd.events[:24])
    study = Study(
        ["restructure"], (Mode.OWN,), (Lever.REWRITING, Lever.JOINT_REWRITING), start_limit_s=1, method="heuristic"
    )
    ours, off, before = compare(few, study).summaries
    assert ours.accepted_ratio >= before.accepted_ratio
    assert ours.accepted_ratio >= off.accepted_ratio


def test_no_word_is_torn(tiny: Path, run: Run) -> None:
    """Tests that long names of strategies leave room for what happens, in 80 columns."""
    base = tiny.parent / "base.yaml"
    slow = "functions: {work: {implementations: {vnf: {cpu: 2}, small: {level: vnf, cpu: 1}}}}"
    base.write_text(BASE.replace("functions: {work: {implementations: {vnf: {cpu: 1}}}}", slow), encoding="utf-8")
    levers = ("--without", "rewriting", "--without", "joint-rewriting")
    told = run("compare", tiny, "--mode", "own", "--strategy", "restructure", *levers)
    assert (told.code, told.err) == (0, "")
    lines = told.out.splitlines()
    (begin,) = [i for i, line in enumerate(lines) if line.startswith("Weight served")]
    table = lines[begin:]
    assert max(map(len, table)) <= 80
    assert any("at" in line and "what happens" in line for line in table)
    assert any("10.0 s arrive two" in line for line in table)
    assert "joint-rewriting" in "\n".join(table)

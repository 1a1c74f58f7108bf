"""The commands: what is on stdout, what is on stderr, and what the exit code says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from mosaico_place.method import Options
from mosaico_place.placement import EMPTY, Placement
from mosaico_place.result import Result, Termination
from tests.program import TEMPLATE, Ended, Run, fake, result


@pytest.fixture
def impossible(template: Path) -> Path:
    """An instance with a required chain whose budget is shorter than its links."""
    text = template.read_text(encoding="utf-8").replace("within: 10 ms", "within: 10 us\n    required: true")
    template.write_text(text, encoding="utf-8")
    return template


def schema(run: Run, which: str) -> Draft202012Validator:
    """The published schema, itself checked."""
    published = run("schema", which).json
    Draft202012Validator.check_schema(published)
    return Draft202012Validator(published)


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["solve", "--help"], ["--version"]])
def test_help_and_version(run: Run, arguments: list[str]) -> None:
    """Tests that what was asked for is on stdout."""
    ended = run(*arguments)
    assert ended.code == 0
    assert "mosaico-place" in ended.out
    assert ended.err == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sove", "{}"], "Did you mean 'solve'?"),
        (["solve", "nowhere.yaml"], "there is no file nowhere.yaml"),
        (["validate", "{}", "{}l"], "edge.yaml?"),
        (["check", "{}", "."], ". is a folder; name a file in it"),
        (["solve", "{}", "--gap", "-1"], "a number from 0 up, found '-1'; write for example 1e-4"),
        (["solve", "{}", "--gap", "nan"], "a number from 0 up, found 'nan'"),
        (["solve", "{}", "--threads", "0"], "a whole number from 1 to 1024, found '0'"),
        (["solve", "{}", "--seed", "1.5"], "a whole number from 0 to 2147483647, found '1.5'"),
        (["solve", "{}", "--time-limit", "0s"], "a time above 0, found '0s'; write for example 60s"),
        (["solve", "{}", "--time-limit", "60 Gbps"], "a time above 0, found '60 Gbps'; write for example 60s"),
        (["solve", "{}", "--method", "exakt"], "no method 'exakt'; did you mean 'exact'?"),
        (["solve", "{}", "--output", "-"], "--json prints the document to stdout"),
        (["solve", "{}", "--output", "."], "is a folder; name a file in it"),
        (["solve", "{}", "--output", "{}"], "would overwrite the instance"),
        (["solve", "{}", "--output", "nowhere/answer.json"], "nowhere does not exist; create it first"),
        (["solve", "{}", "--max-moves", "3"], "counts moves since a placement; give it with --previous"),
        (["solve", "{}", "--previous", "{}", "--max-moves", "-1"], "a whole number from 0 to 1000000000, found '-1'"),
        (["solve", "{}", "--without", "shearing"], "no lever 'shearing'; did you mean sharing?"),
        (["check", "{}", "{}", "--max-moves", "3"], "counts moves since a placement; give it with --previous"),
        (["check", "{}", "-", "--previous", "-"], "only one file can come from stdin"),
        (["check", "-", "-"], "only one file can come from stdin"),
        (
            ["schema", "instances"],
            "'instance', 'placement', 'result', 'check', 'explain', 'advice', 'validate', 'scenario', 'compare'",
        ),
        (["explain", "{}", "--capacity", "--chain", "backup"], "speaks of all chains; leave out --chain"),
        (["new", "{}"], "exists already and is left alone"),
        (["new", "nowhere/mine.yaml"], "nowhere does not exist; create it first"),
    ],
)
def test_wrong_usage(run: Run, template: Path, arguments: list[str], words: str) -> None:
    """Tests that wrong usage ends with 2, a message that says what would be right, and nothing on stdout."""
    ended = run(*(argument.format(template) for argument in arguments))
    assert ended.code == 2
    assert words in ended.err
    assert ended.out == ""
    assert template.read_text(encoding="utf-8") == TEMPLATE.read_text(encoding="utf-8")


def test_new_prints_or_writes_the_template(run: Run, tmp_path: Path) -> None:
    """Tests that both ways to get the template give the same, and that it keeps the published schema."""
    printed = run("new").out
    run("new", tmp_path / "mine.yaml")
    assert (tmp_path / "mine.yaml").read_text(encoding="utf-8") == printed
    assert list(tmp_path.iterdir()) == [tmp_path / "mine.yaml"]
    schema(run, "instance").validate(yaml.safe_load(printed))


def test_template_is_solved_and_has_no_warnings(run: Run, template: Path) -> None:
    """Tests that the template is what it says: valid, complete, and solved to the optimum with all chains."""
    assert run("validate", template) == Ended(
        0, f"{template}: ok (my-first-instance: 4 nodes, 3 links, 4 functions, 3 chains)\n", ""
    )
    ended = run("solve", template)
    assert (ended.code, ended.err) == (0, "")
    assert "optimal, proven best on every level" in ended.out
    assert "3 of 3 chains accepted, weight 21 of at most 21" in ended.out
    assert ended.out.endswith("checked: all rules kept\n")
    assert max(map(len, ended.out.splitlines())) <= 80


def test_json_of_solve(run: Run, template: Path) -> None:
    """Tests that stdout is one document that keeps the schema, and names every accepted chain."""
    ended = run("solve", template, "--json", "--gap", "0", "--threads", "1", "--seed", "3", "--time-limit", "5min")
    schema(run, "result").validate(ended.json)
    schema(run, "placement").validate(ended.json)
    assert list(ended.json["chains"]) == ended.json["accepted"] == ["player-1", "player-2", "backup"]
    assert ended.json["seed"] == 3
    assert next(iter(ended.json["runtime_s"])) == "load"
    assert ended.err == ""


def test_output_file_beside_the_report(run: Run, template: Path, tmp_path: Path) -> None:
    """Tests that ``-o`` leaves the document in the file, tables on stdout, and nothing else in the folder."""
    answer = tmp_path / "answer.json"
    answer.write_text("old", encoding="utf-8")
    ended = run("solve", template, "-o", answer)
    assert ended.out.startswith("my-first-instance: optimal")
    schema(run, "result").validate(json.loads(answer.read_text(encoding="utf-8")))
    assert sorted(tmp_path.iterdir()) == [answer, template]


def test_previous_placement(run: Run, template: Path, tmp_path: Path) -> None:
    """Tests that an answer can be given back as the previous one."""
    first = run("solve", template, "-o", tmp_path / "answer.json", "--json").json
    again = run("solve", template, "--previous", tmp_path / "answer.json", "--json")
    assert again.code == 0
    assert [level["value"] for level in again.json["objective"]] == [level["value"] for level in first["objective"]]


def test_check_counts_moves_since_the_previous_placement(run: Run, template: Path, tmp_path: Path) -> None:
    """Tests that ``check`` judges a placement with the one before it: how much may move, and what was dropped."""
    answer = run("solve", template, "--json").json
    moved = tmp_path / "moved.json"
    changed = json.loads(json.dumps(answer["chains"]["player-1"]))
    for spot in changed["components"].values():
        spot["implementation"] = "another"
    moved.write_text(json.dumps({"chains": {"player-1": changed, "backup": answer["chains"]["backup"]}}))
    now = tmp_path / "now.json"
    now.write_text(json.dumps({key: answer[key] for key in ("chains", "instances", "rewrites")}), encoding="utf-8")
    components = len(changed["components"])
    assert run("check", template, now, "--previous", moved, "--max-moves", components, "--json").code == 0
    ended = run("check", template, now, "--previous", moved, "--max-moves", components - 1, "--json")
    assert ended.code == 6
    assert [(found["rule"], found["amount"]) for found in ended.json["violations"]] == [("max-moves", 1)]
    nothing = tmp_path / "nothing.json"
    nothing.write_text('{"chains": {}}', encoding="utf-8")
    dropped = run("check", template, nothing, "--previous", now, "--json").json["terms"]["dropped"]
    assert dropped == answer["accepted_weight"]


def test_no_moves_are_allowed(run: Run, template: Path, tmp_path: Path) -> None:
    """Tests that ``--max-moves`` reaches the solver: what cannot stay where it was is not accepted."""
    answer = run("solve", template, "--json").json
    chain = answer["chains"]["player-1"]
    for spot in chain["components"].values():
        spot["node"] = "nowhere"
    before = tmp_path / "before.json"
    before.write_text(json.dumps({"chains": {"player-1": chain}}), encoding="utf-8")
    stays = run("solve", template, "--previous", before, "--max-moves", "0", "--json")
    assert (stays.code, "player-1" in stays.json["accepted"]) == (0, False)
    free = run("solve", template, "--previous", before, "--json")
    assert "player-1" in free.json["accepted"]


def test_check_finds_a_broken_rule(run: Run, template: Path, tmp_path: Path) -> None:
    """Tests that a changed answer ends with 6, in tables and as a document."""
    answer = run("solve", template, "--json").json
    answer["chains"]["player-1"]["flows"][0]["path"] = ["antenna", "server-1"]
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(answer), encoding="utf-8")
    told = run("check", template, changed)
    assert (told.code, told.err) == (6, "")
    assert "routed" in told.out
    document = run("check", template, changed, "--json")
    assert document.code == 6
    schema(run, "check").validate(document.json)
    assert {violation["rule"] for violation in document.json["violations"]} == {"routed"}


def test_check_keeps_to_the_objective(run: Run, template: Path, tmp_path: Path) -> None:
    """Tests that ``check`` costs an answer as ``solve`` did."""
    answer = run("solve", template, "-o", tmp_path / "answer.json", "--json").json
    ended = run("check", template, tmp_path / "answer.json", "--json")
    assert ended.code == 0
    assert ended.json["terms"] == answer["terms"]
    assert ended.json["objective"] == [{key: level[key] for key in ("terms", "value")} for level in answer["objective"]]


def test_validate_speaks_of_every_file(run: Run, template: Path, tmp_path: Path) -> None:
    """Tests a good and a bad file together: the good one on stdout, faults on stderr, or all in one document."""
    bad = tmp_path / "bad.yaml"
    bad.write_text(TEMPLATE.read_text(encoding="utf-8").replace("cpu: 64,", "cpus: 64,"), encoding="utf-8")
    told = run("validate", bad, template)
    assert told.code == 3
    assert told.out.startswith(f"{template}: ok")
    assert "did you mean 'cpu'?" in told.err
    assert all(line.startswith(f"{bad}:") for line in told.err.splitlines())
    document = run("validate", bad, template, "--json")
    assert (document.code, document.err) == (3, "")
    schema(run, "validate").validate(document.json)
    assert [file["ok"] for file in document.json["files"]] == [False, True]
    line = document.json["files"][0]["faults"][0]["line"]
    assert "cpus: 64" in bad.read_text(encoding="utf-8").splitlines()[line - 1]


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_bad_input(run: Run, template: Path, options: list[str]) -> None:
    """Tests that bad input ends with 3, every fault on stderr, and nothing on stdout, with ``--json`` too."""
    text = template.read_text(encoding="utf-8")
    text = text.replace("to: server-2", "to: sever-2").replace("cpu: 16", "cpu: sixteen")
    template.write_text(text, encoding="utf-8")
    ended = run("solve", template, *options)
    assert (ended.code, ended.out) == (3, "")
    assert len(ended.err.splitlines()) >= 2
    assert all(line.startswith(f"{template}:") for line in ended.err.splitlines())


def test_warnings_go_to_stderr(run: Run, template: Path) -> None:
    """Tests that a warning neither stops the work nor shows on stdout."""
    text = template.read_text(encoding="utf-8").replace("links: 0.1", "links: 0.1, active: 1")
    template.write_text(text, encoding="utf-8")
    ended = run("solve", template, "--json")
    assert ended.code == 0
    assert ended.json["accepted"]
    assert ended.err.startswith(f"{template}: warning: ")
    assert "active" in ended.err
    document = run("validate", template, "--json")
    assert (document.code, document.err) == (0, "")
    assert len(document.json["files"][0]["warnings"]) == 1


def test_infeasible(run: Run, impossible: Path) -> None:
    """Tests that a proof of infeasibility ends with 4, with the reason on stdout, as a document too."""
    told = run("solve", impossible)
    assert told.code == 4
    assert told.out.startswith("my-first-instance: infeasible")
    assert "backup" in told.out
    document = run("solve", impossible, "--json")
    assert document.code == 4
    schema(run, "result").validate(document.json)
    assert document.json["chains"] is None


@pytest.mark.parametrize(
    ("termination", "placement", "code"),
    [
        (Termination.TIME_LIMIT, None, 5),
        (Termination.MEMORY_LIMIT, None, 5),
        (Termination.HEURISTIC, None, 5),
        (Termination.INFEASIBLE, None, 4),
        (Termination.INTERRUPTED, None, 130),
        (Termination.INTERRUPTED, EMPTY, 0),
        (Termination.TIME_LIMIT, EMPTY, 0),
    ],
)
def test_exit_codes(
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    template: Path,
    termination: Termination,
    placement: Placement | None,
    code: int,
) -> None:
    """Tests that the exit code tells "nothing found" apart by its cause, and that the document is printed anyway."""
    fake(monkeypatch, lambda _: result(termination, placement))
    ended = run("solve", template, "--json")
    assert ended.code == code
    assert ended.json["termination"] == termination


def test_options_reach_the_solver(run: Run, monkeypatch: pytest.MonkeyPatch, template: Path) -> None:
    """Tests that each option is what the solver is told."""
    told: list[Options] = []

    def listen(options: Options) -> Result:
        told.append(options)
        return result(Termination.OPTIMAL, EMPTY)

    fake(monkeypatch, listen)
    run("solve", template, "--time-limit", "1.5min", "--gap", "0.01", "--seed", "7", "--threads", "2")
    run("solve", template)
    assert (told[0].time_limit_s, told[0].gap, told[0].seed, told[0].threads) == (90, 0.01, 7, 2)
    assert (told[1].time_limit_s, told[1].gap, told[1].seed, told[1].threads) == (None, 1e-4, 0, None)

"""``watch``: what is answered to every kind of line, and that the process can be killed at any moment."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from mosaico_place.dynamics.orchestrator import Orchestrator
from mosaico_place.dynamics.standing import Standing
from mosaico_place.errors import SolverError
from mosaico_place.load import parse_instance
from mosaico_place.source import MAX_BYTES
from mosaico_place.watching import Desk, serve
from tests.program import Run
from tests.test_orchestrator import TWO_SERVERS

SCHEMAS = Path(__file__).parents[1] / "docs" / "schema"
ANSWERS, REQUESTS, JOURNAL = (
    Draft202012Validator(json.loads((SCHEMAS / f"{name}.json").read_text()))
    for name in ("watch-answer", "watch-request", "journal")
)
CHAIN = {"weight": 3, "line": {"from": "user", "through": ["work"], "to": "user"}, "rate": "1 Mbps", "within": "20 ms"}


@pytest.fixture
def desk() -> Iterator[Desk]:
    """One that has placed two chains."""
    with Orchestrator(parse_instance(TWO_SERVERS), strategy="classic") as orchestrator:
        yield Desk(orchestrator, lambda _: None)


def ask(desk: Desk, request: object) -> Any:
    """The answer to a request that keeps the schema, read back."""
    REQUESTS.validate(request)
    return told(desk, json.dumps(request).encode())


def told(desk: Desk, text: bytes) -> Any:
    """The answer to a line, read back."""
    answer = json.loads(json.dumps(desk.answer(text), allow_nan=False))
    ANSWERS.validate(answer)
    return answer


def test_events(desk: Desk) -> None:
    """Tests that an event is answered with what it changes, and a repeat with the same."""
    request = {"id": "x", "at": "12 s", "arrive": {"c": CHAIN}, "wait": False}
    answer = ask(desk, request)
    assert (answer["id"], answer["version"], answer["at"], answer["cause"]) == ("x", 2, "12 s", "events")
    assert answer["chains"].keys() == {"c"}
    assert [step["step"] for step in answer["steps"]] == ["start", "switch"]
    assert ask(desk, request) == answer
    both = ask(desk, {"id": 7, "events": [{"depart": "c"}, {"node-down": "one"}]})
    assert (both["id"], both["version"], both["chains"]["c"]) == ("7", 3, None)


def test_feedback(desk: Desk) -> None:
    """Tests what is known of plans that are done, that fail, and of what the network reports."""
    first = ask(desk, {"query": {}})["query"]
    assert first["pending"] == [{"version": 1, "steps": [1, 2, 3, 4]}]
    assert ask(desk, {"id": "d", "done": {"version": 1, "step": 2}}) == {"id": "d", "done": {"version": 1, "step": 2}}
    assert ask(desk, {"query": {}})["query"]["pending"] == [{"version": 1, "steps": [1, 3, 4]}]
    assert ask(desk, {"done": {"version": 1}}) == {"done": {"version": 1}}
    assert ask(desk, {"query": {}})["query"]["pending"] == []
    failed = ask(desk, {"failed": {"version": 1, "step": 3, "actual": {"chains": {"a": None}}}})
    assert (failed["cause"], failed["about"], set(failed["chains"])) == ("failed", 1, {"a"})
    placement = ask(desk, {"query": {}})["query"]["placement"]
    placement["chains"]["ghost"] = placement["chains"].pop("b")
    report = ask(desk, {"sync": placement})
    assert report["sync"] == {"differs": ["b"], "unknown": ["ghost"]}
    assert [pending["version"] for pending in ask(desk, {"query": {}})["query"]["pending"]] == [report["version"]]
    whole = {"format": 1, "instance": "two-servers", **placement}
    assert ask(desk, {"sync": whole})["sync"]["unknown"] == ["ghost"]


def test_questions(desk: Desk) -> None:
    """Tests that questions change nothing."""
    asked = ask(desk, {"id": "w", "what-if": {"node-down": "one"}})
    assert (asked["id"], asked["what-if"]["version"]) == ("w", 2)
    ask(desk, {"events": [{"arrive": {name: CHAIN}, "wait": name == "e"} for name in "cdef"]})
    states = {name: ask(desk, {"query": {"chain": name}})["query"]["state"] for name in "aef"}
    assert states == {"a": "accepted", "e": "waiting", "f": "lost"}
    everything = ask(desk, {"query": {}})["query"]
    assert (everything["waiting"], everything["lost"], everything["version"]) == (["e"], ["f"], 2)
    metrics = ask(desk, {"metrics": True})["metrics"]
    assert (metrics["what_ifs"], metrics["events"], metrics["refused"]) == (1, {"arrive": 4}, 2)
    assert (metrics["chains"], metrics["accepted"], metrics["accepted_weight"]) == (5, 4, 11)
    assert metrics["time_ms"].keys() == {"p50", "p99", "max"}


@pytest.mark.parametrize(
    ("line", "path", "message"),
    [
        (b"x", "", "is no JSON: Expecting value, at column 1"),
        (b'{"depart": "a"', "", "is no JSON: Expecting ',' delimiter, at column 15"),
        (b"[]", "", "expected a mapping such as {'depart': NAME}, found a list"),
        (b'{"rate": NaN}', "", "is no JSON: NaN is no number"),
        (b'{"depart": "a", "depart": "b"}', "", "the key 'depart' is given twice"),
        (b"[" * 100_000, "", "is nested too deep"),
        (b"\xff", "", "is not UTF-8 text"),
        (b"{}", "", "says nothing to do; a line holds one event, or one of events, done, failed, sync, query, "
                    "what-if, metrics"),
        (b'{"depart": "a", "metrics": true}', "", "names depart and metrics; write a line for each; a line holds one "
                    "event, or one of events, done, failed, sync, query, what-if, metrics"),
        (b'{"depart": "z"}', "depart", "there is no chain 'z'; there are a, b"),
        (b'{"dpart": "a"}', "dpart", "unknown key 'dpart', did you mean 'depart'?"),
        (b'{"depart": "a", "at": "12 Gbps"}', "at", "unknown unit 'Gbps' here; write for example '250 us'"),
        (b'{"events": [{"depart": "a"}, {"depart": "z"}]}', "events.1.depart", "there is no chain 'z'; there is b"),
        (b'{"events": []}', "events", "expected at least one event"),
        (b'{"events": [{"depart": "z"}]}', "events.0.depart", "there is no chain 'z'; there are a, b"),
        (b'{"what-if": {"depart": "z"}}', "what-if.depart", "there is no chain 'z'; there are a, b"),
        (b'{"done": {"version": 0}}', "done.version", "expected a whole number from 1 up, found 0"),
        (b'{"done": {"version": 9}}', "version", "there is no version 9; the last one is 1"),
        (b'{"failed": {"version": 1, "actual": {"chains": {"z": null}}}}', "actual.chains.z",
         "there is no chain 'z'; there are a, b"),
        (b'{"query": {"chain": "z"}}', "query.chain", "there is no chain 'z'; there are a, b"),
        (b'{"sync": null}', "sync", "expected a mapping, found nothing"),
    ],
)  # fmt: skip
def test_bad_lines(desk: Desk, line: bytes, path: str, message: str) -> None:
    """Tests that a line that cannot be used is answered by what is wrong with it, and changes nothing."""
    before = repr(desk.orchestrator.standing)
    desk.answer(b"")
    answer = told(desk, line)
    assert answer == {"line": 2, "error": [{"path": path, "message": message}]}
    assert repr(desk.orchestrator.standing) == before
    assert told(desk, b'{"id": "q", "depart": 5}')["id"] == "q"
    assert ask(desk, {"metrics": True})["metrics"]["rejected"] == 2


def test_our_bug(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that a bug in an answer is told to whoever asked and to whoever runs the process, and the work goes on."""
    crashes: list[SolverError] = []
    desk.crashed = crashes.append

    def fail(*_: object, **__: object) -> None:
        raise SolverError("the sky fell")

    with monkeypatch.context() as patch:
        patch.setattr(desk.orchestrator, "apply", fail)
        answer = ask(desk, {"id": "x", "depart": "a"})
    assert answer["error"][0]["message"] == "this is a bug in mosaico-place, nothing has changed: the sky fell"
    assert len(crashes) == 1
    assert ask(desk, {"id": "x", "depart": "a"})["version"] == 2


def test_lines_of_any_length(desk: Desk) -> None:
    """Tests that a line may come in pieces, that one that is too long is refused, and the last needs no end."""
    reader, writer = os.pipe()
    answers: list[Any] = []

    def write() -> None:
        for part in (b'{"depart"', b': "a"}\n\n{"quer', b'y": {}}\n'):
            os.write(writer, part)
        rest = memoryview(b"x" * (MAX_BYTES + 2**20))
        while rest:
            rest = rest[os.write(writer, rest) :]
        os.write(writer, b'\n{"metrics": true}')
        os.close(writer)

    threading.Thread(target=write).start()
    serve(desk, reader, answers.append, threading.Event())
    os.close(reader)
    assert [next(iter({"version", "query", "error", "metrics"} & set(answer))) for answer in answers] == [
        "version", "query", "error", "metrics",
    ]  # fmt: skip
    assert answers[2]["error"][0]["message"] == "is larger than 64 MiB"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The instance in a file, without warnings."""
    text = re.sub(r", \{latency: 1\}, \{links: 1\}", "", TWO_SERVERS)
    path = tmp_path / "two.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_session(run: Run, file: Path) -> None:
    """Tests a session from end to end: it solves, answers, and ends with its input; nothing else is on stdout."""
    lines = [{"id": "1", "depart": "a"}, {"depart": "a"}, {"metrics": True}]
    ended = run("watch", file, "--strategy", "classic", stdin="".join(json.dumps(line) + "\n" for line in lines))
    assert (ended.code, ended.err) == (0, "")
    answers = [json.loads(line) for line in ended.out.splitlines()]
    for answer in answers:
        ANSWERS.validate(answer)
    assert [answer.get("cause") for answer in answers] == ["start", "improved", None, "events", None, None]
    assert answers[2] == {"ready": {"instance": "two-servers", "version": 2, "restored": False}}
    assert answers[4] == {"line": 2, "error": [{"path": "depart", "message": "there is no chain 'a'; there is b"}]}


def test_a_placement_to_begin_with(run: Run, file: Path, tmp_path: Path) -> None:
    """Tests that what runs is not started again."""
    placement = tmp_path / "placement.json"
    assert run("solve", file, "-o", placement).code == 0
    ended = run("watch", file, "--placement", placement, "--strategy", "classic", stdin="")
    first, ready = (json.loads(line) for line in ended.out.splitlines())
    assert (first["steps"], ready["ready"]["version"]) == ([], 1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-"], "stdin is where events come from; name a file"),
        (["{}", "--strategy", "clasic"], "no strategy 'clasic'; did you mean 'classic'?"),
        (["{}", "--journal", "."], ". is a folder; name a file in it"),
        (["{}", "--journal", "nowhere/j"], "nowhere does not exist; create it first"),
        (["{}", "--cool-down", "-1s"], "must be a time above 0, found '-1s'"),
    ],
)
def test_wrong_usage(run: Run, file: Path, arguments: list[str], words: str) -> None:
    """Tests that wrong usage ends with 2 before anything is done."""
    ended = run("watch", *(argument.format(file) for argument in arguments))
    assert (ended.code, ended.out) == (2, "")
    assert words in " ".join(ended.err.replace("│", " ").split())


def test_a_journal_of_another_instance(run: Run, file: Path, template: Path, tmp_path: Path) -> None:
    """Tests that it is bad input."""
    journal = tmp_path / "journal"
    with Orchestrator(parse_instance(file.read_text()), strategy="classic", journal=journal):
        pass
    ended = run("watch", template, "--journal", journal, "--strategy", "classic")
    assert (ended.code, ended.out) == (3, "")
    assert "belongs to the instance 'two-servers' as it was" in ended.err


class Watching:
    """A process that watches."""

    def __init__(self, file: Path, journal: Path, *more: str) -> None:
        command = [sys.executable, "-m", "mosaico_place", "watch", str(file), "--journal", str(journal), *more]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.begun: list[Any] = []
        while not self.begun or "ready" not in self.begun[-1]:
            self.begun.append(self.hear())

    def say(self, request: object) -> None:
        """Send a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()

    def hear(self) -> Any:
        """The next answer."""
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def end(self, number: signal.Signals | None = None) -> int:
        """End it: by a signal, or by the end of its input. The exit code."""
        if number is not None:
            self.process.send_signal(number)
            self.process.wait(20)
        self.process.communicate(timeout=20)
        return self.process.returncode


def requests(seed: int) -> Iterator[dict[str, object]]:
    """Events and feedback without end, all of them with an id."""
    rng, names = random.Random(seed), ["a", "b"]
    for number in range(10**6):
        request: dict[str, object] = {"id": f"e{number}", "at": f"{number} s"}
        kind = rng.randrange(5)
        if kind == 0 and len(names) > 1:
            yield {**request, "depart": names.pop(rng.randrange(len(names)))}
        elif kind == 1:
            yield {**request, rng.choice(["node-down", "node-up"]): rng.choice(["one", "two"])}
        elif kind == 2:
            yield {**request, "failed": {"version": 1, "actual": {"chains": {rng.choice(names): None}}}}
        elif kind == 3:
            yield {**request, "capacity": {"node": "one", "cpu": rng.randint(1, 9)}}
        else:
            names.append(f"n{number}")
            yield {**request, "arrive": {names[-1]: CHAIN}}


def test_killed_at_any_moment(file: Path, tmp_path: Path) -> None:
    """Tests that after a kill a restart knows all that was answered, and repeats what was asked again alike.

    The process is killed while it works, at moments drawn by chance. What it was asked last may have been decided or
    not; if nobody heard the answer, asking again gives it.
    """
    rng, journal, stream = random.Random(7), tmp_path / "journal", requests(7)
    asked: list[dict[str, object]] = []
    heard: dict[object, Any] = {}
    for turn in range(3):
        watching = Watching(file, journal, "--strategy", "classic", "--placement", str(no_chains(tmp_path)))
        assert watching.begun[-1]["ready"]["restored"] == (turn > 0)
        for request in asked:
            watching.say(request)
            answer = watching.hear()
            assert heard.setdefault(request["id"], answer) == answer
        version = max((answer["version"] for answer in heard.values()), default=1)
        whole = rng.randrange(3, 12)
        for _ in range(whole):
            asked.append(next(stream))
            watching.say(asked[-1])
            heard[asked[-1]["id"]] = watching.hear()
            version += 1
            assert heard[asked[-1]["id"]]["version"] == version
        watching.say({"query": {}})
        before = watching.hear()["query"]
        threading.Timer(rng.uniform(0, 0.01), watching.process.kill).start()
        for _ in range(rng.randrange(1, 6)):
            asked.append(next(stream))
            try:
                watching.say(asked[-1])
            except OSError:
                break
        watching.process.wait(20)
        watching.end()
        standing = restored(file, journal)
        assert standing.version >= before["version"]
        JOURNAL.validate(json.loads(journal.read_text().splitlines()[-1]))
    again = Watching(file, journal, "--strategy", "classic")
    for request in asked:
        again.say(request)
        answer = again.hear()
        assert heard.setdefault(request["id"], answer) == answer
    again.say({"query": {}})
    last = again.hear()["query"]
    assert again.end() == 0
    # One that is never killed ends where they did, one after the other.
    straight = Watching(file, tmp_path / "other", "--strategy", "classic", "--placement", str(no_chains(tmp_path)))
    for request in asked:
        straight.say(request)
        assert straight.hear()["version"] == heard[request["id"]]["version"]
    straight.say({"query": {}})
    assert straight.hear()["query"] == last
    assert straight.end() == 0
    assert standings(restored(file, tmp_path / "other")) == standings(restored(file, journal))


def no_chains(folder: Path) -> Path:
    """A placement in which nothing runs."""
    path = folder / "nothing.json"
    path.write_text('{"chains": {}}', encoding="utf-8")
    return path


def restored(file: Path, journal: Path) -> Standing:
    """What a restart knows."""
    with Orchestrator(parse_instance(file.read_text()), strategy="classic", journal=journal) as orchestrator:
        return orchestrator.standing


def standings(standing: Standing) -> tuple[object, ...]:
    """What does not depend on how long answers took."""
    return (
        standing.instance, standing.placement, standing.version, standing.clock_ns, standing.moved_ns, standing.lost,
        standing.pending,
    )  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it(file: Path, tmp_path: Path, number: signal.Signals) -> None:
    """Tests that Ctrl-C ends the process cleanly."""
    watching = Watching(file, tmp_path / "journal", "--strategy", "classic", "--resolve-every", "50ms")
    assert watching.end(number) == 0


def test_solving_in_idle_time(file: Path, tmp_path: Path) -> None:
    """Tests that something better is told unasked; the journal holds it too."""
    placement = no_chains(tmp_path)
    more = ("--strategy", "classic", "--placement", str(placement), "--resolve-every", "3s")
    watching = Watching(file, tmp_path / "journal", *more)
    found = watching.hear()
    assert (found["cause"], found["version"], found["admitted"]) == ("improved", 2, ["a", "b"])
    assert watching.end() == 0
    assert restored(file, tmp_path / "journal").version == 2

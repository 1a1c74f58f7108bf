"""The documentation: its examples run, its schemas are the program's, its links lead somewhere."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mosaico_place import InputError, from_json, instance_from_dict, load_instance, parse_instance, parse_placement
from mosaico_place.solving import METHODS
from mosaico_place.source import read_text
from tests.program import Run

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
FORMAT = DOCS / "format.md"
LIBRARY = DOCS / "library.md"
README = ROOT / "README.md"
LINKING = sorted({README, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *DOCS.glob("*.md")})
SCHEMAS = (
    "instance",
    "placement",
    "result",
    "check",
    "validate",
    "explain",
    "advice",
    "scenario",
    "compare",
    "plan",
    "watch-request",
    "watch-answer",
    "journal",
)

_FENCE = re.compile(r"^(?P<indent> *)```(?P<info>[^\n`]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_ROW = re.compile(r"^\| (?P<written>(?:no )?`[^`]+`) \| `(?P<fault>[^`]+)` \|$", re.MULTILINE)
_WRITTEN = "| written | fault |"
_IN_THE_TEXT = "| in the text | fault |"


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    info: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}-{self.line}"


def blocks(page: Path, *infos: str) -> list[Block]:
    """The page's fenced blocks of these kinds."""
    content = page.read_text(encoding="utf-8")
    found = [
        Block(page, content.count("\n", 0, match.start()) + 1, match["info"].strip(), match["text"])
        for match in _FENCE.finditer(content)
    ]
    return [block for block in found if block.info in infos]


def base() -> Any:
    """The complete instance at the top of the page on the format, which its fragments belong to."""
    return read_text(blocks(FORMAT, "yaml")[0].text).data


def merged(data: Any, patch: Any) -> Any:
    """Data with a fragment merged in: mappings merge, all else replaces."""
    if not isinstance(data, dict) or not isinstance(patch, dict):
        return patch
    return {**data, **{key: merged(data.get(key), value) for key, value in patch.items()}}


def changed(data: Any, written: str) -> Any:
    """Data with what a row of a table of faults says: ``no `KEYS` `` takes away, `` `KEYS: VALUE` `` sets."""
    data = copy.deepcopy(data)
    keys, _, value = written.removeprefix("no ").strip("`").partition(": ")
    *way, last = keys.split(".")
    here: Any = data
    for key in way:
        here = here[int(key)] if isinstance(here, list) else here.setdefault(key, {})
    if written.startswith("no "):
        del here[last]
    elif isinstance(here, list):
        here[int(last) : int(last) + 1] = [read_text(value).data]
    else:
        here[last] = read_text(value).data if value else None
    return data


def rows(header: str) -> Iterator[tuple[str, str]]:
    """(what is written, fault) in the tables with this header on the page on the format."""
    for table in FORMAT.read_text(encoding="utf-8").split(header + "\n")[1:]:
        for match in _ROW.finditer(table.split("\n\n")[0]):
            yield match["written"], match["fault"]


def anchors(page: Path) -> set[str]:
    """What a link to a heading of the page may say after the hash."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("block", [*blocks(FORMAT, "yaml"), *blocks(README, "yaml")], ids=str)
def test_instance_loads(block: Block) -> None:
    """Tests that a YAML block that is no fragment is a whole instance without faults."""
    parse_instance(block.text)


@pytest.mark.parametrize("block", blocks(FORMAT, "yaml fragment"), ids=str)
def test_fragment_loads(block: Block) -> None:
    """Tests that a fragment, merged into the page's first instance, has no faults."""
    fragment = read_text(block.text)
    assert fragment.faults == []
    instance_from_dict(merged(base(), fragment.data))


def test_every_block_is_tested() -> None:
    """Tests that the pages hold no block of a kind that no test looks at."""
    assert {block.info for block in blocks(FORMAT, *kinds(FORMAT))} <= {"yaml", "yaml fragment", "json", "text"}
    assert {block.info for block in blocks(LIBRARY, *kinds(LIBRARY))} <= {"python", "toml", "text"}


def kinds(page: Path) -> set[str]:
    """The kinds of blocks that a page holds."""
    return {match["info"].strip() for match in _FENCE.finditer(page.read_text(encoding="utf-8"))}


@pytest.mark.parametrize(("written", "fault"), list(rows(_WRITTEN)))
def test_fault_is_the_one_stated(written: str, fault: str) -> None:
    """Tests that what a table of faults calls wrong has exactly the fault beside it."""
    with pytest.raises(InputError) as raised:
        instance_from_dict(changed(base(), written))
    assert [found.message for found in raised.value.faults] == [fault]


def test_faults_of_the_text_exist() -> None:
    """Tests that the faults of the text itself are told in the words that the broken files get."""
    told = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "data" / "bad").glob("*.txt"))
    stated = [fault for _, fault in rows(_IN_THE_TEXT)]
    assert stated
    assert [fault for fault in stated if fault not in told] == []


def test_documents_are_those_of_the_program(run: Run, tmp_path: Path) -> None:
    """Tests that the JSON documents on the page are what the program reads and writes, times and sizes aside."""
    placement, answer, checked, validated = (block.text for block in blocks(FORMAT, "json"))
    instance, given = tmp_path / "small.yaml", tmp_path / "placement.json"
    instance.write_text(blocks(FORMAT, "yaml")[0].text, encoding="utf-8")
    given.write_text(placement, encoding="utf-8")
    assert set(parse_placement(placement).chains) == {"player"}
    assert from_json(answer).placement is not None

    def timeless(document: Any) -> Any:
        return {key: value for key, value in document.items() if key not in ("model", "runtime_s")}

    assert timeless(run("solve", "--json", instance).json) == timeless(json.loads(answer))
    assert run("check", "--json", instance, given).json == json.loads(checked)
    broken = tmp_path / "broken.yaml"
    broken.write_text(instance.read_text(encoding="utf-8").replace("kind: access", "kind: acess"), encoding="utf-8")
    found = run("validate", "--json", broken).json
    assert [{**file, "file": "broken.yaml"} for file in found["files"]] == json.loads(validated)["files"]
    for which, text in zip(SCHEMAS[1:5], (placement, answer, checked, validated), strict=True):
        jsonschema.validate(json.loads(text), json.loads((DOCS / "schema" / f"{which}.json").read_text()))


def test_library_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that the Python blocks run one after the other, and print what stands in the block behind them."""
    (tmp_path / "small.yaml").write_text(blocks(FORMAT, "yaml")[0].text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    load_instance("small.yaml")
    found = blocks(LIBRARY, "python", "text")
    names: dict[str, Any] = {"__name__": "example"}
    assert found[0].info == "python"
    for block, after in zip(found, [*found[1:], None], strict=True):
        if block.info != "python":
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(block.text, str(block), "exec"), names)
        expected = after.text if after is not None and after.info == "text" else ""
        assert printed.getvalue() == expected, str(block)


def test_library_names_the_entry_point_group() -> None:
    """Tests that methods are declared where the program looks for them."""
    (block,) = blocks(LIBRARY, "toml")
    assert set(tomllib.loads(block.text)["project"]["entry-points"]) == {METHODS}


def holds(answer: Any, shown: Any) -> bool:
    """Whether an answer holds everything that is shown of it."""
    if isinstance(shown, dict):
        return isinstance(answer, dict) and all(key in answer and holds(answer[key], shown[key]) for key in shown)
    if isinstance(shown, list):
        return len(shown) == len(answer) and all(holds(one, other) for one, other in zip(answer, shown, strict=True))
    return bool(answer == shown)


def test_session_is_what_watch_answers(run: Run, tmp_path: Path) -> None:
    """Tests that the lines of the session are answered as shown."""
    (tmp_path / "small.yaml").write_text(blocks(FORMAT, "yaml")[0].text, encoding="utf-8")
    lines = [line for block in blocks(DOCS / "watch.md", "session") for line in block.text.splitlines()]
    sent = "".join(line.removeprefix("> ") + "\n" for line in lines if line.startswith("> "))
    shown = [json.loads(line.removeprefix("< ")) for line in lines if line.startswith("< ")]
    ended = run("watch", tmp_path / "small.yaml", stdin=sent)
    answers = [json.loads(line) for line in ended.out.splitlines()]
    assert (ended.code, len(answers)) == (0, len(shown))
    assert [pair for pair in zip(answers, shown, strict=True) if not holds(*pair)] == []


@pytest.mark.parametrize("which", SCHEMAS)
def test_published_schema_is_the_programs(which: str, run: Run) -> None:
    """Tests that a published schema is what ``mosaico-place schema`` prints; write it anew if this fails."""
    published = (DOCS / "schema" / f"{which}.json").read_text(encoding="utf-8")
    assert published == run("schema", which).out


@pytest.mark.parametrize("page", LINKING, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Tests that every relative link of a page leads to a file, and to a heading in it if it names one."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    broken = []
    for match in _LINK.finditer(text):
        target, _, anchor = match["target"].partition("#")
        if ":" in target:
            continue
        leads = (page.parent / target) if target else page
        if not leads.exists() or (anchor and leads.suffix == ".md" and anchor not in anchors(leads)):
            broken.append(match["target"])
    assert broken == []

"""Reads YAML (and so JSON) from hostile hands: exact scalars, every position, no surprises.

What differs from a plain YAML loader, and why:

* One pass over the parser's events builds the data without recursion: libyaml's own composer dies on deep nesting.
* Scalars follow YAML 1.2: only ``true`` and ``false`` are booleans, ``null``, ``~`` and nothing are None. ``no``,
  ``014``, ``12:30`` and dates stay text. A number becomes an int or an exact Decimal only if that shows exactly as
  written; ``1e3`` stays text, which quantities read as a number and names as it stands.
* Keys are always text, as written.
* Duplicate keys, tags, merge keys and keys that are no text are faults, all collected; aliases are counted, so that
  no small file becomes a large document.

Where a fault points: at the key, if it is about a key or about the whole mapping or list below it; at the value, if
that is a single value; at the beginning of the item in a list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path as FilePath
from typing import Any

import yaml

from mosaico_place.errors import Fault, InputError, Path

MAX_BYTES = 64 * 2**20
"""Largest file that is read."""
MAX_DEPTH = 60
"""Deepest nesting of mappings and lists."""
MAX_ALIAS_VALUES = 1_000_000
"""How many values aliases may add to those that are written out."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,29}")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,29})\.[0-9]{1,30}")
_UNREADABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_JSON_PAIR = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_WORDS: dict[str, object] = {"true": True, "false": False, "null": None, "~": None, "": None}

Position = tuple[int, int]
"""Line and column, both from 1."""


class Source:
    """A document that was read: its data, and where everything in it stands.

    Attributes:
        name: the file's name, as shown in faults; empty for data that came from no text.
        data: dicts with text keys, lists, str, int, Decimal, bool, None.
        faults: what is wrong with the text itself but did not stop the reading.
    """

    def __init__(self, name: str, data: object, marks: Mapping[int, Any], faults: list[Fault]) -> None:
        self.name = name
        self.data = data
        self.faults = faults
        self._marks = marks

    def locate(self, path: Path, *, key: bool = False) -> Position | None:
        """Line and column of what a path leads to, as far as it leads; None for data without a text.

        Args:
            path: keys and list positions from the root.
            key: point at the last key, even if its value is a single value.
        """
        if not self._marks:
            return None
        here, mark = self.data, self._marks[0]
        for part in path:
            child = _child(here, part)
            if child is _NOWHERE:
                break
            found = self._marks[id(here)][part]
            mark = found[0 if key else 1] if isinstance(found, tuple) else found
            here = child
        return mark.line + 1, mark.column + 1

    def order(self, path: Path) -> tuple[int, ...]:
        """A sort key that puts paths in the order of the document."""
        here, order = self.data, []
        for part in path:
            if isinstance(here, dict) and part in here:
                order.append(list(here).index(part))
            elif isinstance(part, int):
                order.append(part)
            here = _child(here, part)
        return tuple(order)

    def fault(self, path: Path, message: str, *, key: bool = False, missing: tuple[str, str] | None = None) -> Fault:
        """A fault at a path of this document, with its position."""
        position = self.locate(path, key=key)
        where = f"{self.name}:{position[0]}:{position[1]}" if position else self.name
        return Fault(path, message, where, missing)


def read_file(path: str | FilePath) -> Source:
    """Read a YAML or JSON file.

    Raises:
        InputError: it cannot be read, is no UTF-8 text, or no YAML.
    """
    name = str(path)
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError([Fault((), f"cannot be read: {why}", name)]) from None
    return read_text(decoded(content, name), name)


def decoded(content: bytes, name: str) -> str:
    """The text of a file.

    Raises:
        InputError: it is too large, or no UTF-8 text.
    """
    if len(content) > MAX_BYTES:
        raise InputError([Fault((), f"is larger than {MAX_BYTES // 2**20} MiB", name)])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        start = content.rfind(b"\n", 0, error.start) + 1
        column = len(content[start : error.start].decode("utf-8", "replace")) + 1
        raise InputError([Fault((), "is not UTF-8 text", f"{name}:{line}:{column}")]) from None


def read_text(text: str, name: str = "<text>") -> Source:
    """Read YAML or JSON text.

    Raises:
        InputError: it is too large or no YAML.
    """
    if len(text) > MAX_BYTES:
        raise InputError([Fault((), f"is larger than {MAX_BYTES // 2**20} MiB", name)])
    bad = _UNREADABLE.search(text)
    if bad is not None:
        line = text.count("\n", 0, bad.start()) + 1
        column = bad.start() - text.rfind("\n", 0, bad.start())
        message = f"the character U+{ord(bad[0]):04X} is not allowed in a text file"
        raise InputError([Fault((), message, f"{name}:{line}:{column}")])
    if text.lstrip()[:1] in ("{", "["):
        # JSON writes what lies beyond 16 bits as two escapes, which YAML does not know.
        text = _JSON_PAIR.sub(_join_pair, text)
    builder = _Builder(name, len(text))
    parser = _LOADER(text)
    try:
        builder.run(parser.get_event)
    except yaml.YAMLError as error:
        if "nesting depth" in str(getattr(error, "problem", "")):
            # PyYAML 6.0.4 looks ahead to a limit of its own before it tells of ours, which the text so far exceeds.
            read_text(text[: error.problem_mark.index], name)  # type: ignore[attr-defined]
        raise InputError([*builder.faults, _syntax_fault(error, text, name)]) from None
    finally:
        parser.dispose()
    return Source(name, builder.root, builder.marks, builder.faults)


def from_data(data: object) -> Source:
    """Take data that is in memory already, copied to dicts with text keys and lists; it has no positions.

    Raises:
        InputError: it is nested too deep, or refers to itself.
    """
    return Source("", _plain(data, 0), {}, [])


def _plain(value: object, depth: int) -> object:
    if depth > MAX_DEPTH:
        raise InputError([Fault((), f"is nested deeper than {MAX_DEPTH} levels")])
    if isinstance(value, Mapping):
        return {_plain_key(key): _plain(below, depth + 1) for key, below in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(below, depth + 1) for below in value]
    return value


def _plain_key(key: object) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)


_NOWHERE = object()


def _child(here: object, part: str | int) -> object:
    """What a key or position leads to, or _NOWHERE."""
    if isinstance(here, dict):
        return here.get(part, _NOWHERE)
    if isinstance(here, list) and isinstance(part, int) and 0 <= part < len(here):
        return here[part]
    return _NOWHERE


def _join_pair(match: re.Match[str]) -> str:
    high, low = int(match[2], 16), int(match[3], 16)
    return match[1] + chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


def _syntax_fault(error: yaml.YAMLError, text: str, name: str) -> Fault:
    """What the YAML parser complains about, in words."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return Fault((), f"is neither YAML nor JSON: {error}", name)
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    problem = str(getattr(error, "problem", None) or "something is wrong here")
    context = getattr(error, "context_mark", None)
    began = f" in what begins in line {context.line + 1}" if context is not None and context.line < mark.line else ""
    message = f"is neither YAML nor JSON: {problem}{began}"
    if line[: mark.column + 1].strip(" ").startswith("\t"):
        message = "a tab indents this line; YAML is indented with spaces"
    return Fault((), message, f"{name}:{mark.line + 1}:{mark.column + 1}")


def _shown_tag(tag: str) -> str:
    standard = "tag:yaml.org,2002:"
    return repr("!!" + tag.removeprefix(standard) if tag.startswith(standard) else tag)


def _scalar(text: str) -> object:
    """The value of an unquoted scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        number = Decimal(text)
        return number if str(number) == text else text
    return text


class _Frame:
    """A mapping or list that is being filled."""

    __slots__ = ("anchor", "count", "data", "key", "key_mark", "last", "marks")

    def __init__(self, data: dict[str, object] | list[object], anchor: str | None, count: int) -> None:
        self.data = data
        self.marks: Any = {} if isinstance(data, dict) else []
        self.anchor = anchor
        self.count = count
        self.key: str | None = None  # the key whose value comes next
        self.last = ""
        self.key_mark: Any = None


class _Builder:
    """Turns parser events into data; ``marks`` holds per id of a dict or list where its members stand."""

    def __init__(self, name: str, length: int) -> None:
        self.root: object = None
        self.marks: dict[int, Any] = {}
        self.faults: list[Fault] = []
        self._name = name
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[object, int]] = {}
        self._count = 0
        self._limit = length + MAX_ALIAS_VALUES
        self._documents = 0

    def run(self, next_event: Callable[[], Any]) -> None:
        """Read all events; InputError for what makes going on useless."""
        handlers: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._on_scalar,
            yaml.MappingStartEvent: self._on_mapping,
            yaml.SequenceStartEvent: self._on_sequence,
            yaml.MappingEndEvent: self._on_end,
            yaml.SequenceEndEvent: self._on_end,
            yaml.AliasEvent: self._on_alias,
            yaml.DocumentStartEvent: self._on_document,
        }
        while True:
            event = next_event()
            kind = type(event)
            handler = handlers.get(kind)
            if handler is not None:
                handler(event)
            elif kind is yaml.StreamEndEvent:
                break
        if not self._documents:
            self._stop("is empty", None)

    def _on_document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            self._stop("a second document begins here; a file holds one", event.start_mark)
        self.marks[0] = event.start_mark

    def _on_scalar(self, event: Any) -> None:
        self._count += 1
        if event.tag is not None:
            self._tagged(event)
        stack = self._stack
        if stack and stack[-1].key is None and type(stack[-1].data) is dict:
            self._begin_key(stack[-1], event)
            return
        value = event.value if event.style else _scalar(event.value)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, 1)
        self._add(value, event.start_mark, single=True)

    def _begin_key(self, frame: _Frame, event: Any) -> None:
        key = event.value
        if event.anchor is not None:
            self._anchors[event.anchor] = (key, 1)
        frame.last = key
        if key == "<<" and not event.style:
            self._fault("merge keys ('<<') are not supported; write the keys out, or use a template", event, key)
        elif key in frame.data:
            line = frame.marks[key][0].line + 1
            self._fault(f"duplicate key {key!r}, given before in line {line}", event, key)
        else:
            frame.key = key
            frame.key_mark = event.start_mark
            return
        frame.key = ""  # its value is read, and then left out
        frame.key_mark = None

    def _on_mapping(self, event: Any) -> None:
        self._open({}, event)

    def _on_sequence(self, event: Any) -> None:
        self._open([], event)

    def _open(self, data: dict[str, object] | list[object], event: Any) -> None:
        if event.tag is not None:
            self._tagged(event)
        if len(self._stack) >= MAX_DEPTH:
            self._stop(f"is nested deeper than {MAX_DEPTH} levels", event.start_mark)
        if self._stack and self._stack[-1].key is None and isinstance(self._stack[-1].data, dict):
            self._stop("a key must be text, not a list or mapping", event.start_mark)
        self._add(data, event.start_mark, single=False)
        self._stack.append(_Frame(data, event.anchor, self._count))
        self._count += 1
        if event.anchor is not None:
            self._anchors[event.anchor] = (_NOWHERE, 0)

    def _on_end(self, _: Any) -> None:
        frame = self._stack.pop()
        self.marks[id(frame.data)] = frame.marks
        if frame.anchor is not None:
            self._anchors[frame.anchor] = (frame.data, self._count - frame.count)

    def _on_alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            self._stop(f"alias '*{event.anchor}' refers to no anchor before it", event.start_mark)
        value, size = self._anchors[event.anchor]
        if value is _NOWHERE:
            self._stop(f"alias '*{event.anchor}' lies inside what it refers to", event.start_mark)
        if self._stack and self._stack[-1].key is None and isinstance(self._stack[-1].data, dict):
            self._stop("a key must be text, not an alias", event.start_mark)
        self._count += size
        if self._count > self._limit:
            self._stop(f"aliases blow this document up by more than {MAX_ALIAS_VALUES:,} values", event.start_mark)
        self._add(value, event.start_mark, single=not isinstance(value, dict | list))

    def _add(self, value: object, mark: Any, *, single: bool) -> None:
        """Put a value where it belongs: into the mapping or list that is open, or at the root."""
        if not self._stack:
            self.root = value
            self.marks[0] = mark
            return
        frame = self._stack[-1]
        if isinstance(frame.data, list):
            frame.data.append(value)
            frame.marks.append(mark)
            return
        key_mark = frame.key_mark
        if key_mark is not None and frame.key is not None:
            frame.data[frame.key] = value
            frame.marks[frame.key] = (key_mark, mark if single else key_mark)
        frame.key = None

    def _tagged(self, event: Any) -> None:
        frame = self._stack[-1] if self._stack else None
        last = () if frame is None else (len(frame.data),) if isinstance(frame.data, list) else (frame.key or "",)
        self._fault(f"the tag {_shown_tag(event.tag)} is not supported; leave it out", event, *last)

    def _path(self) -> Path:
        """Path of the mapping or list that is open."""
        return tuple(len(frame.data) - 1 if isinstance(frame.data, list) else frame.last for frame in self._stack[:-1])

    def _fault(self, message: str, event: Any, *last: str | int) -> None:
        mark = event.start_mark
        where = f"{self._name}:{mark.line + 1}:{mark.column + 1}"
        self.faults.append(Fault((*self._path(), *last), message, where))

    def _stop(self, message: str, mark: Any) -> None:
        where = f"{self._name}:{mark.line + 1}:{mark.column + 1}" if mark is not None else self._name
        raise InputError([*self.faults, Fault((), message, where)])

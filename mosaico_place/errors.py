"""Every error the package raises on purpose.

::

    MosaicoError
    ├── InputError     what the user wrote cannot be used: all faults at once          (exit code 3)
    └── SolverError    an answer failed its own check: our bug, with what replays it   (exit code 1)

An instance without a feasible placement, or a limit that was reached, is an answer and no error: see
:class:`mosaico_place.result.Termination`.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Where in a document something stands: keys and list positions, from the root."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with an input.

    Attributes:
        path: where it stands in the document, e.g. ``("chains", "player-1", "flows", 0, "from")``.
        message: what is wrong and what would mend it, one sentence in plain words.
        source: ``file:line:column`` where the input came from a file, otherwise empty.
        missing: the name that was looked up in vain as (kind, name), e.g. ``("node", "edge-1")``; None for
            other faults. A loader uses it to keep quiet about names whose own definition is faulty.
    """

    path: Path
    message: str
    source: str = ""
    missing: tuple[str, str] | None = None

    def __str__(self) -> str:
        parts = [str(part) for part in self.path]
        where = ".".join(part if part.isprintable() else repr(part) for part in parts)
        return ": ".join(part for part in (self.source, where, self.message) if part)


class MosaicoError(Exception):
    """Anything this package raises on purpose."""


class InputError(MosaicoError):
    """The input cannot be used. Carries every fault that was found, in the order of the document."""

    def __init__(self, faults: list[Fault] | tuple[Fault, ...]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class SolverError(MosaicoError):
    """An answer contradicts itself: it breaks a rule, or its cost is not what the method claimed.

    Attributes:
        replay: text from which the failure can be reproduced (instance, options and placement).
    """

    def __init__(self, message: str, replay: str = "") -> None:
        self.replay = replay
        super().__init__(message)


def suggestion(name: str, known: Collection[str]) -> str:
    """The known name that was probably meant, or an empty text."""
    if len(known) > _MANY:
        return next((candidate for candidate in _one_edit_away(name) if candidate in known), "")
    matches = difflib.get_close_matches(name, known, n=1)
    if not matches:
        matches = [candidate for candidate in known if candidate.casefold() == name.casefold()]
    return matches[0] if matches else ""


_MANY = 500
"""Beyond it, comparing with every name would take minutes if thousands of names are misspelt."""


def _one_edit_away(name: str) -> Iterator[str]:
    """Every text with two letters swapped, one replaced, left out or added."""
    letters = dict.fromkeys("abcdefghijklmnopqrstuvwxyz0123456789-_." + name)
    halves = [(name[:i], name[i:]) for i in range(len(name) + 1)]
    yield from (head + tail[1] + tail[0] + tail[2:] for head, tail in halves if len(tail) > 1)
    yield from (head + letter + tail[1:] for head, tail in halves if tail for letter in letters)
    yield from (head + tail[1:] for head, tail in halves if tail)
    yield from (head + letter + tail for head, tail in halves for letter in letters)


def shown(value: object) -> str:
    """A value as a message quotes it: short, in the words of the file."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else value[:37] + "...")
    text = str(value)
    return text if len(text) <= 40 else text[:37] + "..."


_LONGEST_NAME = 200
"""A YAML key may not be much longer than 1000."""


def name_fault(name: str) -> str:
    """What is wrong with a name, or an empty text."""
    if not name:
        return "a name must not be empty"
    if len(name) > _LONGEST_NAME:
        return f"the name {shown(name)} is longer than {_LONGEST_NAME} characters"
    if name != name.strip():
        return f"the name {shown(name)} begins or ends with a space"
    if not name.isprintable():
        return f"the name {shown(name)} contains a line break or an invisible character"
    return ""


def unknown_name(kind: str, name: str, known: Collection[str], path: Path) -> Fault:
    """The fault of a reference that leads nowhere, with what was probably meant."""
    meant = suggestion(name, known)
    if meant:
        ending = f", did you mean '{meant}'?"
    elif not known:
        ending = f"; there is no {kind} at all"
    elif len(known) <= _FEW:
        ending = f"; there {'is' if len(known) == 1 else 'are'} {', '.join(known)}"
    else:
        ending = ""
    return Fault(path, f"there is no {kind} {shown(name)}{ending}", missing=(kind, name))


_FEW = 8
"""So many names are listed where none of them is close."""

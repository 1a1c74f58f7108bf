"""What is installed under a name: methods and strategies, ours and those of others, found as entry points."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

from mosaico_place.errors import suggestion


def installed(group: str) -> list[str]:
    """The names in an entry-point group."""
    return sorted(entry_points(group=group).names)


def load_installed(group: str, noun: str, name: str) -> Any:
    """What an entry point names.

    Args:
        group: where it is found.
        noun: what messages call such a thing.
        name: of the entry point.

    Raises:
        ValueError: there is none of that name; the message names those that exist.
    """
    found = entry_points(group=group, name=name)
    if not found:
        names = installed(group)
        close = suggestion(name, names)
        hint = f"did you mean {close!r}?" if close else f"there are {', '.join(names)}"
        raise ValueError(f"no {noun} {name!r}; {hint}")
    return next(iter(found)).load()

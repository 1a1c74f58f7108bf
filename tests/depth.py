"""How many examples a random test looks at."""

from __future__ import annotations

from hypothesis import settings

EXAMPLES = 100
"""Of the suite's profile, which ``tests/conftest.py`` registers."""


def dear(examples: int) -> settings:
    """Fewer examples than the profile has, for a test whose examples are dear.

    Args:
        examples: where the profile has :data:`EXAMPLES`; a profile that has more gives as many more.
    """
    return settings(max_examples=examples * most_examples() // EXAMPLES)


def most_examples() -> int:
    """How many the chosen profile has."""
    chosen = settings.default
    assert chosen is not None
    return chosen.max_examples

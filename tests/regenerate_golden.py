"""Write the golden LPs anew: ``python -m tests.regenerate_golden``. Read what changed before you commit it."""

from __future__ import annotations

from mosaico_place.rules import CostTerm, Rule
from tests.case import lp_text, path_of


def main() -> None:
    """Write the LP of every rule and cost term."""
    for word in (*Rule, *CostTerm):
        path_of(word, ".lp").write_text(lp_text(word), encoding="utf-8")


if __name__ == "__main__":
    main()

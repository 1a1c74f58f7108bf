"""Where the blocks of chains stand in the kernel's arrays, so that one can come or go without the others moving."""

from __future__ import annotations

from dataclasses import dataclass, field

from mosaico_place.compile.arrays.shapes import Sizes


@dataclass(slots=True)
class Slots:
    """Free places: a chain that leaves makes room for one of equal sizes.

    Attributes:
        end: the first slot that was never used, with the first records that were never used; limit: where both end.
    """

    end: tuple[int, Sizes]
    limit: tuple[int, Sizes]
    _left: dict[Sizes, list[tuple[int, Sizes]]] = field(default_factory=dict)

    def take(self, sizes: Sizes) -> tuple[int, Sizes] | None:
        """(slot, where the records begin) for a block of these sizes; None if there is no room."""
        if left := self._left.get(sizes):
            return left.pop()
        slot, start = self.end
        after = start.after(sizes)
        if slot >= self.limit[0] or any(one > most for one, most in zip(after, self.limit[1], strict=True)):
            return None
        self.end = (slot + 1, after)
        return slot, start

    def give(self, slot: int, start: Sizes, sizes: Sizes) -> None:
        """Let the place of a block be used again."""
        self._left.setdefault(sizes, []).append((slot, start))

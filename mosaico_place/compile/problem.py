"""The compiled instance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mosaico_place.compile.chain import ChainBlock, compile_chain
from mosaico_place.compile.infrastructure import Infrastructure, compile_infrastructure
from mosaico_place.instance import Instance
from mosaico_place.placement import Placement


@dataclass(frozen=True, slots=True)
class Problem:
    """An instance and its compiled blocks.

    Attributes:
        instance: where it came from; the judges read only this.
        infrastructure: nodes and arcs by index.
        blocks: chain name -> block, in the instance's order.
        previous: the placement before, which ``dropped``, ``moves`` and ``max-moves`` compare with; None if none.
        max_moves: how many components may move; None for any number.
    """

    instance: Instance
    infrastructure: Infrastructure
    blocks: Mapping[str, ChainBlock]
    previous: Placement | None = None
    max_moves: int | None = None

    @property
    def candidates(self) -> int:
        """Candidates left after pruning, endpoints left out."""
        return sum(block.kept for block in self.blocks.values())

    @property
    def pruned(self) -> int:
        """Candidates that pruning removed."""
        return sum(block.offered for block in self.blocks.values()) - self.candidates


def compile_instance(instance: Instance, previous: Placement | None = None, max_moves: int | None = None) -> Problem:
    """Compile every block of a valid instance (:func:`mosaico_place.validate.faults` finds nothing in it)."""
    infrastructure = compile_infrastructure(instance)
    before = {} if previous is None else previous.chains
    blocks = {
        name: compile_chain(instance, infrastructure, chain, before.get(name))
        for name, chain in instance.chains.items()
    }
    return Problem(instance, infrastructure, blocks, previous, max_moves)

"""The compiled instance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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


class Blocks(Mapping[str, ChainBlock]):
    """The block of every chain, compiled when it is first asked for: not every method works on blocks."""

    def __init__(self, instance: Instance, infrastructure: Infrastructure, previous: Placement | None) -> None:
        self._instance = instance
        self._infrastructure = infrastructure
        self._before = {} if previous is None else previous.chains
        self._blocks: dict[str, ChainBlock] = {}

    def __getitem__(self, name: str) -> ChainBlock:
        if name not in self._blocks:
            chain = self._instance.chains[name]
            self._blocks[name] = compile_chain(self._instance, self._infrastructure, chain, self._before.get(name))
        return self._blocks[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._instance.chains)

    def __len__(self) -> int:
        return len(self._instance.chains)


def compile_instance(instance: Instance, previous: Placement | None = None, max_moves: int | None = None) -> Problem:
    """Compile a valid instance (:func:`mosaico_place.validate.faults` finds nothing in it); blocks follow on demand."""
    infrastructure = compile_infrastructure(instance)
    return Problem(instance, infrastructure, Blocks(instance, infrastructure, previous), previous, max_moves)

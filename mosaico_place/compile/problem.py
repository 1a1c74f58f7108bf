"""The compiled instance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mosaico_place.compile.chain import ChainBlock, compile_chain
from mosaico_place.compile.infrastructure import Infrastructure, compile_infrastructure
from mosaico_place.instance import Instance


@dataclass(frozen=True, slots=True)
class Problem:
    """An instance and its compiled blocks.

    Attributes:
        instance: where it came from; the judges read only this.
        infrastructure: nodes and arcs by index.
        blocks: chain name -> block, in the instance's order.
    """

    instance: Instance
    infrastructure: Infrastructure
    blocks: Mapping[str, ChainBlock]

    @property
    def candidates(self) -> int:
        """Candidates left after pruning, endpoints left out."""
        return sum(block.kept for block in self.blocks.values())

    @property
    def pruned(self) -> int:
        """Candidates that pruning removed."""
        return sum(block.offered for block in self.blocks.values()) - self.candidates


def compile_instance(instance: Instance) -> Problem:
    """Compile every block of a valid instance (:func:`mosaico_place.validate.faults` finds nothing in it)."""
    infrastructure = compile_infrastructure(instance)
    blocks = {name: compile_chain(instance, infrastructure, chain) for name, chain in instance.chains.items()}
    return Problem(instance, infrastructure, blocks)

"""The cool-down: what moved a moment ago stays, so that a detector that flaps does not make a service flap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mosaico_place.dynamics.standing import Standing
from mosaico_place.instance import Chain, Instance

Held = Mapping[str, frozenset[str]]
"""Chain -> components that are to stay."""


class Hold:
    """Writes into an instance which components are not movable for the moment.

    Strategies know the rule of components that are not movable, so that a cool-down needs nothing of them.

    Args:
        cool_down_ns: how long after a move.
    """

    def __init__(self, cool_down_ns: int) -> None:
        self._cool_down_ns = cool_down_ns
        self._made: dict[str, tuple[Chain, frozenset[str], Chain]] = {}

    def twin(self) -> Hold:
        """One that knows the same and goes its own way."""
        other = Hold(self._cool_down_ns)
        other._made = dict(self._made)
        return other

    def held(self, standing: Standing, at_ns: int | None) -> dict[str, frozenset[str]]:
        """What moved less than the cool-down ago; nothing where no time is known."""
        found: dict[str, set[str]] = {}
        if at_ns is not None:
            for (chain, component), moved_ns in reversed(standing.moved_ns.items()):
                if at_ns - moved_ns >= self._cool_down_ns:
                    break
                found.setdefault(chain, set()).add(component)
        return {chain: frozenset(components) for chain, components in found.items()}

    def on(self, instance: Instance, held: Held) -> Instance:
        """The instance with these components not movable; a chain that is held twice is the same object twice."""
        chains = {}
        for name, components in held.items():
            chain = instance.chains.get(name)
            if chain is not None:
                chains[name] = self._kept(chain, components)
        for name in self._made.keys() - chains.keys():
            del self._made[name]
        return replace(instance, chains={**instance.chains, **chains}) if chains else instance

    def _kept(self, chain: Chain, components: frozenset[str]) -> Chain:
        made = self._made.get(chain.name)
        if made is not None and made[0] is chain and made[1] == components:
            return made[2]
        parts = {
            name: replace(part, movable=False) if name in components else part
            for name, part in chain.components.items()
        }
        kept = replace(chain, components=parts)
        self._made[chain.name] = chain, components, kept
        return kept

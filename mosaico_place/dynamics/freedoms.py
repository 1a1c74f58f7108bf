"""Freedoms taken away from a scenario: from its instance, and from every chain that arrives or changes."""

from __future__ import annotations

from dataclasses import replace

from mosaico_place.events import Arrive, Event, Update
from mosaico_place.instance import Chain
from mosaico_place.levers import Lever, without
from mosaico_place.scenario import Scenario, Timed


def scenario_without(scenario: Scenario, lever: Lever) -> Scenario:
    """The scenario with a freedom removed.

    What functions offer is decided once, for all chains that there will ever be.
    """
    base = scenario.instance
    coming = {
        i: timed.event.chain for i, timed in enumerate(scenario.events) if isinstance(timed.event, Arrive | Update)
    }
    named = {_name(i, chain): replace(chain, name=_name(i, chain)) for i, chain in coming.items()}
    everything = without(replace(base, chains={**base.chains, **named}), [lever])

    def event(i: int, before: Event) -> Event:
        if not isinstance(before, Arrive | Update):
            return before
        chain = everything.chains[_name(i, before.chain)]
        return replace(before, chain=replace(chain, name=before.chain.name))

    return replace(
        scenario,
        instance=replace(everything, chains={name: everything.chains[name] for name in base.chains}),
        events=tuple(Timed(timed.at_ns, event(i, timed.event)) for i, timed in enumerate(scenario.events)),
    )


def _name(i: int, chain: Chain) -> str:
    """A name that no chain of a file has."""
    return f"{i} {chain.name}"

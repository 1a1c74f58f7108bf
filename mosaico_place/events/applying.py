"""What an instance is after an event: pure functions that share whatever the event does not touch.

Only what an event brings is validated, and only against what it refers to: a valid instance stays valid.
"""

from __future__ import annotations

from typing import assert_never

from mosaico_place.events.chains import of_chain
from mosaico_place.events.infrastructure import of_capacity, of_device, of_link, of_node
from mosaico_place.events.kinds import CapacityChange, Event, OfChain, OfDevice, OfLink, OfNode
from mosaico_place.instance import Instance


def apply(instance: Instance, event: Event) -> Instance:
    """The instance after an event.

    Nodes, links, functions and chains that the event does not touch are the same objects as before. What is so already
    (a node that goes down twice) changes nothing: the same instance comes back.

    Args:
        instance: a valid instance; never changed.
        event: what happens.

    Raises:
        InputError: the event names what does not exist, brings a chain that exists or is not valid, or a figure that
            cannot be. It carries every fault, with paths in the form of the file, such as ``("depart",)``.
    """
    if isinstance(event, OfChain):
        return of_chain(instance, event)
    if isinstance(event, OfNode):
        return of_node(instance, event)
    if isinstance(event, OfDevice):
        return of_device(instance, event)
    if isinstance(event, OfLink):
        return of_link(instance, event)
    if isinstance(event, CapacityChange):
        return of_capacity(instance, event)
    assert_never(event)

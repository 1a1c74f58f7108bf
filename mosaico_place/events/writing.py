"""Events in the form of the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mosaico_place.dumping import chain_document
from mosaico_place.events.kinds import (
    NO_RESOURCES,
    WORDS,
    Arrive,
    CapacityChange,
    Depart,
    DeviceDown,
    DeviceUp,
    Event,
    Handover,
    LinkBandwidth,
    LinkDown,
    LinkLatency,
    LinkUp,
    RateChange,
    Update,
)
from mosaico_place.instance import DEVICE_RESOURCES, NODE_RESOURCES
from mosaico_place.quantities import Dimension, format_quantity


def event_document(event: Event, resources: Mapping[str, Dimension] = NO_RESOURCES) -> dict[str, Any]:
    """An event as the file has it, for JSON: ``{"depart": "player-1"}``.

    :func:`mosaico_place.events.event_from_dict` reads back an equal event.

    Args:
        event: what happens.
        resources: dimension of each resource that the instance declares, for changes of capacities.
    """
    document: dict[str, Any] = {WORDS[type(event)]: _content(event, resources)}
    return {**document, "wait": False} if isinstance(event, Arrive) and not event.wait else document


def describe(event: Event) -> str:
    """An event in a few words.

    >>> describe(Depart("player-1")), describe(LinkDown(("a", "b")))
    ('depart player-1', 'link-down a - b')
    """
    match event:
        case Arrive(chain) | Update(chain):
            subject = chain.name
        case Depart(name) | RateChange(name):
            subject = name
        case Handover(name, _, at):
            subject = f"{name} to {at}"
        case DeviceDown(node, device) | DeviceUp(node, device):
            subject = f"{node} {device}"
        case LinkDown(between) | LinkUp(between) | LinkLatency(between) | LinkBandwidth(between):
            subject = " - ".join(between)
        case _:
            subject = event.node
    return f"{WORDS[type(event)]} {subject}"


def _content(event: Event, resources: Mapping[str, Dimension]) -> Any:
    match event:
        case Arrive(chain) | Update(chain):
            return {chain.name: chain_document(chain)}
        case Depart(chain):
            return chain
        case RateChange(chain, (tail, head), rate_bps):
            return {"chain": chain, "from": tail, "to": head, "rate": format_quantity(rate_bps, Dimension.RATE)}
        case Handover(chain, component, at):
            return {"chain": chain, "component": component, "at": at}
        case DeviceDown(node, device) | DeviceUp(node, device):
            return {"node": node, "device": device}
        case LinkDown(between) | LinkUp(between):
            return list(between)
        case LinkLatency(between, forth_ns, back_ns):
            return {"between": list(between), "latency": _ways((forth_ns, back_ns), Dimension.TIME)}
        case LinkBandwidth(between, forth_bps, back_bps):
            return {"between": list(between), "bandwidth": _ways((forth_bps, back_bps), Dimension.RATE)}
        case CapacityChange():
            return _amounts(event, resources)
    return event.node


def _ways(given: tuple[int | None, int | None], dimension: Dimension) -> Any:
    """One figure where both directions have the same, else one for each that is given."""
    texts = [None if figure is None else format_quantity(figure, dimension) for figure in given]
    if texts[0] == texts[1] and texts[0] is not None:
        return texts[0]
    return {way: text for way, text in zip(("forth", "back"), texts, strict=True) if text is not None}


def _amounts(event: CapacityChange, resources: Mapping[str, Dimension]) -> dict[str, str]:
    known = {**resources, **(NODE_RESOURCES if event.device is None else DEVICE_RESOURCES)}
    owner = {"node": event.node} if event.device is None else {"node": event.node, "device": event.device}
    return owner | {name: format_quantity(amount, known[name]) for name, amount in event.amounts.items()}

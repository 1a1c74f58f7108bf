"""Events from the form of the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mosaico_place.errors import Fault, InputError, Path, shown
from mosaico_place.events import kinds
from mosaico_place.events.kinds import NO_RESOURCES, WORDS, Event
from mosaico_place.instance import Chain
from mosaico_place.quantities import Dimension
from mosaico_place.source import from_data

if TYPE_CHECKING:
    from mosaico_place.schema.chains import AnyChain
    from mosaico_place.schema.events import EventModel
    from mosaico_place.schema.expand import Drawn, Origins


@dataclass
class Reading:
    """An event as it was read.

    Attributes:
        path: where it stands.
        event: None if it cannot be read.
        faults: what is wrong with it, at paths of the document.
        origins: where the parts of a chain that it brings come from.
    """

    path: Path
    event: Event | None = None
    faults: list[Fault] = field(default_factory=list)
    origins: Origins = field(default_factory=dict)

    def written(self, path: Path) -> Path:
        """Where in the document the thing stands that a fault of :func:`mosaico_place.events.apply` speaks of."""
        from mosaico_place.schema.expand import origin

        if path[0] in (WORDS[kinds.Arrive], WORDS[kinds.Update]) and len(path) > 2:
            inside = ("chains", *path[1:])
            found = origin(self.origins, inside)
            return found if found != inside else (*self.path, *path)
        return (*self.path, *path)


def event_from_dict(data: Mapping[str, object], resources: Mapping[str, Dimension] = NO_RESOURCES) -> Event:
    """Read an event such as ``{"depart": "player-1"}`` or ``{"arrive": {"player-9": {...}}}``.

    Args:
        data: the event in the form of the file, without ``at``.
        resources: dimension of each resource that the instance declares, for changes of capacities.

    Raises:
        InputError: the data cannot be read; it carries every fault, without positions. Whether the event fits an
            instance is for :func:`mosaico_place.events.apply` to say.
    """
    from pydantic import ValidationError

    from mosaico_place.schema.events import EventModel
    from mosaico_place.schema.faults import findings

    source = from_data(data)
    if not isinstance(source.data, dict):
        raise InputError([Fault((), f"expected an event such as {{depart: NAME}}, found {shown(source.data)}")])
    try:
        model = EventModel.model_validate(source.data, context=dict(resources))
    except ValidationError as error:
        found = [Fault(one.path, one.message) for one in findings(error, source.data) if not one.follows]
        raise InputError([*source.faults, *found]) from None
    reading = read_event(model, (), {})
    if reading.event is None or source.faults:
        raise InputError([*source.faults, *reading.faults])
    return reading.event


def read_event(model: EventModel, path: Path, templates: Mapping[str, Drawn]) -> Reading:
    """Turn a file model into an event.

    Args:
        model: what stands in the file.
        path: where.
        templates: those that a chain may be made from.
    """
    reading = Reading(path)
    said = [word for word in WORDS.values() if getattr(model, word.replace("-", "_")) is not None]
    if len(said) != 1:
        message = f"needs one of {', '.join(WORDS.values())}"
        if said:
            message = f"names {' and '.join(said)}; write an event for each, with equal times"
        reading.faults.append(Fault(path, message))
        return reading
    if not model.wait and model.arrive is None:
        reading.faults.append(Fault((*path, "wait"), "'wait' speaks of a chain that arrives"))
    entries = model.update if model.arrive is None else model.arrive
    if entries is not None:
        chain = _chain(entries, (*path, said[0]), templates, reading)
        if chain is not None and not reading.faults:
            reading.event = kinds.Arrive(chain, model.wait) if model.arrive is not None else kinds.Update(chain)
        return reading
    if not reading.faults:
        reading.event = next(event for event in _plain(model) if event is not None)
    return reading


def _chain(
    entries: Mapping[str, AnyChain], path: Path, templates: Mapping[str, Drawn], reading: Reading
) -> Chain | None:
    """The one chain that an event brings; faults and origins go to the reading."""
    from mosaico_place.schema.chains import TemplateChain
    from mosaico_place.schema.expand import expand_chain

    if len(entries) != 1:
        reading.faults.append(Fault(path, f"expected one chain by its name, found {len(entries)}; write an event each"))
        return None
    ((name, model),) = entries.items()
    here = (*path, name)
    if isinstance(model, TemplateChain) and (model.count or any(isinstance(at, list) for at in model.at.values())):
        message = "an event brings one chain: leave out 'count', and give every endpoint one node"
        reading.faults.append(Fault(here, message))
        return None
    chains: dict[str, Chain] = {}
    reading.origins["chains", name] = here
    reading.faults += expand_chain(name, model, templates, here, chains, reading.origins)
    return chains.get(name)


def _plain(model: EventModel) -> Iterator[Event | None]:
    """Every event that brings no chain; None for those that the model does not name."""
    for kind, name in (
        (kinds.Depart, model.depart),
        (kinds.NodeDown, model.node_down),
        (kinds.NodeUp, model.node_up),
        (kinds.Drain, model.drain),
        (kinds.Undrain, model.undrain),
    ):
        yield None if name is None else kind(name)
    if (rate := model.rate) is not None:
        yield kinds.RateChange(rate.chain, (rate.tail, rate.head), rate.rate)
    if (handover := model.handover) is not None:
        yield kinds.Handover(handover.chain, handover.component, handover.at)
    if (device := model.device_down) is not None:
        yield kinds.DeviceDown(device.node, device.device)
    if (device := model.device_up) is not None:
        yield kinds.DeviceUp(device.node, device.device)
    for change, pair in ((kinds.LinkDown, model.link_down), (kinds.LinkUp, model.link_up)):
        yield None if pair is None else change((pair[0], pair[1]))
    if (slow := model.link_latency) is not None:
        yield kinds.LinkLatency((slow.between[0], slow.between[1]), slow.latency.forth, slow.latency.back)
    if (wide := model.link_bandwidth) is not None:
        yield kinds.LinkBandwidth((wide.between[0], wide.between[1]), wide.bandwidth.forth, wide.bandwidth.back)
    if (amounts := model.capacity) is not None:
        yield kinds.CapacityChange(amounts.node, amounts.by_resource(), getattr(amounts, "device", None))

"""From file models to the instance. What cannot be converted because of another fault is left out quietly."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from mosaico_place.errors import Fault, Path, suggestion
from mosaico_place.instance import (
    DEFAULT_OBJECTIVE,
    WHOLE_DEVICE,
    Chain,
    Direction,
    Instance,
    Level,
    Link,
    Prices,
    TrafficClass,
)
from mosaico_place.instance import Function as InstanceFunction
from mosaico_place.instance import Implementation as InstanceImplementation
from mosaico_place.instance import Node as InstanceNode
from mosaico_place.schema.amounts import FunctionPrices, LinkPrices
from mosaico_place.schema.document import InstanceDocument
from mosaico_place.schema.expand import Origins, expand_chains
from mosaico_place.schema.infrastructure import Function, Implementation, Node
from mosaico_place.schema.infrastructure import Link as LinkModel


def instance_of(
    document: InstanceDocument, default_name: str
) -> tuple[Instance, dict[str, Chain], Origins, list[Fault]]:
    """Convert a document.

    Args:
        document: the file's content.
        default_name: name of the instance if the document gives none.

    Returns:
        The instance; its templates as chains; where the parts of both come from (see
        :mod:`mosaico_place.schema.expand`); faults of the expansion, without positions.
    """
    chains: dict[str, Chain] = {}
    origins: dict[Path, Path] = {}
    templates, faults = expand_chains(document, chains, origins)
    instance = Instance(
        name=document.name or default_name,
        nodes={name: _node(name, node) for name, node in document.infrastructure.nodes.items()},
        links=tuple(_link(link) for link in document.infrastructure.links),
        functions={name: _function(name, function) for name, function in document.functions.items()},
        chains=chains,
        resources=document.resources,
        prices=_prices(document.prices),
        objective=DEFAULT_OBJECTIVE if document.objective is None else tuple(document.objective),
        classes={name: TrafficClass(name, one.share) for name, one in document.classes.items()},
    )
    faults += [fault for name, function in document.functions.items() for fault in _function_faults(name, function)]
    return instance, templates, origins, faults


def _node(name: str, node: Node) -> InstanceNode:
    devices = {gpu: {"share": WHOLE_DEVICE, **amounts.by_resource()} for gpu, amounts in node.gpus.items()}
    return InstanceNode(
        name=name,
        kind=node.kind,
        capacity=node.by_resource(),
        reserved=node.reserved.by_resource(),
        devices=devices,
        forwarding_ns=node.forwarding,
        hand_over_ns=node.hand_over,
        labels=node.labels,
        prices=_prices(node.prices),
        offers=None if node.runs is None else frozenset(node.runs),
        up=not node.down,
        drained=node.drained,
        hitless=node.hitless,
        devices_down=frozenset(name for name, device in node.gpus.items() if device.down),
    )


def _link(link: LinkModel) -> Link:
    tail, head = link.between

    def direction(way: str) -> Direction:
        queue = getattr(link.queue, way)
        bandwidth, latency, reserved = (getattr(one, way) for one in (link.bandwidth, link.latency, link.reserved))
        return Direction(bandwidth, latency, reserved, queue.classic, queue.l4s)

    return Link((tail, head), direction("forth"), direction("back"), _prices(link.prices), not link.down)


def _function(name: str, function: Function) -> InstanceFunction:
    implementations = {}
    for key, model in function.implementations.items():
        # Where the file says none, that is told apart; this level makes nothing else look wrong.
        level = _level(key, model) or (Level.P4 if model.device is None else Level.GPU)
        each = model.each if function.shared else model
        implementations[key] = InstanceImplementation(
            name=key,
            level=level,
            demand={} if each is None else each.by_resource(),
            device={} if model.device is None else model.device.by_resource(),
            device_count=1 if model.device is None else model.device.count,
            processing_ns=model.processing,
            once={} if model.once is None else model.once.by_resource(),
            capacity_bps=model.capacity,
            needs={label: tuple(values) for label, values in model.needs.items()},
        )
    return InstanceFunction(
        name,
        implementations,
        _prices(function.prices),
        function.shared,
        function.queue == "l4s",
        function.state,
        function.reload,
    )


def _level(name: str, model: Implementation) -> Level | None:
    """The level that the file gives, or that the name is."""
    if model.level is not None:
        return model.level
    return Level(name) if name in set(Level) else None


def _function_faults(name: str, function: Function) -> Iterator[Fault]:
    """What the file says of an implementation that its function cannot have."""
    for key, model in function.implementations.items():
        here: Path = ("functions", name, "implementations", key)
        if _level(key, model) is None:
            meant = suggestion(key, [str(level) for level in Level])
            ending = f"; did you mean {meant!r}?" if meant else ""
            yield Fault(here, f"needs a 'level', p4, vnf or gpu, since its name is none of them{ending}")
        if model.each is not None and not function.shared:
            yield Fault((*here, "each"), "only a shared function has 'each'; say 'shared: true', or give what it takes")
        for resource in model.by_resource() if function.shared else ():
            message = "of a shared function, say what it takes 'once' per opened instance, and for 'each' it serves"
            yield Fault((*here, resource), message)


def _prices(prices: FunctionPrices | LinkPrices) -> Prices:
    device: dict[str, Any] = {}
    resources: dict[str, Any] = {}
    if isinstance(prices, FunctionPrices):
        resources, device = prices.by_resource(), prices.device.by_resource()
    bandwidth: Fraction | None = getattr(prices, "bandwidth", None)
    active: Fraction | None = getattr(prices, "active", None)
    opened: Fraction | None = getattr(prices, "opened", None)
    move: Fraction | None = getattr(prices, "move", None)
    return Prices(resources, device, bandwidth, active, opened, move)

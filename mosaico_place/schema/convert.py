"""From file models to the instance. What cannot be converted because of another fault is left out quietly."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from mosaico_place.errors import Fault, Path
from mosaico_place.instance import (
    DEFAULT_OBJECTIVE,
    WHOLE_DEVICE,
    Chain,
    Direction,
    Implementation,
    Instance,
    Level,
    Link,
    Prices,
)
from mosaico_place.instance import Function as InstanceFunction
from mosaico_place.instance import Node as InstanceNode
from mosaico_place.schema.amounts import FunctionPrices, LinkPrices
from mosaico_place.schema.document import InstanceDocument
from mosaico_place.schema.expand import Origins, expand_chains
from mosaico_place.schema.infrastructure import Function, GpuImplementation, Node, PlainImplementation
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
    )
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
    )


def _link(link: LinkModel) -> Link:
    tail, head = link.between
    return Link(
        (tail, head),
        Direction(link.bandwidth.forth, link.latency.forth, link.reserved.forth),
        Direction(link.bandwidth.back, link.latency.back, link.reserved.back),
        _prices(link.prices),
    )


def _function(name: str, function: Function) -> InstanceFunction:
    given: Mapping[Level, PlainImplementation | GpuImplementation | None] = {
        Level.P4: function.implementations.p4,
        Level.VNF: function.implementations.vnf,
        Level.GPU: function.implementations.gpu,
    }
    implementations = {
        str(level): Implementation(
            name=str(level),
            level=level,
            demand=model.by_resource(),
            device=model.device.by_resource() if isinstance(model, GpuImplementation) else {},
            processing_ns=model.processing,
        )
        for level, model in given.items()
        if model is not None
    }
    return InstanceFunction(name, implementations, _prices(function.prices))


def _prices(prices: FunctionPrices | LinkPrices) -> Prices:
    device: dict[str, Any] = {}
    resources: dict[str, Any] = {}
    if isinstance(prices, FunctionPrices):
        resources, device = prices.by_resource(), prices.device.by_resource()
    bandwidth: Fraction | None = getattr(prices, "bandwidth", None)
    active: Fraction | None = getattr(prices, "active", None)
    return Prices(resources, device, bandwidth, active)

"""What an instance is after something happened to a chain."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from mosaico_place.errors import Fault, InputError, Path, shown, unknown_name
from mosaico_place.events.kinds import Arrive, Depart, Handover, OfChain, RateChange, Update
from mosaico_place.instance import Chain, Flow, Instance, TrafficClass
from mosaico_place.validate.chain import chain_faults


def of_chain(instance: Instance, event: OfChain) -> Instance:
    """The instance after something happened to a chain; raises InputError."""
    match event:
        case Arrive(chain):
            if chain.name in instance.chains:
                message = f"there is a chain {shown(chain.name)} already; 'update' gives it a new form"
                raise InputError([Fault(("arrive", chain.name), message)])
            _refuse_chain(instance, chain, "arrive")
            return instance.with_chain(chain)
        case Depart(name):
            gone = _chain(instance, name, ("depart",))
            return _without_class(instance.without_chain(name), gone)
        case Update(chain):
            before = _chain(instance, chain.name, ("update", chain.name))
            _refuse_chain(instance, chain, "update")
            if chain == before:
                return instance
            return _without_class(instance.with_chain(chain), before)
        case RateChange():
            return _rate(instance, event)
        case Handover():
            return _handover(instance, event)
    assert_never(event)


def _chain(instance: Instance, name: str, path: Path) -> Chain:
    if name not in instance.chains:
        raise InputError([unknown_name("chain", name, instance.chains, path)])
    return instance.chains[name]


def _refuse_chain(instance: Instance, chain: Chain, word: str) -> None:
    """Raise what is wrong with a chain that comes, as if the event's word stood in the place of ``chains``."""
    labels = {label for node in instance.nodes.values() for label in node.labels}
    found = chain_faults(instance, chain.name, chain, labels)
    if told := [replace(fault, path=(word, *fault.path[1:])) for fault in found]:
        raise InputError(told)


def _without_class(instance: Instance, gone: Chain) -> Instance:
    """The instance after a chain is gone: the objective may speak of its class, which then must still be known."""
    name = gone.class_name
    if name is None or name in instance.classes:
        return instance
    named = any(term.class_name == name for level in instance.objective for term in level)
    if not named or any(chain.class_name == name for chain in instance.chains.values()):
        return instance
    return replace(instance, classes={**instance.classes, name: TrafficClass(name)})


def _rate(instance: Instance, event: RateChange) -> Instance:
    chain = _chain(instance, event.chain, ("rate", "chain"))
    tail, head = event.flow
    found = [
        unknown_name("component", name, chain.components, ("rate", key))
        for key, name in (("from", tail), ("to", head))
        if name not in chain.components
    ]
    position = next((i for i, flow in enumerate(chain.flows) if flow.ends == event.flow), None)
    if position is None and not found:
        found.append(Fault(("rate",), f"no flow of {shown(chain.name)} leads from {shown(tail)} to {shown(head)}"))
    if event.rate_bps < 0:
        found.append(Fault(("rate", "rate"), f"must not be negative, found {event.rate_bps} bit/s"))
    if found or position is None:
        raise InputError(found)
    flow = chain.flows[position]
    if flow.rate_bps == event.rate_bps:
        return instance
    changed: Flow = replace(flow, rate_bps=event.rate_bps)
    flows = (*chain.flows[:position], changed, *chain.flows[position + 1 :])
    return instance.with_chain(replace(chain, flows=flows))


def _handover(instance: Instance, event: Handover) -> Instance:
    chain = _chain(instance, event.chain, ("handover", "chain"))
    component = chain.components.get(event.component)
    found = []
    if component is None:
        found.append(unknown_name("component", event.component, chain.components, ("handover", "component")))
    elif component.at is None:
        message = f"{shown(event.component)} runs a function; only an endpoint is handed over to another node"
        found.append(Fault(("handover", "component"), message))
    if event.at not in instance.nodes:
        found.append(unknown_name("node", event.at, instance.nodes, ("handover", "at")))
    if found or component is None:
        raise InputError(found)
    if component.at == event.at:
        return instance
    components = {**chain.components, component.name: replace(component, at=event.at)}
    return instance.with_chain(replace(chain, components=components))

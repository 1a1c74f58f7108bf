"""Chains as written to chains of the instance: lines are drawn out, templates multiplied.

Paths in the instance differ from paths in the file then. ``Origins`` maps the beginning of an instance path to where
it was written; the longest beginning that is known counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from mosaico_place.errors import Fault, Path, shown, suggestion
from mosaico_place.instance import Budget, Chain, Component, Flow, Group, Independent, Preference, Where
from mosaico_place.schema.chains import MAX_COPIES, FullChain, LineChain, Ruled, TemplateChain
from mosaico_place.schema.chains import Component as ComponentModel
from mosaico_place.schema.chains import Copy as CopyModel
from mosaico_place.schema.chains import Flow as FlowModel
from mosaico_place.schema.document import InstanceDocument

Origins = dict[Path, Path]


def origin(origins: Origins, path: Path) -> Path:
    """Where in the file the thing at an instance path was written."""
    for length in range(len(path), 0, -1):
        written = origins.get(path[:length])
        if written is not None:
            return written + path[length:]
    return path


@dataclass(frozen=True)
class Drawn:
    """A chain as drawn, endpoints possibly without a node, and where its parts were written."""

    chain: Chain
    endpoints: frozenset[str]
    origins: Origins
    """Path below the chain -> path in the file."""


NO_NODE = ""
"""Where an endpoint of a template stands as long as no chain has given its node; no node is called like that."""


def expand_chains(
    document: InstanceDocument, chains: dict[str, Chain], origins: Origins
) -> tuple[dict[str, Chain], list[Fault]]:
    """Fill ``chains`` with every chain of the instance, and ``origins`` with where they come from.

    Returns:
        Every template as a chain, to be checked by itself, under ``("templates", NAME)`` in ``origins``; faults.
    """
    templates, faults = draw_templates(document.templates, origins)
    for name, model in document.chains.items():
        faults += expand_chain(name, model, templates, ("chains", name), chains, origins)
    return {name: tried(drawn) for name, drawn in templates.items()}, faults


def draw_templates(
    models: Mapping[str, FullChain | LineChain], origins: Origins
) -> tuple[dict[str, Drawn], list[Fault]]:
    """Templates as drawn, and faults; where they come from goes to ``origins``, under ``("templates", NAME)``."""
    faults: list[Fault] = []
    templates: dict[str, Drawn] = {}
    for name, template in models.items():
        drawn = _draw(name, template, ("templates", name))
        faults += _component_faults(template, ("templates", name))
        templates[name] = drawn
        origins |= {("templates", name, *below): written for below, written in drawn.origins.items()}
    return templates, faults


def expand_chain(
    name: str,
    model: FullChain | LineChain | TemplateChain,
    templates: Mapping[str, Drawn],
    path: Path,
    chains: dict[str, Chain],
    origins: Origins,
) -> list[Fault]:
    """Add what one entry of the file makes to ``chains``, and where it comes from to ``origins``; faults.

    Args:
        name: its key.
        model: what stands there.
        templates: those that it may use.
        path: where it stands.
        chains: name -> chain.
        origins: ``("chains", NAME, ...)`` -> where that was written.
    """
    if isinstance(model, TemplateChain):
        return _multiply(name, model, templates, path, chains, origins)
    drawn = _draw(name, model, path)
    found = [*_component_faults(model, path), *_open_endpoints(model, drawn, path)]
    if not found:
        found += _add(drawn.chain, path, chains)
        origins |= {("chains", name, *below): written for below, written in drawn.origins.items()}
    return found


def tried(template: Drawn) -> Chain:
    """A template as a chain, its open endpoints on :data:`NO_NODE`."""
    components = {
        name: replace(component, at=NO_NODE) if name in template.endpoints and component.at is None else component
        for name, component in template.chain.components.items()
    }
    return replace(template.chain, components=components)


def _draw(name: str, model: FullChain | LineChain, path: Path) -> Drawn:
    """A chain or template without regard to who uses it."""
    parts = _draw_full(model) if isinstance(model, FullChain) else _draw_line(model, path)
    components, flows, budgets, origins = parts
    chain = Chain(
        name=name,
        components=components,
        flows=flows,
        weight=model.weight,
        class_name=model.class_name,
        required=model.required,
        budgets=budgets,
        together=_groups(model, "together"),
        apart=_groups(model, "apart"),
        only=_where(model, "only"),
        never=_where(model, "never"),
        preference=_preferences(model),
        equivalent=tuple(tuple(group) for group in model.equivalent),
        independent=tuple(Independent(tuple(group.components), group.join) for group in model.independent),
    )
    endpoints = frozenset(component.name for component in components.values() if component.function is None)
    return Drawn(chain, endpoints, {(): path, **origins})


_Parts = tuple[dict[str, Component], tuple[Flow, ...], tuple[Budget, ...], Origins]


def _draw_full(model: FullChain) -> _Parts:
    components = {
        # With a function, 'at' is a fault that _component_faults tells; it is left out, to be told once.
        name: Component(
            name,
            component.function,
            component.at if component.function is None else None,
            component.processing or 0,
            component.private,
            component.movable,
        )
        for name, component in model.components.items()
    }
    flows = tuple(_flow(flow) for flow in model.flows)
    budgets = tuple(Budget(b.tail, b.head, b.within, b.target) for b in model.latency)
    return components, flows, budgets, {}


def _flow(model: FlowModel | CopyModel) -> Flow:
    if isinstance(model, CopyModel):
        host = (model.copy_of.tail, model.copy_of.head)
        return Flow(host[0], model.head, model.rate, strict=model.strict, burst_bytes=model.burst, copy_of=host)
    return Flow(model.tail, model.head, model.rate, tuple(model.per_hop), model.strict, model.private, model.burst)


def _draw_line(model: LineChain, path: Path) -> _Parts:
    """Components ``from``, one per function, ``to``; every flow and the budget point to the line's own keys."""
    first = Component("from", at=model.line.tail)
    last = Component("to", at=model.line.head)
    origins: Origins = {
        ("components", "from"): (*path, "line", "from"),
        ("components", "to"): (*path, "line", "to"),
        ("latency", 0): path,
    }
    inner: dict[str, Component] = {}
    for position, function in enumerate(model.line.through):
        name = _free_name(function, {"from", "to", *inner})
        inner[name] = Component(name, function)
        origins[("components", name)] = (*path, "line", "through", position)
    names = ["from", *inner, "to"]
    flows = tuple(Flow(tail, head, model.rate) for tail, head in pairwise(names))
    origins |= {("flows", position): path for position in range(len(flows))}
    budgeted = model.within is not None or model.target is not None
    budgets = (Budget("from", "to", model.within, model.target),) if budgeted else ()
    return {"from": first, **inner, "to": last}, flows, budgets, origins


def _free_name(wanted: str, taken: set[str]) -> str:
    number, name = 1, wanted
    while name in taken:
        number += 1
        name = f"{wanted}-{number}"
    return name


def _groups(model: Ruled, key: str) -> tuple[Group, ...]:
    return tuple(Group(tuple(group.components), group.by) for group in getattr(model, key))


def _where(model: Ruled, key: str) -> dict[str, Where]:
    written: dict[str, list[str] | dict[str, list[str]]] = getattr(model, key)
    return {
        component: Where(nodes=tuple(value))
        if isinstance(value, list)
        else Where(labels={label: tuple(values) for label, values in value.items()})
        for component, value in written.items()
    }


def _preferences(model: Ruled) -> dict[str, Preference]:
    return {
        component: Preference(
            {key: price for key, price in prices.items() if not isinstance(price, dict)},
            {key: price for key, price in prices.items() if isinstance(price, dict)},
        )
        for component, prices in model.preference.items()
    }


def _component_faults(model: FullChain | LineChain, path: Path) -> Iterator[Fault]:
    """Components that are both function and endpoint."""
    for name, component in _written_components(model).items():
        here = (*path, "components", name)
        if component.function is None:
            continue
        if component.at is not None:
            yield Fault(here, "runs a function or is an endpoint at a node, not both: drop 'function' or 'at'")
        elif component.processing is not None:
            message = "'processing' is for endpoints; a function's stands in its implementations"
            yield Fault((*here, "processing"), message)


def _written_components(model: FullChain | LineChain) -> dict[str, ComponentModel]:
    return model.components if isinstance(model, FullChain) else {}


def _open_endpoints(model: FullChain | LineChain, drawn: Drawn, path: Path) -> Iterator[Fault]:
    """Endpoints that have no node, in a chain that no other can complete."""
    for name in drawn.chain.components:
        if name not in drawn.endpoints or drawn.chain.components[name].at is not None:
            continue
        if isinstance(model, LineChain):
            yield Fault((*path, "line"), f"needs a '{name}': the node of the {_END[name]} endpoint")
        else:
            yield Fault((*path, "components", name), "needs a 'function', or 'at' if it is an endpoint")


_END = {"from": "first", "to": "last"}


def _add(chain: Chain, written: Path, chains: dict[str, Chain]) -> Iterator[Fault]:
    if chain.name in chains:
        yield Fault(written, f"makes a chain {shown(chain.name)}, but there is one of that name already")
    else:
        chains[chain.name] = chain


def _multiply(
    name: str,
    model: TemplateChain,
    templates: Mapping[str, Drawn],
    path: Path,
    chains: dict[str, Chain],
    origins: Origins,
) -> list[Fault]:
    """Make the chains of one template chain."""
    drawn = templates.get(model.template)
    if drawn is None:
        meant = suggestion(model.template, templates)
        ending = f", did you mean '{meant}'?" if meant else "; templates stand under 'templates'"
        message = f"there is no template {shown(model.template)}{ending}"
        return [Fault((*path, "template"), message, missing=("template", model.template))]
    faults = list(_at_faults(model, drawn, path))
    if faults:
        return faults
    longest = max((len(nodes) for nodes in model.at.values() if isinstance(nodes, list)), default=0)
    count = model.count or longest
    if len(chains) + count > MAX_COPIES:
        return [Fault(path, f"brings the chains above {MAX_COPIES}; write fewer or smaller counts")]
    names = [f"{name}-{number}" for number in range(1, count + 1)] if count else [name]
    own = {key: getattr(model, key) for key in ("weight", "class_name", "required") if key in model.model_fields_set}
    for index, copy in enumerate(names):
        components = dict(drawn.chain.components)
        origins |= {("chains", copy, *below): written for below, written in drawn.origins.items()}
        for endpoint, nodes in model.at.items():
            several = isinstance(nodes, list)
            node = nodes[index % len(nodes)] if isinstance(nodes, list) else nodes
            components[endpoint] = replace(components[endpoint], at=node)
            turn = (index % len(nodes),) if several else ()
            origins["chains", copy, "components", endpoint, "at"] = (*path, "at", endpoint, *turn)
        for key, attribute in (("weight", "weight"), ("class", "class_name"), ("required", "required")):
            if attribute in own:
                origins["chains", copy, key] = (*path, key)
        faults += _add(replace(drawn.chain, name=copy, components=components, **own), path, chains)
    return faults


def _at_faults(model: TemplateChain, drawn: Drawn, path: Path) -> Iterator[Fault]:
    """Nodes for what is no endpoint, and endpoints without a node."""
    endpoints = sorted(drawn.endpoints)
    for name in model.at:
        if name not in endpoints:
            meant = suggestion(name, endpoints)
            ending = f", did you mean '{meant}'?" if meant else f"; it has {', '.join(endpoints) or 'none'}"
            yield Fault((*path, "at", name), f"template '{model.template}' has no endpoint {shown(name)}{ending}")
    open_ends = [e for e in drawn.chain.components if e in endpoints and drawn.chain.components[e].at is None]
    for name in open_ends:
        if name not in model.at and not any(suggestion(key, [name]) for key in model.at if key not in endpoints):
            where = (*path, "at") if model.at else path
            yield Fault(where, f"needs a node for endpoint '{name}' of template '{model.template}' under 'at'")

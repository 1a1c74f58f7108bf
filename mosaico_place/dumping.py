"""Writes an instance in the file format: every chain in full, every figure exact.

:func:`mosaico_place.load.parse_instance` reads back an equal instance.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mosaico_place.instance import (
    DEFAULT_OBJECTIVE,
    DEVICE_RESOURCES,
    NODE_RESOURCES,
    WHOLE_DEVICE,
    Budget,
    Chain,
    Component,
    Flow,
    Function,
    Group,
    Implementation,
    Independent,
    Instance,
    Level,
    Link,
    Node,
    Preference,
    Prices,
    Where,
)
from mosaico_place.quantities import Dimension, format_number, format_price, format_quantity

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+-]*")
_WIDTH = 110
_WORDS = ("true", "false", "null")

Tree = str | Mapping[str, "Tree"] | Sequence["Tree"]
"""A document to be written: mappings and lists of texts that are YAML already."""


def dump(instance: Instance) -> str:
    """Write an instance that has no faults as YAML.

    Raises:
        ValueError: a weight or price has more digits than the format can hold.
    """
    return "\n".join(_lines(instance)) + "\n"


def _lines(instance: Instance) -> Iterator[str]:
    yield "format: 1"
    yield f"name: {_name(instance.name)}"
    if instance.resources:
        resources = {_name(name): str(dimension) for name, dimension in instance.resources.items()}
        yield f"resources: {_flow(resources)}"
    yield "infrastructure:"
    yield from _section("  nodes", {_name(key): _node(instance, node) for key, node in instance.nodes.items()})
    yield from _section("  links", [_link(link) for link in instance.links])
    functions = {_name(key): _function(instance, function) for key, function in instance.functions.items()}
    yield from _section("functions", functions, depth=3)
    yield from _section("chains", {_name(key): _chain(chain) for key, chain in instance.chains.items()}, depth=3)
    if instance.classes:
        classes = {
            _name(key): {} if one.share is None else {"share": format_number(one.share)}
            for key, one in instance.classes.items()
        }
        yield from _section("classes", classes)
    if prices := _prices(instance, instance.prices):
        yield f"prices: {_flow(prices)}"
    if instance.objective is not DEFAULT_OBJECTIVE:
        levels = [
            {_name(str(term)): format_number(weight) for term, weight in level.items()} for level in instance.objective
        ]
        yield from _section("objective", levels)


def _section(title: str, content: Tree, depth: int = 1) -> Iterator[str]:
    """A key and what it leads to: ``depth`` levels of it in lines of their own, the rest in braces if it fits."""
    indent = " " * (len(title) - len(title.lstrip()))
    line = f"{title}: {_flow(content)}"
    fits = len(line) <= _WIDTH or not isinstance(content, Mapping)
    if isinstance(content, str) or not content or (depth <= 0 and fits):
        yield line
        return
    yield f"{title}:"
    if isinstance(content, Mapping):
        for key, value in content.items():
            yield from _section(f"{indent}  {key}", value, depth - 1)
    else:
        for value in content:
            yield f"{indent}  - {_flow(value)}"


def _flow(value: Tree) -> str:
    """A value in one line."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(below)}" for key, below in value.items()) + "}"
    return "[" + ", ".join(_flow(below) for below in value) + "]"


def _name(text: str) -> str:
    """A name as YAML: quoted wherever it could be taken for something else."""
    plain = _PLAIN.fullmatch(text) and text not in _WORDS
    return text if plain else json.dumps(text, ensure_ascii=False)


def _time(nanoseconds: int) -> str:
    return format_quantity(nanoseconds, Dimension.TIME)


def _amounts(instance: Instance, amounts: Mapping[str, int], known: Mapping[str, Dimension]) -> dict[str, Tree]:
    return {
        _name(resource): format_quantity(amount, known.get(resource) or instance.resources[resource])
        for resource, amount in amounts.items()
    }


def _node(instance: Instance, node: Node) -> dict[str, Tree]:
    tree: dict[str, Tree] = {"kind": str(node.kind), **_amounts(instance, node.capacity, NODE_RESOURCES)}
    if node.reserved:
        tree["reserved"] = _amounts(instance, node.reserved, NODE_RESOURCES)
    if node.devices:
        tree["gpus"] = {_name(name): _device(instance, node, name) for name in node.devices}
    if node.forwarding_ns:
        tree["forwarding"] = _time(node.forwarding_ns)
    if node.hand_over_ns:
        tree["hand-over"] = _time(node.hand_over_ns)
    if node.labels:
        tree["labels"] = {_name(label): _name(value) for label, value in node.labels.items()}
    if node.offers is not None:
        tree["runs"] = [str(level) for level in Level if level in node.offers]
    if prices := _prices(instance, node.prices):
        tree["prices"] = prices
    flags = {"down": not node.up, "drained": node.drained, "hitless": node.hitless}
    return tree | {word: "true" for word, said in flags.items() if said}


def _device(instance: Instance, node: Node, name: str) -> dict[str, Tree]:
    has = {key: amount for key, amount in node.devices[name].items() if (key, amount) != ("share", WHOLE_DEVICE)}
    tree = _amounts(instance, has, DEVICE_RESOURCES)
    return {**tree, "down": "true"} if name in node.devices_down else tree


def _link(link: Link) -> dict[str, Tree]:
    rate = Dimension.RATE
    tree: dict[str, Tree] = {
        "between": [_name(end) for end in link.ends],
        "bandwidth": _both(
            format_quantity(link.forth.bandwidth_bps, rate), format_quantity(link.back.bandwidth_bps, rate)
        ),
        "latency": _both(_time(link.forth.latency_ns), _time(link.back.latency_ns)),
    }
    if link.forth.reserved_bps or link.back.reserved_bps:
        tree["reserved"] = _both(
            format_quantity(link.forth.reserved_bps, rate), format_quantity(link.back.reserved_bps, rate)
        )
    queues = [{"classic": _time(way.classic_ns), "l4s": _time(way.l4s_ns)} for way in (link.forth, link.back)]
    if any(way.classic_ns or way.l4s_ns for way in (link.forth, link.back)):
        tree["queue"] = queues[0] if queues[0] == queues[1] else {"forth": queues[0], "back": queues[1]}
    if link.prices.bandwidth is not None:
        tree["prices"] = {"bandwidth": format_price(link.prices.bandwidth, rate)}
    return tree if link.up else {**tree, "down": "true"}


def _both(forth: str, back: str) -> Tree:
    return forth if forth == back else {"forth": forth, "back": back}


def _function(instance: Instance, function: Function) -> dict[str, Tree]:
    implementations = {
        _name(name): _implementation(instance, function, one) for name, one in function.implementations.items()
    }
    tree: dict[str, Tree] = {"implementations": implementations}
    if function.shared:
        tree["shared"] = "true"
    if function.l4s:
        tree["queue"] = "l4s"
    if function.state_bytes:
        tree["state"] = format_quantity(function.state_bytes, Dimension.BYTES)
    if function.reload_ns:
        tree["reload"] = _time(function.reload_ns)
    if prices := _prices(instance, function.prices):
        tree["prices"] = prices
    return tree


def _implementation(instance: Instance, function: Function, implementation: Implementation) -> dict[str, Tree]:
    tree: dict[str, Tree] = {}
    if implementation.name != implementation.level:
        tree["level"] = str(implementation.level)
    if implementation.needs:
        tree["needs"] = {_name(label): _one_or_list(values) for label, values in implementation.needs.items()}
    demand = _amounts(instance, implementation.demand, NODE_RESOURCES)
    if not function.shared:
        tree |= demand
    else:
        once = _amounts(instance, implementation.once, NODE_RESOURCES)
        tree |= {key: amounts for key, amounts in (("once", once), ("each", demand)) if amounts}
    if implementation.device:
        count = {} if implementation.device_count == 1 else {"count": str(implementation.device_count)}
        tree["device"] = {**count, **_amounts(instance, implementation.device, DEVICE_RESOURCES)}
    if implementation.processing_ns:
        tree["processing"] = _time(implementation.processing_ns)
    if implementation.capacity_bps is not None:
        tree["capacity"] = format_quantity(implementation.capacity_bps, Dimension.RATE)
    return tree


def _prices(instance: Instance, prices: Prices) -> dict[str, Tree]:
    tree: dict[str, Tree] = {}
    for resource, price in prices.resources.items():
        tree[_name(resource)] = format_price(price, instance.dimension(resource))
    if prices.bandwidth is not None:
        tree["bandwidth"] = format_price(prices.bandwidth, Dimension.RATE)
    if prices.active is not None:
        tree["active"] = format_price(prices.active, Dimension.COUNT)
    for word, single in (("opened", prices.opened), ("move", prices.move)):
        if single is not None:
            tree[word] = format_price(single, Dimension.COUNT)
    if prices.device:
        tree["device"] = {
            _name(resource): format_price(price, instance.device_dimension(resource))
            for resource, price in prices.device.items()
        }
    return tree


def _chain(chain: Chain) -> dict[str, Tree]:
    tree: dict[str, Tree] = {}
    if chain.weight != 1:
        tree["weight"] = format_number(chain.weight)
    if chain.class_name is not None:
        tree["class"] = _name(chain.class_name)
    if chain.required:
        tree["required"] = "true"
    tree["components"] = {_name(name): _component(component) for name, component in chain.components.items()}
    flows: list[Tree] = [_flow_of(flow) for flow in chain.flows]
    optional: dict[str, Tree] = {
        "flows": flows,
        "latency": [_budget(budget) for budget in chain.budgets],
        "together": [_group(group) for group in chain.together],
        "apart": [_group(group) for group in chain.apart],
        "only": {_name(name): _where(where) for name, where in chain.only.items()},
        "never": {_name(name): _where(where) for name, where in chain.never.items()},
        "preference": {_name(name): _preference(prices) for name, prices in chain.preference.items()},
        "equivalent": [[_name(name) for name in group] for group in chain.equivalent],
        "independent": [_independent(group) for group in chain.independent],
    }
    return tree | {key: value for key, value in optional.items() if value}


def chain_document(chain: Chain) -> dict[str, Any]:
    """A chain as the file has it: mappings, lists, texts and truth values, such as JSON knows."""
    document: dict[str, Any] = _data(_chain(chain))
    return document


def _data(tree: Tree) -> Any:
    """What a document means: the data that reading its YAML would give, but numbers as texts."""
    if isinstance(tree, Mapping):
        return {_text(key): _data(below) for key, below in tree.items()}
    if not isinstance(tree, str):
        return [_data(below) for below in tree]
    return tree == "true" if tree in ("true", "false") else _text(tree)


def _text(yaml: str) -> str:
    text: str = json.loads(yaml) if yaml.startswith('"') else yaml
    return text


def _component(component: Component) -> Tree:
    if component.function is not None:
        if not component.private and component.movable:
            return _name(component.function)
        said = {"private": component.private, "movable": not component.movable}
        words = {"private": "true", "movable": "false"}
        return {"function": _name(component.function), **{key: words[key] for key, given in said.items() if given}}
    tree = {"at": _name(component.at or "")}
    if component.processing_ns:
        tree["processing"] = _time(component.processing_ns)
    return tree


def _flow_of(flow: Flow) -> Tree:
    tree: dict[str, Tree] = {"from": _name(flow.tail), "to": _name(flow.head)}
    if flow.copy_of is not None:
        tree = {"copy-of": {"from": _name(flow.copy_of[0]), "to": _name(flow.copy_of[1])}, "to": _name(flow.head)}
    tree["rate"] = format_quantity(flow.rate_bps, Dimension.RATE)
    if flow.per_hop:
        tree["per-hop"] = [_name(name) for name in flow.per_hop]
    tree |= {word: "true" for word, said in (("strict", flow.strict), ("private", flow.private)) if said}
    if flow.burst_bytes:
        tree["burst"] = format_quantity(flow.burst_bytes, Dimension.BYTES)
    return tree


def _independent(group: Independent) -> Tree:
    tree: dict[str, Tree] = {"components": [_name(name) for name in group.components]}
    return {**tree, "join": _time(group.join_ns)} if group.join_ns else tree


def _budget(budget: Budget) -> dict[str, Tree]:
    tree: dict[str, Tree] = {"from": _name(budget.tail), "to": _name(budget.head)}
    if budget.within_ns is not None:
        tree["within"] = _time(budget.within_ns)
    if budget.target_ns is not None:
        tree["target"] = _time(budget.target_ns)
    return tree


def _group(group: Group) -> Tree:
    components = [_name(name) for name in group.components]
    return components if group.by is None else {"components": components, "by": _name(group.by)}


def _one_or_list(names: Sequence[str]) -> Tree:
    return _name(names[0]) if len(names) == 1 else [_name(name) for name in names]


def _where(where: Where) -> Tree:
    if where.nodes:
        return _one_or_list(where.nodes)
    return {_name(label): _one_or_list(values) for label, values in where.labels.items()}


def _preference(preference: Preference) -> dict[str, Tree]:
    nodes: dict[str, Tree] = {_name(node): format_number(price) for node, price in preference.nodes.items()}
    for label, prices in preference.labels.items():
        nodes[_name(label)] = {_name(value): format_number(price) for value, price in prices.items()}
    return nodes

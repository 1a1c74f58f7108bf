"""Reads the text format of the published pVNFPC instances (VNF placement and chaining over P4 switches).

Source: github.com/wevertoncordeiro/programmable-vnfpc, for the paper "Mind the Path: VNF Placement and Chaining in a
Programmable Data Plane Era" (NOMS 2026), which maximises 1000 x accepted chains - opened instances. As an instance:
every chain has weight 1, VNFs and virtual switches are shared functions whose instances cost 1 to open and take nothing
once, and what they serve is charged to the chains. Bandwidths are read as Mbps, memory as GB.

::

    Topology
    endpoint e1 e2
    physical_switch ps1 128            stages
    network_pop npop1 1 1              CPU, memory
    link ps1 npop1 10000.0 #1          bandwidth of each direction
    SFC Q1
    endpoint e1 e2
    virtual_function fw 0.1 0.1        CPU, memory
    virtual_link e1 fw 50.0 vs_int #1  bandwidth, kind of virtual switch on every physical switch of the path
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from mosaico_place.errors import Fault, InputError
from mosaico_place.instance import (
    Chain,
    Component,
    Direction,
    Flow,
    Function,
    Implementation,
    Instance,
    Kind,
    Level,
    Link,
    Node,
    Prices,
    Term,
)
from mosaico_place.quantities import Dimension, parse_quantity
from mosaico_place.rules import CostTerm

_STAGES = 1
"""Stages that a virtual switch takes for every flow that it serves."""


def load_pvnfpc(path: str | Path) -> Instance:
    """Read a pVNFPC file.

    Raises:
        InputError: the file cannot be read, or is not in this format; it carries every fault with its line.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError([Fault((), f"cannot be read: {error}", str(path))]) from None
    return parse_pvnfpc(text, str(path))


def parse_pvnfpc(text: str, name: str = "<text>") -> Instance:
    """Read the text of such a file; faults call it ``name``.

    Raises:
        InputError: the text is not in this format; it carries every fault with its line.
    """
    reader = _Reader(name)
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split("#")[0].split()
        if words:
            reader.read(number, words)
    if not reader.nodes:
        reader.faults.append(Fault((), "holds no topology; expected a file of the pVNFPC benchmark", f"{name}:1:1"))
    if reader.faults:
        raise InputError(reader.faults)
    return Instance(
        name=Path(name).stem,
        nodes=reader.nodes,
        links=tuple(reader.links.values()),
        functions=reader.functions,
        chains={key: Chain(key, part.components, tuple(part.flows.values())) for key, part in reader.chains.items()},
        prices=Prices(opened=Fraction(1)),
        objective=({Term(CostTerm.REJECTED): Fraction(1)}, {Term(CostTerm.RESOURCES): Fraction(1)}),
    )


@dataclass
class _Draft:
    """A chain that is being read."""

    components: dict[str, Component] = field(default_factory=dict)
    flows: dict[tuple[str, str], Flow] = field(default_factory=dict)


class _Reader:
    """What has been read so far, line by line."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.faults: list[Fault] = []
        self.nodes: dict[str, Node] = {}
        self.links: dict[frozenset[str], Link] = {}
        self.functions: dict[str, Function] = {}
        self.chains: dict[str, _Draft] = {}
        self._chain: _Draft | None = None

    def read(self, number: int, words: list[str]) -> None:
        """Read one line; what is wrong with it is noted."""
        keyword, *rest = words
        inside = self._chain is not None
        readers: dict[str, tuple[Callable[[list[str]], None], str]] = {
            "Topology": (lambda _: None, "Topology"),
            "SFC": (self._sfc, "SFC NAME"),
            "endpoint": (self._endpoints, "endpoint NAME ..."),
            "physical_switch": (self._switch, "physical_switch NAME STAGES"),
            "network_pop": (self._server, "network_pop NAME CPU MEMORY"),
            "link": (self._link, "link NODE NODE BANDWIDTH"),
        }
        if inside:
            readers |= {
                "virtual_function": (self._function, "virtual_function NAME CPU MEMORY"),
                "virtual_link": (self._flow, "virtual_link FROM TO BANDWIDTH SWITCH"),
            }
        if keyword not in readers:
            expected = ", ".join(readers)
            self._fault(number, f"unknown word {keyword!r}; a line begins with one of {expected}")
            return
        reader, form = readers[keyword]
        if keyword != "endpoint" and len(rest) != len(form.split()) - 1:
            self._fault(number, f"expected '{form}', found {len(rest)} words after {keyword!r}")
            return
        try:
            reader(rest)
        except ValueError as error:
            self._fault(number, str(error))

    def _fault(self, number: int, message: str) -> None:
        self.faults.append(Fault((), message, f"{self.name}:{number}:1"))

    def _add(self, node: Node) -> None:
        if node.name in self.nodes:
            raise ValueError(f"there is a node {node.name!r} already")
        self.nodes[node.name] = node

    def _sfc(self, words: list[str]) -> None:
        if words[0] in self.chains:
            raise ValueError(f"there is a chain {words[0]!r} already")
        self._chain = self.chains[words[0]] = _Draft()

    def _endpoints(self, words: list[str]) -> None:
        for name in words:
            if self._chain is None:
                self._add(Node(name, Kind.ACCESS))
            elif name not in self.nodes:
                raise ValueError(f"there is no endpoint {name!r}")
            else:
                self._chain.components[name] = Component(name, at=name)

    def _switch(self, words: list[str]) -> None:
        self._add(Node(words[0], Kind.P4_SWITCH, {"stages": parse_quantity(words[1], Dimension.COUNT)}))

    def _server(self, words: list[str]) -> None:
        self._add(Node(words[0], Kind.SERVER, _amounts(words[1], words[2])))

    def _link(self, words: list[str]) -> None:
        tail, head, bandwidth = words
        for end in (tail, head):
            if end not in self.nodes:
                raise ValueError(f"there is no node {end!r}")
        pair = frozenset((tail, head))
        if len(pair) < 2 or pair in self.links:
            raise ValueError(f"{tail!r} and {head!r} are joined already")
        direction = Direction(_mbps(bandwidth), 0)
        self.links[pair] = Link((tail, head), direction, direction)

    def _function(self, words: list[str]) -> None:
        assert self._chain is not None, "read inside chains only"
        name, cpu, memory = words
        vnf = Implementation("vnf", Level.VNF, _amounts(cpu, memory))
        function = self.functions.setdefault(name, Function(name, {"vnf": vnf}, shared=True))
        if function.implementations.get("vnf") != vnf:
            raise ValueError(f"{name!r} takes other amounts than elsewhere in the file")
        self._chain.components[name] = Component(name, function=name)

    def _flow(self, words: list[str]) -> None:
        assert self._chain is not None, "read inside chains only"
        tail, head, bandwidth, switch = words
        for end in (tail, head):
            if end not in self._chain.components:
                raise ValueError(f"the chain has no {end!r}")
        if (tail, head) in self._chain.flows:
            raise ValueError(f"{tail!r} and {head!r} are joined already")
        program = Implementation("p4", Level.P4, {"stages": _STAGES})
        function = self.functions.setdefault(switch, Function(switch, {"p4": program}, shared=True))
        if "p4" not in function.implementations:
            raise ValueError(f"{switch!r} is a virtual function, and cannot be a virtual switch as well")
        self._chain.flows[tail, head] = Flow(tail, head, _mbps(bandwidth), per_hop=(switch,))


def _amounts(cpu: str, memory: str) -> dict[str, int]:
    return {
        "cpu": parse_quantity(cpu, Dimension.CORES),
        "memory": parse_quantity(f"{memory} GB", Dimension.BYTES),
    }


def _mbps(number: str) -> int:
    return parse_quantity(f"{number} Mbps", Dimension.RATE)

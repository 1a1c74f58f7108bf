"""Quantities and prices as the file writes them, and mappings from resources to them.

A declared resource's dimension stands elsewhere in the document; it reaches the validators as the context, a mapping
from resource to :class:`~mosaico_place.quantities.Dimension`, or to None if the declaration itself is faulty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field, PlainValidator, ValidationInfo, WithJsonSchema

from mosaico_place.errors import shown
from mosaico_place.instance import DEVICE_RESOURCES, NODE_RESOURCES
from mosaico_place.quantities import Dimension, parse_number, parse_price, parse_quantity
from mosaico_place.schema.base import Strict, Unknown, parse_from_one


def _single(value: object, example: str) -> object:
    if value is None or isinstance(value, dict | list):
        raise ValueError(f"expected a quantity such as {example!r}, found {shown(value)}")
    return value


def _quantity(dimension: Dimension) -> Any:
    """Pydantic metadata for a quantity of one dimension."""

    def parse(value: object) -> int:
        return parse_quantity(_single(value, dimension.example), dimension)

    return PlainValidator(parse)


def _price(dimension: Dimension) -> Any:
    """Pydantic metadata for a price per unit of one dimension."""

    def parse(value: object) -> Fraction:
        return parse_price(_single(value, "0.1 per GiB"), dimension)

    return PlainValidator(parse)


def read_number(value: object) -> Fraction:
    """Read a plain number; ValueError if it is none."""
    if value is None or isinstance(value, dict | list):
        raise ValueError(f"expected a number, found {shown(value)}")
    return parse_number(value)


def _schema(dimension: Dimension) -> Any:
    text = {"type": "string", "pattern": r"^\s*[+.0-9]", "examples": [dimension.example]}
    return WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, text]})


PRICE_SCHEMA = WithJsonSchema(
    {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "examples": ["0.1 per GiB"]}]}
)
NUMBER_SCHEMA = WithJsonSchema(
    {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": r"^[+.0-9]"}]}
)

Time = Annotated[int, _quantity(Dimension.TIME), _schema(Dimension.TIME)]
"""Nanoseconds."""
MaybeTime = Annotated[int | None, _quantity(Dimension.TIME), _schema(Dimension.TIME)]
"""Nanoseconds; None only where the key is absent."""
Rate = Annotated[int, _quantity(Dimension.RATE), _schema(Dimension.RATE)]
"""Bit/s."""
MaybeRate = Annotated[int | None, _quantity(Dimension.RATE), _schema(Dimension.RATE)]
"""Bit/s; None only where the key is absent."""
Bytes = Annotated[int, _quantity(Dimension.BYTES), _schema(Dimension.BYTES)]
Cores = Annotated[int, _quantity(Dimension.CORES), _schema(Dimension.CORES)]
"""1/1000 of a core."""
Share = Annotated[int, _quantity(Dimension.SHARE), _schema(Dimension.SHARE)]
"""1/1000 of a GPU."""
Count = Annotated[int, _quantity(Dimension.COUNT), _schema(Dimension.COUNT)]
Weight = Annotated[Fraction, PlainValidator(read_number), NUMBER_SCHEMA]
Price = Annotated[Fraction, _price(Dimension.COUNT), PRICE_SCHEMA]
"""Price of one node, component or piece."""
MaybePrice = Annotated[Fraction | None, _price(Dimension.COUNT), PRICE_SCHEMA]
MaybeCoresPrice = Annotated[Fraction | None, _price(Dimension.CORES), PRICE_SCHEMA]
MaybeBytesPrice = Annotated[Fraction | None, _price(Dimension.BYTES), PRICE_SCHEMA]
MaybeSharePrice = Annotated[Fraction | None, _price(Dimension.SHARE), PRICE_SCHEMA]
MaybeRatePrice = Annotated[Fraction | None, _price(Dimension.RATE), PRICE_SCHEMA]


class _Declared:
    """The value of a declared resource, with what reads it."""

    def __init__(self, parse: Callable[[Any, Dimension], int | Fraction], dimension: Dimension, raw: object) -> None:
        self._parse = parse
        self._dimension = dimension
        self._raw = raw

    def read(self) -> int | Fraction:
        """The amount or price; ValueError like the function that reads it."""
        return self._parse(_single(self._raw, self._dimension.example), self._dimension)


def _read_declared(value: object) -> Any:
    """Values of keys that the model itself does not name."""
    if isinstance(value, Unknown):
        raise ValueError("unknown key")  # the translator takes the words from the marker
    if isinstance(value, _Declared):
        return value.read()
    return 0  # the declaration is faulty, which is reported there


_DeclaredAmount = Annotated[int, PlainValidator(_read_declared), _schema(Dimension.COUNT)]
_DeclaredPrice = Annotated[Fraction, PlainValidator(_read_declared), PRICE_SCHEMA]


class _Open(Strict):
    """A mapping whose keys are those of the model and the declared resources."""

    model_config = ConfigDict(extra="allow")

    resource_keys: ClassVar[frozenset[str]] = frozenset()
    """The resources among the model's own keys."""

    @classmethod
    def parse_declared(cls, value: Any, dimension: Dimension) -> int | Fraction:
        """Read the value of a declared resource."""
        return parse_quantity(value, dimension)

    @classmethod
    def unknown(cls, key: str, value: object, info: ValidationInfo) -> object:
        """A declared resource to be read, or a marker for a key that is none."""
        declared: Mapping[str, Dimension | None] = info.context or {}
        if key not in declared:
            return Unknown((*cls.keys(), *declared), cls.hints.get(key, ""))
        dimension = declared[key]
        return None if dimension is None else _Declared(cls.parse_declared, dimension, value)

    def by_resource(self) -> dict[str, Any]:
        """Resource -> amount or price, for those that are given."""
        own = {key: getattr(self, key) for key in type(self).model_fields if key in self._given()}
        return {**own, **(self.model_extra or {})}

    def _given(self) -> frozenset[str]:
        return self.resource_keys & self.model_fields_set


class NodeResources(_Open):
    """Amounts of node resources; declared resources are further keys."""

    __pydantic_extra__: dict[str, _DeclaredAmount]
    resource_keys = frozenset(NODE_RESOURCES)

    cpu: Cores = 0
    """Cores."""
    memory: Bytes = 0
    """Main memory."""
    stages: Count = 0
    """Stages of a P4 pipeline, net of the base program."""
    sram: Bytes = 0
    """Switch memory for exact-match tables and registers."""
    tcam: Bytes = 0
    """Switch memory for ternary tables."""


class DeviceResources(_Open):
    """Amounts of device resources; declared resources are further keys."""

    __pydantic_extra__: dict[str, _DeclaredAmount]
    resource_keys = frozenset(DEVICE_RESOURCES)

    share: Share = 0
    """Share of a GPU's time: 1 is one whole GPU."""
    memory: Bytes = 0
    """Memory of the GPU."""
    nvenc: Count = 0
    """Video encoder sessions."""


class DeviceDemand(DeviceResources):
    """What a component takes of each of its devices, and how many these are; declared resources are further keys."""

    count: Annotated[int, PlainValidator(parse_from_one), WithJsonSchema({"type": "integer", "minimum": 1})] = 1
    """How many different GPUs of one server give that much each."""


class DevicePrices(_Open):
    """Prices of device resources; declared resources are further keys."""

    __pydantic_extra__: dict[str, _DeclaredPrice]
    resource_keys = frozenset(DEVICE_RESOURCES)

    share: MaybeSharePrice = None
    """Price of a whole GPU."""
    memory: MaybeBytesPrice = None
    """Price of the GPU's memory, e.g. `0.5 per GiB`."""
    nvenc: MaybePrice = None
    """Price of a video encoder session."""

    @classmethod
    def parse_declared(cls, value: Any, dimension: Dimension) -> Fraction:
        """Read the price of a declared resource."""
        return parse_price(value, dimension)


class FunctionPrices(_Open):
    """Prices of what a function uses; declared resources are further keys."""

    __pydantic_extra__: dict[str, _DeclaredPrice]
    resource_keys = frozenset(NODE_RESOURCES)

    cpu: MaybeCoresPrice = None
    """Price of a core."""
    memory: MaybeBytesPrice = None
    """Price of memory, e.g. `0.1 per GiB`."""
    stages: MaybePrice = None
    """Price of a pipeline stage."""
    sram: MaybeBytesPrice = None
    """Price of switch memory, e.g. `0.1 per MiB`."""
    tcam: MaybeBytesPrice = None
    """Price of ternary switch memory, e.g. `0.1 per MiB`."""
    device: DevicePrices = Field(default_factory=DevicePrices)
    """Prices of device resources."""
    opened: MaybePrice = None
    """Price of an opened instance of a shared function."""

    @classmethod
    def parse_declared(cls, value: Any, dimension: Dimension) -> Fraction:
        """Read the price of a declared resource."""
        return parse_price(value, dimension)


class OwnPrices(FunctionPrices):
    """Prices of a function; declared resources are further keys."""

    move: MaybePrice = None
    """Price of moving a component that runs it."""


class NodePrices(FunctionPrices):
    """Prices of what a node offers; declared resources are further keys."""

    active: MaybePrice = None
    """Price of the node when it hosts anything but endpoints."""


class InstancePrices(NodePrices):
    """What a unit costs unless a function, node or link says otherwise; declared resources are further keys."""

    bandwidth: MaybeRatePrice = None
    """Price of rate on one link, e.g. `1 per Gbps`."""
    move: MaybePrice = None
    """Price of moving a component."""


class LinkPrices(Strict):
    """What a link costs."""

    bandwidth: MaybeRatePrice = None
    """Price of rate on this link, e.g. `1 per Gbps`."""

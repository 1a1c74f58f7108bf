"""File model of a whole instance."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema

from mosaico_place.errors import shown, suggestion
from mosaico_place.instance import Term
from mosaico_place.quantities import Dimension
from mosaico_place.rules import OF_CLASSES, CostTerm
from mosaico_place.schema.amounts import InstancePrices, Weight, read_number
from mosaico_place.schema.base import Key, Name, Strict, given, parse_choice, parse_name
from mosaico_place.schema.chains import AnyChain, Template
from mosaico_place.schema.infrastructure import Function, Infrastructure

FORMAT = 1
"""The version of the file format."""


def _parse_format(value: object) -> int:
    if isinstance(value, bool) or value != FORMAT:
        raise ValueError(f"unknown format {shown(value)}; this version reads 'format: {FORMAT}'")
    return FORMAT


Format = Annotated[int, PlainValidator(_parse_format), WithJsonSchema({"const": FORMAT})]
"""The version that a document says it is written in."""


def parse_dimension(value: object) -> Dimension:
    """Read the dimension of a declared resource; ValueError if it is none."""
    return Dimension(parse_choice(value, Dimension, "dimension", "a resource counts in one of"))


def _parse_term(value: object) -> Term:
    """Read ``rejected``, ``rejected.CLASS`` or another cost term."""
    text = parse_name(value)
    word, dot, class_name = text.partition(".")
    terms = [str(term) for term in CostTerm]
    if word not in terms:
        meant = suggestion(word, terms)
        ending = f", did you mean '{meant}'?" if meant else f"; the terms are {', '.join(terms)}"
        raise ValueError(f"unknown cost term {shown(text)}{ending}")
    if dot and word not in OF_CLASSES:
        sums = ", ".join(term for term in terms if term in OF_CLASSES)
        raise ValueError(f"{shown(text)}: only sums over chains can be narrowed to a class: {sums}")
    if dot and not class_name:
        raise ValueError(f"{shown(text)} names no class after the dot")
    return Term(CostTerm(word), class_name if dot else None)


_TERM_PATTERN = (
    "^(" + "|".join(CostTerm) + "|(" + "|".join(term for term in CostTerm if term in OF_CLASSES) + r")\.\S+)$"
)
ObjectiveTerm = Annotated[
    Term, PlainValidator(_parse_term), WithJsonSchema({"type": "string", "pattern": _TERM_PATTERN})
]


def _level(value: Any) -> Any:
    if not isinstance(value, dict) or not value:
        raise ValueError(f"expected a level such as {{rejected: 1}}, found {shown(value) if value else 'nothing'}")
    return value


Objective = Annotated[
    dict[ObjectiveTerm, Weight],
    BeforeValidator(_level),
    Field(json_schema_extra={"propertyNames": {"pattern": _TERM_PATTERN}, "minProperties": 1}),
]


def _share(value: object) -> Fraction:
    share = read_number(value)
    if not 0 <= share <= 1:
        raise ValueError(f"a share lies between 0 and 1, found {shown(value)}")
    return share


class TrafficClass(Strict):
    """A class of chains."""

    share: Annotated[
        Fraction | None,
        PlainValidator(_share),
        WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string"}]}),
    ] = None
    """Part of every capacity and bandwidth that its chains may use at most."""


DeclaredDimension = Annotated[
    Dimension, PlainValidator(parse_dimension), WithJsonSchema({"enum": [str(dimension) for dimension in Dimension]})
]


class InstanceDocument(Strict):
    """An instance: infrastructure, functions, chains, prices, objective."""

    format: Format
    """Version of this format."""
    name: Name = ""
    """Name of the instance; the file's name unless given."""
    resources: dict[Key, DeclaredDimension] = Field(default_factory=dict)
    """Declared resources, and what they count in."""
    infrastructure: Infrastructure
    """Nodes and links."""
    functions: dict[Key, Function] = Field(default_factory=dict)
    """Kinds of micro-services by name."""
    templates: dict[Key, Template] = Field(default_factory=dict)
    """Chains that others are made from, by name."""
    chains: dict[Key, AnyChain] = Field(default_factory=dict)
    """Requests by name."""
    classes: dict[Key, TrafficClass] = Field(default_factory=dict)
    """Classes that say more than their name."""
    prices: InstancePrices = Field(default_factory=InstancePrices)
    """What a unit costs."""
    objective: Annotated[list[Objective] | None, given("a list")] = None
    """Levels, best first; rejected, then latency, then resources unless given."""

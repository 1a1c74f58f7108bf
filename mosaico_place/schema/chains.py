"""File models of chains and templates: the full form, the line form, the template form."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, PlainValidator, Tag, WithJsonSchema

from mosaico_place.errors import shown, suggestion
from mosaico_place.quantities import parse_number
from mosaico_place.schema.amounts import Bytes, MaybeTime, Price, Rate, Time, Weight
from mosaico_place.schema.base import Flag, Key, Name, Names, Strict, not_empty, parse_name

MAX_COPIES = 100_000
"""How many chains one template chain may make."""


class Component(Strict):
    """A micro-service: runs a function, or is an endpoint at a node."""

    function: Annotated[str | None, PlainValidator(parse_name), WithJsonSchema({"type": "string"})] = None
    """Function that it runs."""
    at: Annotated[str | None, PlainValidator(parse_name), WithJsonSchema({"type": "string"})] = None
    """Node that this endpoint stands on; in a template it may be left to the chain."""
    processing: MaybeTime = None
    """Time that traffic spends in this endpoint."""
    private: Flag = False
    """It has an instance of its shared function to itself."""
    movable: Flag = True
    """Whether it may leave where a previous placement has it, while that node is up."""


def _component(value: Any) -> Any:
    return value if isinstance(value, dict) else {"function": value}


AnyComponent = Annotated[Component, BeforeValidator(_component, json_schema_input_type=Name | Component)]


class Flow(Strict):
    """Traffic from one component to another."""

    tail: Name = Field(alias="from")
    """Component that it leaves."""
    head: Name = Field(alias="to")
    """Component that it enters."""
    rate: Rate
    """Its rate, e.g. `30 Mbps`."""
    per_hop: Names = Field(default_factory=list, alias="per-hop")
    """Functions that must be opened on every P4 switch of its path."""
    strict: Flag = False
    """No router, where no program runs, may lie on its path."""
    private: Flag = False
    """It has instances of its per-hop functions to itself."""
    burst: Bytes = 0
    """What it sends at once, e.g. `120 kB`: every link takes time to pass it on."""


class CopiedFlow(Strict):
    """The flow that a copy is made of."""

    tail: Name = Field(alias="from")
    """Component that it leaves."""
    head: Name = Field(alias="to")
    """Component that it enters."""


class Copy(Strict):
    """A copy of another flow: it follows that one's path, and pays for bandwidth only after leaving it."""

    hints: ClassVar = {
        "from": "a copy leaves the component that its flow leaves",
        "per-hop": "a copy is served with its flow as long as it follows it, and by nothing after that",
        "private": "a copy is served with its flow, and has no programs to itself",
    }

    copy_of: CopiedFlow = Field(alias="copy-of")
    """The flow, such as `{from: encode, to: screen}`."""
    head: Name = Field(alias="to")
    """Component that the copy enters."""
    rate: Rate
    """Its rate, e.g. `30 Mbps`."""
    strict: Flag = False
    """No router may lie on its path."""
    burst: Bytes = 0
    """What it sends at once once it has left its flow."""


def _flow_form(value: Any) -> str:
    keys = value if isinstance(value, dict) else {}
    # Where nothing says 'from', a key that is almost 'copy-of' is meant to be it.
    copied = "copy-of" in keys or ("from" not in keys and any(suggestion(str(key), ["copy-of"]) for key in keys))
    return "<copy>" if copied else "<flow>"


AnyFlow = Annotated[Annotated[Flow, Tag("<flow>")] | Annotated[Copy, Tag("<copy>")], Discriminator(_flow_form)]


class Budget(Strict):
    """A latency limit from the start of one component to the end of another; hard, soft or both."""

    tail: Name = Field(alias="from")
    """Component whose start begins it."""
    head: Name = Field(alias="to")
    """Component whose end completes it."""
    within: MaybeTime = None
    """Hard limit."""
    target: MaybeTime = None
    """Soft limit: what exceeds it is a cost."""


class Group(Strict):
    """Components on one node, or on nodes with one value of a label (apart: on different ones)."""

    components: list[Name]
    """Two or more components."""
    by: Annotated[str | None, PlainValidator(parse_name), WithJsonSchema({"type": "string"})] = None
    """Label to compare instead of the node."""


def _group(value: Any) -> Any:
    if isinstance(value, list):
        return {"components": value}
    if not isinstance(value, dict):
        raise ValueError(f"expected a list of components, such as [game, encode], found {shown(value)}")
    return value


AnyGroup = Annotated[Group, BeforeValidator(_group, json_schema_input_type=list[Name] | Group)]


class Independent(Strict):
    """Consecutive components of a line that may run in parallel on one node."""

    components: list[Name]
    """Two or more components, in the order of the line."""
    join: Time = 0
    """Time that joining their results takes."""


def _shape(value: Any) -> str:
    return "<labels>" if isinstance(value, dict) else "<nodes>"


Where = Annotated[
    Annotated[Names, Tag("<nodes>")] | Annotated[dict[Key, Names], Tag("<labels>")], Discriminator(_shape)
]
"""Nodes by name, or by the values of labels."""

NodeOrLabelPrice = Annotated[
    Annotated[Price, Tag("<nodes>")] | Annotated[dict[Key, Price], Tag("<labels>")], Discriminator(_shape)
]
"""Price of a node, or of each value of a label."""


def _class_name(value: object) -> str:
    name = parse_name(value)
    if any(character.isspace() for character in name):
        raise ValueError(f"a class is one word, found {shown(name)}")
    return name


ClassName = Annotated[
    str | None, PlainValidator(_class_name), WithJsonSchema({"type": ["string", "integer"], "pattern": r"^\S+$"})
]


class Counted(Strict):
    """What every chain may say."""

    weight: Weight = parse_number(1)
    """What rejecting it costs; also scales its latency term."""
    class_name: ClassName = Field(None, alias="class")
    """Class it belongs to."""
    required: Flag = False
    """It must be accepted."""


class Ruled(Counted):
    """What every chain that is written out may say."""

    together: list[AnyGroup] = Field(default_factory=list)
    """Groups of components that share a node, or the value of a label."""
    apart: list[AnyGroup] = Field(default_factory=list)
    """Groups of components of which no two share a node, or the value of a label."""
    only: dict[Key, Where] = Field(default_factory=dict)
    """Where a component may stand."""
    never: dict[Key, Where] = Field(default_factory=dict)
    """Where a component may not stand."""
    preference: dict[Key, dict[Key, NodeOrLabelPrice]] = Field(default_factory=dict)
    """Component -> what standing on a node, or on the value of a label, costs."""
    equivalent: list[list[Name]] = Field(default_factory=list)
    """Groups of components that may be merged where they run in one implementation on one node."""
    independent: list[Independent] = Field(default_factory=list)
    """Groups of components that may run in parallel where they stand on one node."""


class FullChain(Ruled):
    """A chain with its components and flows."""

    components: dict[Key, AnyComponent]
    """Components by name: a function, or an endpoint such as `{at: gnb}`."""
    flows: list[AnyFlow] = Field(default_factory=list)
    """Edges of an acyclic graph over the components."""
    latency: list[Budget] = Field(default_factory=list)
    """Latency budgets."""


class Line(Strict):
    """A line of functions between two endpoints."""

    tail: Annotated[str | None, PlainValidator(parse_name), WithJsonSchema({"type": "string"})] = Field(
        None, alias="from"
    )
    """Node of the first endpoint, which is called `from`."""
    through: list[Name]
    """Functions in order; the components are called like them, a repeat gets -2, -3."""
    head: Annotated[str | None, PlainValidator(parse_name), WithJsonSchema({"type": "string"})] = Field(
        None, alias="to"
    )
    """Node of the last endpoint, which is called `to`."""


_NO_LINE = "it does not go with 'line'; write a line, or components and flows"
_NO_TEMPLATE = "it comes from the template; this chain may change weight, class and required only"


class LineChain(Ruled):
    """Short form of a plain line."""

    hints: ClassVar = {
        "components": _NO_LINE,
        "flows": _NO_LINE,
        "latency": "a line takes 'within' and 'target' instead",
    }

    line: Line
    """Endpoints and functions."""
    rate: Rate
    """Rate of every flow."""
    within: MaybeTime = None
    """Hard latency limit from end to end."""
    target: MaybeTime = None
    """Soft latency limit from end to end."""


def _parse_copies(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_COPIES:
        raise ValueError(f"expected a whole number from 1 to {MAX_COPIES}, found {shown(value)}")
    return value


Copies = Annotated[
    int | None, PlainValidator(_parse_copies), WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MAX_COPIES})
]


def _one_or_many(value: Any) -> Literal["<one>", "<many>"]:
    return "<many>" if isinstance(value, list) else "<one>"


Nodes = Annotated[
    Annotated[Name, Tag("<one>")] | Annotated[list[Name], AfterValidator(not_empty), Tag("<many>")],
    Discriminator(_one_or_many),
]
"""One node, or several to be used in turn."""


class TemplateChain(Counted):
    """Chains made from a template."""

    hints: ClassVar = dict.fromkeys({*FullChain.keys(), *LineChain.keys()}.difference(Counted.keys()), _NO_TEMPLATE)

    template: Name
    """The template."""
    at: dict[Key, Nodes] = Field(default_factory=dict)
    """Endpoint -> its node, or a list of nodes to be used in turn."""
    count: Copies = None
    """How many chains to make; as many as the longest list in `at` unless given."""


def _form(value: Any) -> str:
    if isinstance(value, dict):
        for key in ("template", "line"):
            if key in value:
                return f"<{key}>"
    return "<full>"


def _written_form(value: Any) -> str:
    return "<line>" if isinstance(value, dict) and "line" in value else "<full>"


AnyChain = Annotated[
    Annotated[FullChain, Tag("<full>")]
    | Annotated[LineChain, Tag("<line>")]
    | Annotated[TemplateChain, Tag("<template>")],
    Discriminator(_form),
]
Template = Annotated[
    Annotated[FullChain, Tag("<full>")] | Annotated[LineChain, Tag("<line>")], Discriminator(_written_form)
]

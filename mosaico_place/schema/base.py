"""What all file models share: strictness, names, and words for what is unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from mosaico_place.errors import name_fault, shown, suggestion


def parse_name(value: object) -> str:
    """Read a name; a number or truth value is the text that stands in the file.

    Raises:
        ValueError: no single value, or not a name.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | Decimal):
        return str(value)
    if not isinstance(value, str):
        raise ValueError(f"expected a name, found {shown(value)}")
    fault = name_fault(value)
    if fault:
        raise ValueError(fault)
    return value


def parse_choice(value: object, known: Iterable[str], noun: str, listing: str) -> str:
    """Read one of several words.

    Raises:
        ValueError: it is none of them; says which was meant, or ``listing`` and all of them.
    """
    words = [str(word) for word in known]
    if isinstance(value, str) and value in words:
        return value
    meant = suggestion(value, words) if isinstance(value, str) else ""
    ending = f", did you mean '{meant}'?" if meant else f"; {listing} {', '.join(words)}"
    raise ValueError(f"unknown {noun} {shown(value)}{ending}")


def parse_from_one(value: object) -> int:
    """Read a whole number from 1 up.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"expected a whole number from 1 up, found {shown(value)}")
    return value


def _parse_flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, found {shown(value)}")
    return value


NAME_SCHEMA: dict[str, Any] = {"type": ["string", "integer"], "minLength": 1}

Name = Annotated[str, PlainValidator(parse_name), WithJsonSchema(NAME_SCHEMA)]
"""A name or a reference to one."""
Key = Annotated[str, PlainValidator(parse_name), WithJsonSchema({"type": "string", "minLength": 1})]
"""A name that is a mapping's key."""
Flag = Annotated[bool, PlainValidator(_parse_flag), WithJsonSchema({"type": "boolean"})]
"""True or false."""


class Unknown:
    """Stands in for the value of a key that does not exist here, and knows those that do.

    Attributes:
        known: keys that exist here.
        hint: what to say instead of listing them.
    """

    def __init__(self, known: Iterable[str], hint: str = "") -> None:
        self.known = tuple(known)
        self.hint = hint

    def meant(self, key: str) -> str:
        """The key that was probably meant, or an empty text."""
        return "" if self.hint else suggestion(key, self.known)

    def message(self, key: str) -> str:
        """The fault in words."""
        if self.hint:
            return f"unknown key {shown(key)}: {self.hint}"
        if meant := self.meant(key):
            return f"unknown key {shown(key)}, did you mean '{meant}'?"
        return f"unknown key {shown(key)}; the keys here are {', '.join(self.known)}"


class Strict(BaseModel):
    """A mapping in the file whose keys are all known."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
    )

    hints: ClassVar[Mapping[str, str]] = {}
    """Unknown key -> what to say about it."""

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """The keys that exist, as written in the file."""
        return _keys(cls)

    @classmethod
    def unknown(cls, key: str, value: object, info: ValidationInfo) -> object:  # noqa: ARG003
        """What to put in the place of an unknown key's value."""
        return Unknown(cls.keys(), cls.hints.get(key, ""))

    @model_validator(mode="before")
    @classmethod
    def _mark_unknown(cls, data: Any, info: ValidationInfo) -> Any:
        if not isinstance(data, dict):
            return data
        known = _keys(cls)
        extra = [key for key in data if key not in known]
        if not extra:
            return data
        return {**data, **{key: cls.unknown(key, data[key], info) for key in extra}}


@cache
def _keys(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in model.model_fields.items())


def given(what: str) -> BeforeValidator:
    """Pydantic metadata that refuses an empty value, where None stands for a key that is absent."""

    def check(value: Any) -> Any:
        if value is None:
            raise ValueError(f"expected {what}, found nothing")
        return value

    return BeforeValidator(check)


def _one_as_list(value: Any) -> Any:
    return value if isinstance(value, list | dict) or value is None else [value]


def not_empty(value: list[str]) -> list[str]:
    """Refuse an empty list of names."""
    if not value:
        raise ValueError("expected at least one name")
    return value


Names = Annotated[
    list[Name], BeforeValidator(_one_as_list, json_schema_input_type=Name | list[Name]), AfterValidator(not_empty)
]
"""One name or a list of them."""

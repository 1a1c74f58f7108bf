"""The JSON Schemas (draft 2020-12) of what is read and written."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, TypeAdapter

from mosaico_place.schema.answers import AdviceDocument, CheckDocument, ExplainDocument, ValidateDocument
from mosaico_place.schema.comparison import CompareDocument
from mosaico_place.schema.document import InstanceDocument
from mosaico_place.schema.placement import AnswerDocument, PlacementDocument
from mosaico_place.schema.plan import PlanDocument
from mosaico_place.schema.result import ResultDocument
from mosaico_place.schema.scenario import ScenarioDocument
from mosaico_place.schema.watching import AnswerLine, JournalLine, RequestModel

_READ: dict[str, type[BaseModel]] = {
    "instance": InstanceDocument,
    "scenario": ScenarioDocument,
    "watch-request": RequestModel,
}
"""What users write; in these, null is no value of a key."""

_WRITTEN: dict[str, Any] = {
    "placement": AnswerDocument | PlacementDocument,
    "result": ResultDocument,
    "check": CheckDocument,
    "explain": ExplainDocument,
    "advice": AdviceDocument,
    "plan": PlanDocument,
    "validate": ValidateDocument,
    "compare": CompareDocument,
    "watch-answer": AnswerLine,
    "journal": JournalLine,
}


def json_schema(which: str) -> dict[str, Any]:
    """The JSON Schema of a document or line by its name; KeyError if there is none of that name."""
    schema = _of_read(which) if which in _READ else TypeAdapter(_WRITTEN[which]).json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _of_read(which: str) -> dict[str, Any]:
    schema: dict[str, Any] = _without_null(_READ[which].model_json_schema(mode="validation"))
    if which == "watch-request":
        chain = {"anyOf": [{"$ref": "#/$defs/ChainEntry"}, {"type": "null"}]}
        schema["$defs"]["Actual"]["properties"]["chains"]["additionalProperties"] = chain  # here, null says something
    return schema


def _without_null(schema: Any) -> Any:
    """The schema without nulls, which stand for an absent key and are not to be written."""
    if isinstance(schema, list):
        return [_without_null(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: _without_null(value) for key, value in schema.items() if not (key == "default" and value is None)}
    choices = kept.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices:
        rest = [choice for choice in choices if choice != {"type": "null"}]
        kept.pop("anyOf")
        kept = {**kept, **(rest[0] if len(rest) == 1 else {"anyOf": rest})}
    return kept

"""``mosaico-place schema``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from mosaico_place.cli.giving import give


class Which(StrEnum):
    """The documents that have a JSON Schema."""

    INSTANCE = "instance"
    PLACEMENT = "placement"
    RESULT = "result"
    CHECK = "check"
    EXPLAIN = "explain"
    ADVICE = "advice"
    PLAN = "plan"
    VALIDATE = "validate"
    COMPARE = "compare"
    SCENARIO = "scenario"
    WATCH_REQUEST = "watch-request"
    WATCH_ANSWER = "watch-answer"
    JOURNAL = "journal"


WhichSchema = Annotated[Which, typer.Argument(metavar="WHICH", help=" | ".join(Which))]


def schema(which: WhichSchema = Which.INSTANCE) -> None:
    """Print the JSON Schema of what is read or written."""
    from mosaico_place.document import dumps

    give(dumps(_json_schema(which)))


def _json_schema(which: Which) -> dict[str, object]:
    if which is Which.INSTANCE:
        from mosaico_place.schema import instance_json_schema

        return instance_json_schema()
    if which in (Which.WATCH_REQUEST, Which.WATCH_ANSWER, Which.JOURNAL):
        from mosaico_place.schema.watching import line_json_schema

        return line_json_schema(which)
    if which is Which.SCENARIO:
        from mosaico_place.schema.scenario import scenario_json_schema

        return scenario_json_schema()
    from mosaico_place.schema.result import json_schema

    return json_schema(which)

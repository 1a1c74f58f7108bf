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
    from mosaico_place.schema.published import json_schema

    give(dumps(json_schema(which)))

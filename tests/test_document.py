"""The JSON documents: nothing is lost on the way there and back, and each keeps its published schema."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mosaico_place.costing import Cost
from mosaico_place.document import (
    check_document,
    dumps,
    from_json,
    placement_document,
    to_dict,
    to_json,
    validate_document,
)
from mosaico_place.errors import Fault, InputError
from mosaico_place.instance import Instance, Term
from mosaico_place.load import parse_placement
from mosaico_place.placement import EMPTY, ChainPlacement, Opening, Placement, Spot
from mosaico_place.result import (
    BudgetResult,
    LevelResult,
    LinkUse,
    ModelSize,
    Rejection,
    Result,
    Termination,
    Use,
    Violation,
)
from mosaico_place.rules import CostTerm, Rule
from mosaico_place.schema.published import json_schema

NAMES = st.text(max_size=5)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(0, 10**12).map(float)
WHOLE = st.integers(0, 2**53)
MAYBE = st.none() | NUMBERS
USES = st.dictionaries(NAMES, st.builds(Use, NUMBERS, NUMBERS, NUMBERS), max_size=2)
GIVEN_NAMES = st.sampled_from(["a", "b-1", "é", "3"])
"""Names that a file may hold."""


def chain_placements(names: st.SearchStrategy[str]) -> st.SearchStrategy[ChainPlacement]:
    """Placements of a chain, sensible or not."""
    groups = st.lists(st.lists(names, max_size=3).map(tuple), max_size=2).map(tuple)
    return st.builds(
        ChainPlacement,
        st.dictionaries(names, st.builds(Spot, names, names, st.none() | names), max_size=2),
        st.dictionaries(st.tuples(names, names), st.lists(names, min_size=1, max_size=3).map(tuple), max_size=2),
        groups,
        groups,
    )


def instances(names: st.SearchStrategy[str]) -> st.SearchStrategy[dict[Opening, int]]:
    """Opened instances, often of one function on one node in several implementations."""
    place = names | st.just("a")
    return st.dictionaries(st.builds(Opening, place, place, names), st.integers(1, 10**6), max_size=5)


CHAINS = chain_placements(NAMES)
BUDGETS = st.lists(st.builds(BudgetResult, NAMES, NAMES, NUMBERS, MAYBE, MAYBE), max_size=2).map(tuple)


@st.composite
def results(draw: st.DrawFn) -> Result:
    """Any result, sensible or not; every placed chain has its budgets, as in all that ``solve`` returns."""
    placed = draw(st.none() | st.dictionaries(NAMES, st.tuples(CHAINS, BUDGETS), max_size=2))
    opened = {} if placed is None else draw(instances(NAMES))
    result = Result(
        instance=draw(NAMES),
        method=draw(NAMES),
        termination=draw(st.sampled_from(Termination)),
        levels=draw(
            st.lists(
                st.builds(LevelResult, st.dictionaries(NAMES, NUMBERS, max_size=2), MAYBE, MAYBE, MAYBE),
                max_size=2,
            ).map(tuple)
        ),
        placement=None if placed is None else Placement({name: chain for name, (chain, _) in placed.items()}, opened),
        budgets={name: budgets for name, (_, budgets) in (placed or {}).items()},
    )
    return replace(
        result,
        terms=draw(st.dictionaries(NAMES, NUMBERS, max_size=2)),
        accepted=draw(st.lists(NAMES, max_size=2).map(tuple)),
        accepted_weight=draw(MAYBE),
        accepted_weight_bound=draw(MAYBE),
        rejected=draw(st.lists(st.builds(Rejection, NAMES, NAMES), max_size=2).map(tuple)),
        nodes=draw(st.dictionaries(NAMES, USES, max_size=2)),
        devices=draw(st.dictionaries(NAMES, st.dictionaries(NAMES, USES, max_size=2), max_size=2)),
        loads={opening: draw(WHOLE) for opening in opened if draw(st.booleans())},
        links=draw(st.lists(st.builds(LinkUse, NAMES, NAMES, WHOLE, WHOLE, WHOLE), max_size=2).map(tuple)),
        model=draw(st.builds(ModelSize, WHOLE, WHOLE, WHOLE, WHOLE, WHOLE)),
        violations=draw(
            st.lists(st.builds(Violation, st.sampled_from(Rule), NAMES, NAMES, NUMBERS), max_size=2).map(tuple)
        ),
        runtime_s=draw(st.dictionaries(NAMES, NUMBERS, max_size=2)),
        seed=draw(st.integers(0, 2**31 - 1)),
    )


def valid(document: object, which: str) -> bool:
    """Whether the document is what its schema says."""
    return bool(validator(which).is_valid(document))


@cache
def validator(which: str) -> Draft202012Validator:
    """A published schema, itself checked: that takes longer than to judge a document by it."""
    schema: dict[str, Any] = json_schema(which)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


RESULT = Result(
    instance="edge",
    method="exact",
    termination=Termination.GAP,
    levels=(LevelResult({"rejected": 1.0, "links": 0.25}, 1.5, 1.0, 1 / 3),),
    placement=Placement(
        {
            "player": ChainPlacement(
                {"game": Spot("edge-1", "gpu", "gpu-0"), "filter": Spot("sw", "p4")},
                {("pad", "game"): ("gnb", "sw", "edge-1")},
            )
        }
    ),
    terms={"rejected": 1.0, "links": 0.25},
    accepted=("player",),
    accepted_weight=10.0,
    rejected=(Rejection("backup", "no room"),),
    budgets={"player": (BudgetResult("pad", "game", 21000.0, 40000.0, None),)},
    nodes={"edge-1": {"cpu": Use(5.0, 32.0, 2.0), "memory": Use(0.0, 1024.0)}},
    devices={"edge-1": {"gpu-0": {"share": Use(0.4, 1.0)}}},
    links=(LinkUse("gnb", "sw", 10**6, 10**10), LinkUse("sw", "edge-1", 10**6, 10**10, 10**9)),
    model=ModelSize(1, 2, 3, 4, 5),
    runtime_s={"solve": 0.5},
    seed=7,
)


@given(results())
def test_round_trip(result: Result) -> None:
    """Tests that a result is equal to what is read from its document, and that the document keeps its schema."""
    document = to_json(result)
    assert from_json(document) == result
    assert valid(json.loads(document), "result")


def test_document_of_a_result() -> None:
    """Tests every key of the document, in its order, and that only what was given is there."""
    document = json.loads(to_json(RESULT))
    assert list(document) == [
        "format", "instance", "method", "method_why", "termination", "objective", "terms", "accepted",
        "accepted_weight", "accepted_weight_bound", "rejected", "chains", "instances", "rewrites", "nodes", "devices",
        "links", "model", "violations", "runtime_s", "seed",
    ]  # fmt: skip
    assert document["objective"] == [{"terms": {"rejected": 1, "links": 0.25}, "value": 1.5, "bound": 1, "gap": 1 / 3}]
    assert document["chains"] == {
        "player": {
            "components": {
                "game": {"node": "edge-1", "implementation": "gpu", "device": "gpu-0"},
                "filter": {"node": "sw", "implementation": "p4"},
            },
            "flows": [{"from": "pad", "to": "game", "path": ["gnb", "sw", "edge-1"]}],
            "latency": [{"from": "pad", "to": "game", "actual_us": 21000, "within_us": 40000}],
        }
    }
    assert document["nodes"]["edge-1"] == {
        "cpu": {"used": 5, "capacity": 32, "reserved": 2},
        "memory": {"used": 0, "capacity": 1024},
    }
    assert document["links"][0] == {"from": "gnb", "to": "sw", "used_bps": 10**6, "bandwidth_bps": 10**10}
    assert document["links"][1]["reserved_bps"] == 10**9
    assert (document["instances"], document["rewrites"]) == ({}, [])
    assert document["accepted_weight_bound"] is None


FILTERS = ChainPlacement(
    dict.fromkeys(("nat", "fw", "dpi"), Spot("edge-1", "vnf")), {}, (("nat", "fw"),), (("fw", "dpi"), ("nat", "dpi"))
)
SHARING = replace(
    RESULT,
    placement=Placement(
        {"player": FILTERS, "backup": replace(FILTERS, merged=(), parallel=(("nat", "fw", "dpi"),))},
        {
            Opening("edge-1", "dpi", "vnf"): 2,
            Opening("sw", "queue", "p4"): 1,
            Opening("edge-1", "dpi", "vnf-fast"): 1,
            Opening("edge-1", "fw", "vnf"): 3,
        },
    ),
    budgets={"player": (), "backup": ()},
    loads={Opening("edge-1", "dpi", "vnf"): 30 * 10**6, Opening("sw", "queue", "p4"): 0},
)


def test_document_of_instances_and_rewrites() -> None:
    """Tests what is opened, a list where in two implementations, with the loads that are known; and every rewrite."""
    document = json.loads(to_json(SHARING))
    assert document["instances"] == {
        "edge-1": {
            "dpi": [
                {"implementation": "vnf", "count": 2, "load_bps": 30 * 10**6},
                {"implementation": "vnf-fast", "count": 1},
            ],
            "fw": {"implementation": "vnf", "count": 3},
        },
        "sw": {"queue": {"implementation": "p4", "count": 1, "load_bps": 0}},
    }
    assert document["rewrites"] == [
        {"chain": "player", "rewrite": "merged", "components": ["nat", "fw"]},
        {"chain": "player", "rewrite": "parallel", "components": ["fw", "dpi"]},
        {"chain": "player", "rewrite": "parallel", "components": ["nat", "dpi"]},
        {"chain": "backup", "rewrite": "parallel", "components": ["nat", "fw", "dpi"]},
    ]
    assert from_json(to_json(SHARING)) == SHARING
    assert valid(document, "result")
    assert valid(document, "placement")


def test_placement_document_is_read_as_the_placement() -> None:
    """Tests that a placement alone, and the document of a result, are read back as that placement, loads aside."""
    assert SHARING.placement is not None
    alone = placement_document(SHARING.placement)
    assert valid(alone, "placement")
    assert parse_placement(dumps(alone)) == parse_placement(to_json(SHARING)) == SHARING.placement
    assert "load_bps" not in dumps(alone)


def test_an_instance_is_opened_at_least_once() -> None:
    """Tests that a document which opens something 0 times is refused, with its place."""
    with pytest.raises(InputError) as caught:
        from_json(to_json(SHARING).replace('"count": 3', '"count": 0'))
    path = [part for part in caught.value.faults[0].path if part in ("instances", "edge-1", "fw", "count")]
    assert path == ["instances", "edge-1", "fw", "count"]


def test_a_rewrite_is_one_that_there_is() -> None:
    """Tests that components can be merged or run in parallel, and nothing else."""
    with pytest.raises(InputError) as caught:
        from_json(to_json(SHARING).replace('"merged"', '"joined"'))
    assert caught.value.faults[0].path == ("rewrites", 0, "rewrite")


def test_whole_numbers_have_no_decimals() -> None:
    """Tests that a float which is whole is written without a point, and that nothing else is rounded."""
    text = to_json(RESULT)
    assert '"accepted_weight": 10,' in text
    assert '"actual_us": 21000,' in text
    assert ".0" not in text
    assert '"used": 0.4' in text


def test_no_placement_is_not_an_empty_placement() -> None:
    """Tests that "nothing was found" and "nothing is accepted" are told apart in the document."""
    nothing = Result("edge", "exact", Termination.INFEASIBLE, (LevelResult({}, None, None, None),), None)
    document = to_dict(nothing)
    assert document["chains"] is None
    assert (document["instances"], document["rewrites"]) == ({}, [])
    assert document["objective"] == [{"terms": {}, "value": None, "bound": None, "gap": None}]
    assert to_dict(replace(nothing, placement=EMPTY))["chains"] == {}
    assert valid(document, "result")


def test_result_is_a_placement() -> None:
    """Tests that the document of a result, and its chains alone, keep the schema of a placement."""
    document = json.loads(to_json(RESULT))
    assert valid(document, "placement")
    assert valid({key: document[key] for key in ("chains", "instances", "rewrites")}, "placement")
    assert valid({"chains": document["chains"]}, "placement")
    assert not valid({"format": 1}, "placement")


@given(
    st.builds(
        Placement, st.dictionaries(GIVEN_NAMES, chain_placements(GIVEN_NAMES), max_size=2), instances(GIVEN_NAMES)
    )
)
def test_round_trip_of_a_placement(placement: Placement) -> None:
    """Tests that a placement alone is read from its document as it was, rewrites and instances included."""
    document = placement_document(placement)
    assert valid(document, "placement")
    assert parse_placement(dumps(document)) == placement


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", ""),
        ("[]", ""),
        ('{"format": 1}', "instance"),
        (to_json(RESULT).replace('"exact"', "3"), "method"),
        (to_json(RESULT).replace('"gap",', '"tired",'), "termination"),
        (to_json(RESULT).replace('"node": "sw"', '"knot": "sw"'), "chains.player.components.filter.node"),
    ],
)
def test_other_documents_are_faults(text: str, where: str) -> None:
    """Tests that a text which is no such document is refused with the place of its first fault."""
    with pytest.raises(InputError) as caught:
        from_json(text)
    assert ".".join(str(part) for part in caught.value.faults[0].path) == where


def test_numbers_that_are_none_are_refused() -> None:
    """Tests that an infinite bound never reaches a document, where it would be no JSON."""
    with pytest.raises(ValueError, match="JSON"):
        to_json(replace(RESULT, accepted_weight_bound=float("inf")))


def test_check_document() -> None:
    """Tests the document of ``check``: exact costs become numbers, per level and per term."""
    instance = Instance("edge", {}, (), {}, {}, objective=({Term(CostTerm.REJECTED, "gold"): Fraction(2)},))
    total = Cost({Term(CostTerm.REJECTED, "gold"): Fraction(3), Term(CostTerm.LINKS): Fraction(1, 4)}, (Fraction(6),))
    document = check_document(instance, [Violation(Rule.CAPACITY, "node a, cpu", "too full", 2.0)], total)
    assert document == {
        "format": 1,
        "instance": "edge",
        "violations": [{"rule": "capacity", "where": "node a, cpu", "message": "too full", "amount": 2}],
        "objective": [{"terms": {"rejected.gold": 3}, "value": 6}],
        "terms": {"rejected.gold": 3, "links": 0.25},
    }
    assert valid(document, "check")


def test_validate_document() -> None:
    """Tests the document of ``validate``: a fault has its line and column where it has a place in a text."""
    placed = Fault(("chains", "a", "flows", 0), "no such node", "in:put.yaml:3:14")
    whole_file = Fault((), "cannot be read", "gone.yaml")
    document = validate_document([("in:put.yaml", [placed], []), ("gone.yaml", [whole_file], []), ("ok", [], ["odd"])])
    assert document["files"] == [
        {
            "file": "in:put.yaml",
            "ok": False,
            "faults": [{"line": 3, "column": 14, "path": "chains.a.flows.0", "message": "no such node"}],
            "warnings": [],
        },
        {
            "file": "gone.yaml",
            "ok": False,
            "faults": [{"line": None, "column": None, "path": "", "message": "cannot be read"}],
            "warnings": [],
        },
        {"file": "ok", "ok": True, "faults": [], "warnings": ["odd"]},
    ]
    assert valid(document, "validate")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
)


@given(JSON_VALUES)
def test_layout(value: object) -> None:
    """Tests that the layout changes nothing, is plain ASCII, and ends with one line break."""
    text = dumps(value)
    assert json.loads(text) == value
    assert text.isascii()
    assert text.endswith("\n")
    assert not text.endswith("\n\n")

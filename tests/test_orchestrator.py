"""The orchestrator: what it answers, what it remembers, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from mosaico_place.checking import check
from mosaico_place.dynamics.decision import Cause
from mosaico_place.dynamics.idle import Errand, still_holding
from mosaico_place.dynamics.orchestrator import Orchestrator
from mosaico_place.dynamics.strategy import Setting, Stateless
from mosaico_place.errors import InputError, SolverError
from mosaico_place.events import (
    Arrive,
    CapacityChange,
    Depart,
    Drain,
    LinkLatency,
    NodeDown,
    NodeUp,
    RateChange,
    Undrain,
)
from mosaico_place.instance import Instance
from mosaico_place.load import parse_instance
from mosaico_place.placement import EMPTY, ChainPlacement, Placement, Spot

S = 10**9

TWO_SERVERS = """
format: 1
name: two-servers
infrastructure:
  nodes:
    user: {kind: access}
    sw: {kind: p4-switch}
    one: {kind: server, cpu: 4}
    two: {kind: server, cpu: 4}
  links:
    - {between: [user, sw], bandwidth: 10 Gbps, latency: 1 ms}
    - {between: [sw, one], bandwidth: 10 Gbps, latency: 1 ms}
    - {between: [sw, two], bandwidth: 10 Gbps, latency: 2 ms}
functions:
  work: {implementations: {vnf: {cpu: 2, processing: 1 ms}}}
chains:
  a: {weight: 3, line: {from: user, through: [work], to: user}, rate: 1 Mbps, within: 20 ms}
  b: {weight: 2, line: {from: user, through: [work], to: user}, rate: 1 Mbps, within: 20 ms}
prices: {cpu: 1, move: 0.1}
objective: [{dropped: 1}, {rejected: 1, moves: 0.02}, {latency: 1}, {links: 1}]
"""


@pytest.fixture
def instance() -> Instance:
    """Two servers with room for two chains each; the first is nearer."""
    return parse_instance(TWO_SERVERS)


@pytest.fixture(params=["classic", "restructure"])
def orchestrator(request: pytest.FixtureRequest, instance: Instance) -> Iterator[Orchestrator]:
    """One that has placed the chains."""
    with Orchestrator(instance, strategy=request.param) as made:
        yield made


def node(orchestrator: Orchestrator, chain: str) -> str:
    """Where a chain works."""
    return orchestrator.placement.chains[chain].components["work"].node


def another(instance: Instance, name: str) -> Arrive:
    """One more chain of the same form."""
    return Arrive(replace(instance.chains["a"], name=name))


def test_it_begins_with_a_decision(orchestrator: Orchestrator) -> None:
    """Tests that the chains of the instance are placed, and that this is version 1."""
    assert set(orchestrator.placement.chains) == {"a", "b"}
    assert (orchestrator.version, orchestrator.last.cause) == (1, Cause.START)
    assert check(orchestrator.instance, orchestrator.placement) == []
    assert orchestrator.last.delta.on(EMPTY) == orchestrator.placement


def test_nothing_runs(instance: Instance) -> None:
    """Tests that with a placement of nothing the chains wait, and are admitted when something makes room."""
    with Orchestrator(instance, EMPTY, strategy="classic") as orchestrator:
        assert orchestrator.waiting == ("a", "b")
        assert orchestrator.apply(CapacityChange("one", {"cpu": 5000})).admitted == ("a", "b")


def test_events(orchestrator: Orchestrator) -> None:
    """Tests what is told of arrivals, departures, failures and repairs."""
    instance = orchestrator.instance
    for name in ("c", "d"):
        decision = orchestrator.apply(another(instance, name))
        assert set(decision.delta.chains) == {name}
    refused = orchestrator.apply(another(instance, "e"))
    assert (refused.refused, refused.delta.chains) == (("e",), {})
    assert orchestrator.waiting == ("e",)
    admitted = orchestrator.apply(Depart("a"))
    assert (admitted.admitted, admitted.delta.chains["a"]) == (("e",), None)
    dropped = orchestrator.apply(NodeDown("two"))
    assert len(dropped.dropped) == 2
    assert len(orchestrator.apply(NodeUp("two")).admitted) == 2
    assert orchestrator.version == 7
    assert check(orchestrator.instance, orchestrator.placement) == []


def test_several_events_of_one_moment(orchestrator: Orchestrator) -> None:
    """Tests that they are one decision, and that none of them counts if one cannot be."""
    instance = orchestrator.instance
    with pytest.raises(InputError, match=r"1\.depart: there is no chain 'z'"):
        orchestrator.apply([Depart("a"), Depart("z")])
    assert (orchestrator.instance, orchestrator.version) == (instance, 1)
    assert orchestrator.apply([Depart("a"), another(instance, "c")]).version == 2
    assert set(orchestrator.placement.chains) == {"b", "c"}


def test_a_repeat_changes_nothing(orchestrator: Orchestrator) -> None:
    """Tests that an id is answered once, and that another request may not have it."""
    first = orchestrator.apply(Depart("a"), event_id="x")
    assert orchestrator.apply(Depart("a"), event_id="x") is first
    assert (orchestrator.version, orchestrator.metrics.repeats) == (2, 1)
    with pytest.raises(InputError, match="'x' is the id of another request, version 2"):
        orchestrator.apply(Depart("b"), event_id="x")


def test_what_if(orchestrator: Orchestrator) -> None:
    """Tests that a question is answered like the event itself, and changes nothing."""
    before = orchestrator.placement
    event = NodeDown("one")
    asked = orchestrator.what_if(event)
    assert (orchestrator.placement, orchestrator.version) == (before, 1)
    assert asked.delta.chains
    assert replace(orchestrator.apply(event), seconds=asked.seconds) == asked


def test_a_chain_that_does_not_wait_is_lost(orchestrator: Orchestrator) -> None:
    """Tests that it is gone when it is refused, and that what is told of it later is no fault."""
    instance = orchestrator.instance
    orchestrator.apply([another(instance, "c"), another(instance, "d")])
    decision = orchestrator.apply(replace(another(instance, "e"), wait=False))
    assert decision.refused == ("e",)
    assert "e" not in orchestrator.instance.chains
    assert orchestrator.apply(Depart("a")).admitted == ()
    orchestrator.apply(RateChange("e", ("user", "work"), 7))
    orchestrator.apply(Depart("e"))
    with pytest.raises(InputError):
        orchestrator.apply(Depart("e"))
    assert set(orchestrator.apply(another(instance, "e")).delta.chains) == {"e"}


def test_cool_down(instance: Instance) -> None:
    """Tests that what moved a moment ago stays, until the time is over or its chain could not go on."""
    with Orchestrator(instance, strategy="restructure", cool_down_s=10) as orchestrator:
        assert (node(orchestrator, "a"), node(orchestrator, "b")) == ("one", "one")
        orchestrator.apply(Drain("one"), at_ns=S)
        assert (node(orchestrator, "a"), node(orchestrator, "b")) == ("two", "two")
        # Their own server serves well enough; only what would drop them moves them again so soon.
        assert orchestrator.apply(Undrain("one"), at_ns=2 * S).changes.moves == 0
        assert orchestrator.apply(NodeDown("two"), at_ns=3 * S).changes.moves == 2
        assert orchestrator.apply(NodeUp("two"), at_ns=30 * S).changes.moves == 0


def test_cool_down_against_a_strategy_that_moves_everything(instance: Instance) -> None:
    """Tests that the judge counts a held component as one that is not movable, and that time without an end is none."""

    def swapped(instance: Instance, before: Placement) -> Placement:
        """Every chain on the other server."""
        chains = {}
        for name in instance.chains:
            placed = before.chains[name]
            if instance.chains[name].components["work"].movable:
                at = "two" if placed.components["work"].node == "one" else "one"
                flows = {
                    ends: tuple({"one": at, "two": at}.get(step, step) for step in path)
                    for ends, path in placed.flows.items()
                }
                placed = replace(placed, components={"work": Spot(at, "vnf")}, flows=flows)
            chains[name] = placed
        return Placement(chains)

    def strategy(setting: Setting) -> Stateless:
        del setting
        return Stateless(swapped)

    with Orchestrator(instance, strategy="classic") as first:
        placement = first.placement
    with Orchestrator(instance, placement, strategy=strategy, cool_down_s=10) as orchestrator:
        faster = LinkLatency(("sw", "one"), 1)
        moves = [
            orchestrator.apply(replace(faster, forth_ns=1 + at), at_ns=at * S).changes.moves
            for at in (1, 2, 10, 11, 12, 21)
        ]
        assert moves == [2, 0, 0, 2, 0, 2]
        assert orchestrator.apply(replace(faster, forth_ns=99)).changes.moves == 2  # without a time nothing is held


def test_failed(orchestrator: Orchestrator) -> None:
    """Tests that what does not run is placed anew, and what runs elsewhere is what the next decision starts from."""
    before = orchestrator.placement
    other = replace(
        before.chains["a"],
        components={"work": Spot("two", "vnf")},
        flows={("from", "work"): ("user", "sw", "two"), ("work", "to"): ("two", "sw", "user")},
    )
    decision = orchestrator.failed(1, {"a": other})
    assert (decision.cause, decision.delta.chains) == (Cause.FAILED, {})
    assert orchestrator.placement.chains["a"] == other
    again = orchestrator.failed(1, {"a": None})
    assert set(again.delta.chains) == {"a"}
    assert set(orchestrator.placement.chains) == {"a", "b"}
    with pytest.raises(InputError, match="there is no version 9; the last one is 3"):
        orchestrator.failed(9, {})
    with pytest.raises(InputError, match=r"actual\.chains\.z: there is no chain 'z'"):
        orchestrator.failed(1, {"z": None})


def test_sync(orchestrator: Orchestrator) -> None:
    """Tests that the placement of the network is taken on, and mended where it breaks a rule."""
    before = orchestrator.placement
    same = orchestrator.sync(before)
    assert (same.differs, same.unknown, same.decision.delta.chains) == ((), (), {})
    without = Placement({"a": before.chains["a"], "ghost": before.chains["b"]}, before.instances)
    report = orchestrator.sync(without)
    assert (report.differs, report.unknown) == (("b",), ("ghost",))
    assert set(report.decision.delta.chains) == {"b"}
    broken = replace(before.chains["a"], components={})
    mended = orchestrator.sync(Placement({**before.chains, "a": broken}), event_id="s")
    assert mended.decision.delta.chains.keys() == {"a"}
    assert check(orchestrator.instance, orchestrator.placement) == []
    assert orchestrator.sync(Placement(), event_id="s").decision is mended.decision


def test_a_chain_that_must_be_accepted(instance: Instance) -> None:
    """Tests that what the instance does not allow is told, and is no error."""
    required = instance.with_chain(replace(instance.chains["a"], required=True))
    with Orchestrator(required, strategy="restructure") as orchestrator:
        decision = orchestrator.apply(NodeDown("user"))
        assert [violation.where for violation in decision.unmet] == ["chain a"]
        assert decision.dropped == ("a", "b")
        assert orchestrator.apply(NodeUp("user")).unmet == ()


def test_a_strategy_that_breaks_rules(instance: Instance) -> None:
    """Tests that its answer raises, with what replays it, and that nothing has changed."""
    answers: dict[str, Placement] = {}

    def strategy(setting: Setting) -> Stateless:
        del setting
        return Stateless(lambda _, before: answers.get("bad", before))

    with Orchestrator(instance, strategy="classic") as first:
        good = first.placement
    with Orchestrator(instance, good, strategy=strategy) as orchestrator:
        answers["bad"] = Placement({"a": replace(good.chains["a"], components={"work": Spot("sw", "vnf")})})
        with pytest.raises(SolverError, match="breaks a rule") as caught:
            orchestrator.apply(Depart("b"))
        assert "name: two-servers" in caught.value.replay
        del answers["bad"]
        assert (orchestrator.version, orchestrator.placement, set(orchestrator.instance.chains)) == (
            1,
            good,
            {"a", "b"},
        )
        assert orchestrator.apply(LinkLatency(("sw", "one"), 5)).version == 2


def test_prices_are_learnt_while_all_is_down(instance: Instance) -> None:
    """Tests that a start among failures works, and that what was down is used when it is up again."""
    for name in ("one", "two"):
        instance = instance.with_node(replace(instance.nodes[name], up=False))
    with Orchestrator(instance, strategy="restructure") as orchestrator:
        assert orchestrator.waiting == ("a", "b")
        assert orchestrator.apply(NodeUp("one")).admitted == ("a", "b")


def test_no_chains_at_all(instance: Instance) -> None:
    """Tests that there may be nothing to price, in the beginning and in idle time."""
    with Orchestrator(replace(instance, chains={}), strategy="restructure") as orchestrator:
        assert orchestrator.improve(0.01) is None
        assert orchestrator.apply(Arrive(instance.chains["a"])).refused == ()
        orchestrator.apply(Depart("a"))
        assert orchestrator.improve(0.01) is None


def test_a_solve_in_idle_time(instance: Instance) -> None:
    """Tests that what a child process finds is taken on, but for what has happened meanwhile."""
    with Orchestrator(instance, EMPTY, strategy="classic") as orchestrator:
        orchestrator.resolve(20.0)
        orchestrator.apply(another(instance, "c"))
        decision = orchestrator.poll(60.0)
        assert decision is not None
        assert (decision.cause, decision.admitted) == (Cause.IMPROVED, ("a", "b"))
        assert set(orchestrator.placement.chains) == {"a", "b", "c"}
        assert not orchestrator.resolving
        orchestrator.resolve(20.0)
        assert orchestrator.poll(60.0) is None  # there is nothing better


def test_a_solve_ends_with_its_parent(instance: Instance) -> None:
    """Tests that nothing is left of a child when the orchestrator is closed."""
    with Orchestrator(instance, EMPTY, strategy="classic") as orchestrator:
        orchestrator.resolve(20.0)
        assert orchestrator.poll() is None
        child = orchestrator._child
        assert child is not None
    assert child.ended
    assert child._process.returncode is not None


def test_what_still_holds(instance: Instance) -> None:
    """Tests that of a solve only what has not changed since is taken on."""
    with Orchestrator(instance, strategy="classic") as orchestrator:
        stood = orchestrator.placement
        errand = Errand(instance, stood, 1.0)
        found = Placement({"a": elsewhere(stood.chains["a"])})
        assert still_holding(errand, found, instance, stood).chains == found.chains
        orchestrator.apply([RateChange("a", ("from", "work"), 5), another(instance, "c")])
        now = orchestrator.placement
        assert still_holding(errand, found, orchestrator.instance, now).chains == {
            "a": now.chains["a"], "c": now.chains["c"]
        }  # fmt: skip
        moved = Placement({**stood.chains, "b": elsewhere(stood.chains["b"])})
        assert still_holding(errand, found, instance, moved).chains == {**found.chains, "b": moved.chains["b"]}


def elsewhere(chain: ChainPlacement) -> ChainPlacement:
    """On the second server."""
    return replace(chain, components={"work": Spot("two", "vnf")})

"""What shares a word with a rule or cost term beside its case: tiny instances, each worked out by hand.

Every optimum is the arithmetic in the comment above its instance, and every rule is broken on purpose once, so that the
model and the checker are both held to the same few lines.
"""

from __future__ import annotations

from fractions import Fraction

import pytest

from mosaico_place.checking import check
from mosaico_place.compile import compile_instance
from mosaico_place.costing import cost
from mosaico_place.exact.method import solve_exact
from mosaico_place.instance import Instance, Term
from mosaico_place.load import parse_instance, parse_placement
from mosaico_place.method import Options
from mosaico_place.placement import ChainPlacement, Opening, Placement, Spot
from mosaico_place.result import Termination
from mosaico_place.rules import CostTerm, Rule

Values = tuple[Fraction, ...]


def solved(instance: Instance, previous: Placement | None = None, max_moves: int | None = None) -> Placement:
    """The placement of a problem that is solved to the end, with every level proven."""
    answer = solve_exact(compile_instance(instance, previous, max_moves), Options(gap=0.0, threads=1))
    assert answer.termination is Termination.OPTIMAL
    assert answer.placement is not None
    assert check(instance, answer.placement, previous, max_moves) == []
    values = cost(instance, answer.placement, previous).levels
    assert [float(value) for value in values] == pytest.approx(answer.bounds, abs=1e-6)
    return answer.placement


def optimum(instance: Instance, previous: Placement | None = None, max_moves: int | None = None) -> Values:
    """Exact values of the levels of the best placement."""
    return cost(instance, solved(instance, previous, max_moves), previous).levels


def values(*levels: str | int) -> Values:
    """Levels as exact numbers."""
    return tuple(map(Fraction, levels))


def broken(
    instance: Instance, placement: str, previous: Placement | None = None, max_moves: int | None = None
) -> list[tuple[Rule, str, str]]:
    """(rule, where, message) of all that is wrong with a placement."""
    found = check(instance, parse_placement(placement), previous, max_moves)
    return [(violation.rule, violation.where, violation.message) for violation in found]


def changed(text: str, *changes: tuple[str, str]) -> Instance:
    """An instance whose text is changed in places; each change must find what it replaces."""
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return parse_instance(text)


# --- throughput -----------------------------------------------------------------------------------------------------


# One instance carries 100 Mbps, and takes 2 cores and 5 for opening it; each camera takes half a core.
# 3 x 40 = 120 Mbps need two instances: 2 x (2 + 5) + 3 x 0.5 = 15.5.
CAMERAS = """
format: 1
infrastructure:
  nodes:
    gnb: {kind: access}
    edge: {kind: server, cpu: 8}
  links:
    - {between: [gnb, edge], bandwidth: 1 Gbps, latency: 1 ms}
functions:
  inspect: {shared: true, implementations: {vnf: {once: {cpu: 2}, each: {cpu: 0.5}, capacity: 100 Mbps}}}
templates:
  watch:
    components: {camera: {at: gnb}, inspect: inspect}
    flows: [{from: camera, to: inspect, rate: 40 Mbps}]
chains:
  cam: {template: watch, count: 3}
prices: {cpu: 1, opened: 5}
objective: [{rejected: 1}, {resources: 1}]
"""


def at_the_edge(count: int) -> str:
    """All cameras on so many instances at the edge."""
    chain = """
    components: {inspect: {node: edge, implementation: vnf}}
    flows: [{from: camera, to: inspect, path: [gnb, edge]}]
    """
    chains = "".join(f"\n  cam-{number}: {chain}" for number in (1, 2, 3))
    opened = f"\ninstances: {{edge: {{inspect: {{implementation: vnf, count: {count}}}}}}}" if count else ""
    return f"chains: {chains}{opened}"


def test_a_second_instance_is_opened_for_the_load() -> None:
    """Tests that instances are opened in whole numbers: 120 Mbps take two of 100 Mbps, each with its price."""
    instance = parse_instance(CAMERAS)
    placement = solved(instance)
    assert placement.instances == {Opening("edge", "inspect", "vnf"): 2}
    assert cost(instance, placement).levels == values(0, "15.5")
    assert broken(instance, at_the_edge(2)) == []
    where = "node edge, inspect vnf"
    too_much = "20 Mbps too much, by cam-1 (40 Mbps), cam-2 (40 Mbps), cam-3 (40 Mbps)"
    assert broken(instance, at_the_edge(1)) == [(Rule.THROUGHPUT, where, f"120 Mbps used of 100 Mbps, {too_much}")]
    message = "no instance is opened, but cam-1, cam-2, cam-3 need one"
    assert broken(instance, at_the_edge(0)) == [(Rule.THROUGHPUT, where, message)]


def test_two_users_share_one_instance() -> None:
    """Tests that 80 Mbps are served by one instance: 2 + 5 + 2 x 0.5."""
    assert optimum(changed(CAMERAS, ("count: 3", "count: 2"))) == values(0, 8)


def test_opened_instances_fill_their_node() -> None:
    """Tests that 5 cores hold two instances or three cameras' halves, not both (5.5): one camera is rejected."""
    instance = changed(CAMERAS, ("cpu: 8", "cpu: 5"))
    assert optimum(instance) == values(1, 8)
    by = "instances of inspect (4), cam-1 (0.5), cam-2 (0.5), cam-3 (0.5)"
    message = f"5.5 used of 5, 0.5 too much, by {by}"
    assert broken(instance, at_the_edge(2)) == [(Rule.CAPACITY, "node edge, cpu", message)]


def test_a_private_instance_is_paid_by_its_component() -> None:
    """Tests that two private instances cost 2 x (2 + 0.5 + 5), although one could serve both, and none is shared."""
    private = ("inspect: inspect", "inspect: {function: inspect, private: true}")
    instance = changed(CAMERAS, ("count: 3", "count: 2"), private)
    placement = solved(instance)
    assert cost(instance, placement).levels == values(0, 15)
    assert placement.instances == {}


# A small firewall carries 100 Mbps for 1 core, a large one 1 Gbps for 4. Two flows of 60 Mbps enter: the large one, 4.
FIREWALL = """
format: 1
infrastructure:
  nodes:
    gnb: {kind: access}
    edge: {kind: server, cpu: 8}
  links:
    - {between: [gnb, edge], bandwidth: 1 Gbps, latency: 1 ms}
functions:
  firewall:
    implementations:
      small: {level: vnf, cpu: 1, capacity: 100 Mbps}
      large: {level: vnf, cpu: 4, capacity: 1 Gbps}
chains:
  home:
    components: {phone: {at: gnb}, tablet: {at: gnb}, firewall: firewall}
    flows:
      - {from: phone, to: firewall, rate: 60 Mbps}
      - {from: tablet, to: firewall, rate: 60 Mbps}
prices: {cpu: 1}
objective: [{resources: 1}]
"""


def test_a_dedicated_component_carries_the_sum_of_what_enters() -> None:
    """Tests that 60 + 60 Mbps are too much for 100 Mbps; one flow of 60 is not, and the small firewall will do."""
    instance = parse_instance(FIREWALL)
    assert optimum(instance) == values(4)
    placement = """
    chains:
      home:
        components: {firewall: {node: edge, implementation: small}}
        flows: [{from: phone, to: firewall, path: [gnb, edge]}, {from: tablet, to: firewall, path: [gnb, edge]}]
    """
    message = "has a load of 120 Mbps, but its implementation carries 100 Mbps, 20 Mbps less"
    assert broken(instance, placement) == [(Rule.THROUGHPUT, "chain home, component firewall", message)]
    assert optimum(changed(FIREWALL, ("      - {from: tablet, to: firewall, rate: 60 Mbps}\n", ""))) == values(1)


# --- one program for many -------------------------------------------------------------------------------------------


# The program takes all 4 stages once, and 16 KiB of the 1 MiB for each of 50 chains: 800 KiB. 4 stages at 1 each: 4.
PLAYERS = """
format: 1
infrastructure:
  nodes:
    gnb: {kind: access}
    sw: {kind: p4-switch, stages: 4, sram: 1 MiB}
  links:
    - {between: [gnb, sw], bandwidth: 1 Gbps, latency: 1 ms}
functions:
  features: {shared: true, implementations: {p4: {once: {stages: 4}, each: {sram: 16 KiB}}}}
templates:
  session:
    components: {pad: {at: gnb}, features: features}
    flows: [{from: pad, to: features, rate: 1 Mbps}]
chains:
  player: {template: session, count: 50}
prices: {stages: 1}
objective: [{rejected: 1}, {resources: 1}]
"""
PRIVATE = ("features: features", "features: {function: features, private: true}")


def players_on_the_switch(count: int) -> str:
    """All 50 on the switch, with the program opened so many times."""
    chain = (
        "{components: {features: {node: sw, implementation: p4}}, flows: [{from: pad, to: features, path: [gnb, sw]}]}"
    )
    chains = "".join(f"\n  player-{number}: {chain}" for number in range(1, 51))
    opened = f"\ninstances: {{sw: {{features: {{implementation: p4, count: {count}}}}}}}" if count else ""
    return f"chains: {chains}{opened}"


def test_a_program_is_opened_once_for_fifty_chains() -> None:
    """Tests that what a program takes once is taken once, whoever uses it; what it takes for each, 50 times."""
    instance = parse_instance(PLAYERS)
    placement = solved(instance)
    assert cost(instance, placement).levels == values(0, 4)
    assert placement.instances == {Opening("sw", "features", "p4"): 1}
    where = "node sw, features p4"
    users = "player-1, player-2, player-3, player-4, player-5 and 45 more"
    message = f"no instance is opened, but {users} need one"
    assert broken(instance, players_on_the_switch(0)) == [(Rule.THROUGHPUT, where, message)]
    message = "a program is opened at most once per switch, in one implementation; this one is 2 times"
    rules = [(rule, text) for rule, at, text in broken(instance, players_on_the_switch(2)) if at == where]
    assert rules == [(Rule.THROUGHPUT, message)]
    # 48 x 16 KiB = 768 KiB
    assert optimum(changed(PLAYERS, ("sram: 1 MiB", "sram: 768 KiB"))) == values(2, 4)


def test_private_programs_run_out_of_stages() -> None:
    """Tests that of 50 chains with a program each, the switch holds one: 50 x 4 stages are 196 too many."""
    instance = changed(PLAYERS, PRIVATE)
    assert optimum(instance) == values(49, 4)
    (violation,) = check(instance, parse_placement(players_on_the_switch(0)))
    assert (violation.rule, violation.where, violation.amount) == (Rule.CAPACITY, "node sw, stages", 196)
    assert violation.message.startswith("200 used of 4, 196 too much, by player-1 (4), player-2 (4), ")


# --- needs and runs -------------------------------------------------------------------------------------------------


# The fast implementation takes 1 core, but needs a zen5, where a core costs 3; the plain one takes 4 at 1 each.
NEEDS = """
format: 1
infrastructure:
  nodes:
    old: {kind: server, cpu: 8, labels: {cpu-model: zen3}, prices: {cpu: 1}}
    new: {kind: server, cpu: 8, labels: {cpu-model: zen5}, prices: {cpu: 3}}
  links:
    - {between: [old, new], bandwidth: 1 Gbps, latency: 1 ms}
functions:
  transcode:
    implementations:
      vnf: {cpu: 4}
      vnf-fast: {level: vnf, needs: {cpu-model: [zen5, zen6]}, cpu: 1}
chains:
  video: {components: {transcode: transcode}}
objective: [{resources: 1}]
"""


def test_an_implementation_runs_where_its_needs_are_met() -> None:
    """Tests that the fast one runs on the zen5 for 3, not on the zen3 for 1."""
    instance = parse_instance(NEEDS)
    placement = solved(instance)
    assert cost(instance, placement).levels == values(3)
    assert placement.chains["video"].components["transcode"] == Spot("new", "vnf-fast")
    wrong = "chains: {video: {components: {transcode: {node: old, implementation: vnf-fast}}}}"
    message = "implementation 'vnf-fast' needs cpu-model: zen5 or zen6, which node 'old' does not have"
    assert broken(instance, wrong) == [(Rule.PLACED, "chain video, component transcode", message)]


# A program takes 2 stages at 1 each, and carries 100 Mbps; as a VNF it takes 5 cores. dpu runs both levels.
RUNS = """
format: 1
infrastructure:
  nodes:
    gnb: {kind: access}
    plain: {kind: server, cpu: 16, stages: 16}
    dpu: {kind: server, cpu: 16, stages: 16, runs: [p4, vnf]}
  links:
    - {between: [gnb, plain], bandwidth: 1 Gbps, latency: 1 ms}
    - {between: [gnb, dpu], bandwidth: 1 Gbps, latency: 1 ms}
functions:
  filter: {shared: true, implementations: {p4: {once: {stages: 2}, capacity: 100 Mbps}, vnf: {once: {cpu: 5}}}}
chains:
  feed:
    components: {source: {at: gnb}, filter: filter}
    flows: [{from: source, to: filter, rate: 150 Mbps}]
prices: {stages: 1, cpu: 1}
objective: [{resources: 1}]
"""


def test_a_server_may_run_programs() -> None:
    """Tests that a server that says so runs P4, and may open a program twice, as no switch may: 2 x 2 stages."""
    instance = parse_instance(RUNS)
    placement = solved(instance)
    assert cost(instance, placement).levels == values(4)
    assert placement.instances == {Opening("dpu", "filter", "p4"): 2}
    wrong = """
    chains:
      feed:
        components: {filter: {node: plain, implementation: p4}}
        flows: [{from: source, to: filter, path: [gnb, plain]}]
    """
    where, message = "chain feed, component filter", "server 'plain' does not run p4; it runs vnf only"
    assert broken(instance, wrong) == [(Rule.PLACED, where, message)]
    assert optimum(changed(RUNS, ("runs: [p4, vnf]", "runs: [vnf]"))) == values(5)


# --- per-hop --------------------------------------------------------------------------------------------------------


# Over the router: two links at 1 = 2, and no program. Over the switch: two links at 2 and 1 stage at 1 = 5.
HOPS = """
format: 1
infrastructure:
  nodes:
    gnb: {kind: access}
    rt: {kind: router}
    sw: {kind: p4-switch, stages: 4}
    host: {kind: server}
  links:
    - {between: [gnb, rt], bandwidth: 10 Gbps, latency: 1 ms}
    - {between: [rt, host], bandwidth: 10 Gbps, latency: 1 ms}
    - {between: [gnb, sw], bandwidth: 10 Gbps, latency: 1 ms, prices: {bandwidth: 2 per Gbps}}
    - {between: [sw, host], bandwidth: 10 Gbps, latency: 1 ms, prices: {bandwidth: 2 per Gbps}}
functions:
  count: {shared: true, implementations: {p4: {once: {stages: 1}}}}
chains:
  video:
    components: {camera: {at: gnb}, screen: {at: host}}
    flows: [{from: camera, to: screen, rate: 1 Gbps, per-hop: [count], strict: true}]
prices: {stages: 1, bandwidth: 1 per Gbps}
objective: [{resources: 1, links: 1}]
"""


def test_a_strict_flow_crosses_no_router() -> None:
    """Tests that routers are passed over unless the flow is strict."""
    instance = parse_instance(HOPS)
    assert optimum(instance) == values(5)
    assert optimum(changed(HOPS, (", strict: true", ""))) == values(2)
    over_the_router = "chains: {video: {components: {}, flows: [{from: camera, to: screen, path: [gnb, rt, host]}]}}"
    message = "is strict, but its path crosses rt, where no program runs"
    assert broken(instance, over_the_router) == [(Rule.PER_HOP, "chain video, flow camera -> screen", message)]


def test_the_ends_of_a_path_are_touched_too() -> None:
    """Tests that a camera on a switch needs the program there: a link and a stage, 2 + 1."""
    instance = changed(HOPS, ("camera: {at: gnb}", "camera: {at: sw}"))
    assert optimum(instance) == values(3)
    nothing_opened = "chains: {video: {components: {}, flows: [{from: camera, to: screen, path: [sw, host]}]}}"
    message = "needs 'count' on every switch of its path, but it is not on sw"
    assert broken(instance, nothing_opened) == [(Rule.PER_HOP, "chain video, flow camera -> screen, count", message)]


# A switch opens one program of count: small (1 stage) for 1 Gbps or large (3 stages) for 10 Gbps.
PROGRAMS = """
format: 1
infrastructure:
  nodes:
    gnb: {kind: access}
    sw: {kind: p4-switch, stages: 4}
    host: {kind: server}
  links:
    - {between: [gnb, sw], bandwidth: 10 Gbps, latency: 1 ms}
    - {between: [sw, host], bandwidth: 10 Gbps, latency: 1 ms}
functions:
  count:
    shared: true
    implementations:
      small: {level: p4, once: {stages: 1}, capacity: 1 Gbps}
      large: {level: p4, once: {stages: 3}, capacity: 10 Gbps}
templates:
  stream:
    components: {camera: {at: gnb}, screen: {at: host}}
    flows: [{from: camera, to: screen, rate: 600 Mbps, per-hop: [count]}]
chains:
  stream: {template: stream, count: 2}
prices: {stages: 1}
objective: [{rejected: 1}, {resources: 1}]
"""


def test_one_program_serves_all_flows_of_a_switch() -> None:
    """Tests that two flows of 600 Mbps need the large program, one flow the small one, and that both are not opened."""
    instance = parse_instance(PROGRAMS)
    assert optimum(instance) == values(0, 3)
    assert optimum(changed(PROGRAMS, ("count: 2", "count: 1"))) == values(0, 1)
    chain = "{components: {}, flows: [{from: camera, to: screen, path: [gnb, sw, host]}]}"
    placed = f"chains: {{stream-1: {chain}, stream-2: {chain}}}\ninstances: {{sw: {{count: OPENED}}}}"
    by = "200 Mbps too much, by stream-1 (600 Mbps), stream-2 (600 Mbps)"
    small = placed.replace("OPENED", "{implementation: small}")
    assert broken(instance, small) == [(Rule.THROUGHPUT, "node sw, count small", f"1.2 Gbps used of 1 Gbps, {by}")]
    both = placed.replace("OPENED", "[{implementation: small}, {implementation: large}]")
    message = "a program is opened at most once per switch, in one implementation; this one is 2 times"
    assert broken(instance, both) == [(Rule.THROUGHPUT, "node sw, count small", message)]


def test_a_flow_may_have_its_programs_to_itself() -> None:
    """Tests that private flows take a program each: 1 + 1 stages for two, and none is shared."""
    instance = changed(PROGRAMS, ("per-hop: [count]", "per-hop: [count], private: true"))
    placement = solved(instance)
    assert cost(instance, placement).levels == values(0, 2)
    assert placement.instances == {}
    # The first program that the switch can run is theirs: 1 Gbps is less than 1.2.
    too_fast = changed(PROGRAMS, ("600 Mbps", "1200 Mbps"), ("per-hop: [count]", "per-hop: [count], private: true"))
    chain = "{components: {}, flows: [{from: camera, to: screen, path: [gnb, sw, host]}]}"
    where = "chain stream-1, flow camera -> screen, count on sw"
    message = "has a load of 1.2 Gbps, but its implementation carries 1 Gbps, 200 Mbps less"
    assert broken(too_fast, f"chains: {{stream-1: {chain}}}") == [(Rule.THROUGHPUT, where, message)]
    assert optimum(too_fast) == values(2, 0)


# --- queues and bursts ----------------------------------------------------------------------------------------------


# Over the router 1 + 15 + 1 = 17 ms, 12 above the target: 12. Over the switch, in its L4S queue, 1 + 1 + 1 + 1 = 4 ms,
# for 3 stages: 3.
QUEUE = """
format: 1
infrastructure:
  nodes:
    gnb: {kind: access}
    rt: {kind: router}
    sw: {kind: p4-switch, stages: 4}
    host: {kind: server}
  links:
    - {between: [gnb, rt], bandwidth: 1 Gbps, latency: 1 ms}
    - {between: [rt, host], bandwidth: 1 Gbps, latency: 1 ms, queue: {forth: {classic: 15 ms}}}
    - {between: [gnb, sw], bandwidth: 1 Gbps, latency: 1 ms}
    - {between: [sw, host], bandwidth: 1 Gbps, latency: 1 ms, queue: {classic: 15 ms, l4s: 1 ms}}
functions:
  l4s: {shared: true, queue: l4s, implementations: {p4: {once: {stages: 3}, processing: 1 ms}}}
chains:
  game:
    components: {pad: {at: gnb}, host: {at: host}}
    flows: [{from: pad, to: host, rate: 1 Mbps, per-hop: [l4s]}]
    latency: [{from: pad, to: host, target: 5 ms}]
prices: {stages: 1}
objective: [{latency: 1, resources: 1}]
"""


def test_an_l4s_queue_is_worth_its_stages() -> None:
    """Tests that 3 stages are paid to wait 1 ms instead of 15; not if the target is 20 ms, nor if they save nothing."""
    instance = parse_instance(QUEUE)
    assert optimum(instance) == values(3)
    assert optimum(changed(QUEUE, ("target: 5 ms", "target: 20 ms"))) == values(0)
    assert optimum(changed(QUEUE, (", queue: l4s,", ","))) == values(12)
    hard = changed(QUEUE, ("target: 5 ms", "within: 4 ms"))
    assert optimum(hard) == values(3)
    over_the_router = "chains: {game: {components: {}, flows: [{from: pad, to: host, path: [gnb, rt, host]}]}}"
    message = "takes 17 ms, which is 13 ms more than the 4 ms it may"
    assert broken(hard, over_the_router) == [(Rule.LATENCY, "chain game, latency pad -> host", message)]
    not_opened = over_the_router.replace("rt", "sw")
    message = "needs 'l4s' on every switch of its path, but it is not on sw"
    assert broken(hard, not_opened) == [(Rule.PER_HOP, "chain game, flow pad -> host, l4s", message)]


# 120 kB take 9.6 ms at 100 Mbps, 0.96 ms at 1 Gbps. Straight: 1 + 9.6 = 10.6 ms; round: 2 x (2 + 0.96) = 5.92 ms. The
# rate of 50 Mbps costs 1 per Gbps and link: 0.05 or 0.1.
BURST = """
format: 1
infrastructure:
  nodes:
    gnb: {kind: access}
    rt: {kind: router}
    host: {kind: server}
  links:
    - {between: [gnb, host], bandwidth: 100 Mbps, latency: 1 ms}
    - {between: [gnb, rt], bandwidth: 1 Gbps, latency: 2 ms}
    - {between: [rt, host], bandwidth: 1 Gbps, latency: 2 ms}
chains:
  frames:
    components: {camera: {at: gnb}, store: {at: host}}
    flows: [{from: camera, to: store, rate: 50 Mbps, burst: 120 kB}]
    latency: [{from: camera, to: store, within: 8 ms}]
prices: {bandwidth: 1 per Gbps}
objective: [{links: 1}]
"""


def test_a_burst_takes_its_time_on_every_link() -> None:
    """Tests that a burst drives its flow off the narrow link, and that it takes as long as worked out."""
    instance = parse_instance(BURST)
    assert optimum(instance) == values("0.1")
    assert optimum(changed(BURST, (", burst: 120 kB", ""))) == values("0.05")
    assert optimum(changed(BURST, ("within: 8 ms", "within: 5.92 ms"))) == values("0.1")
    straight = "chains: {frames: {components: {}, flows: [{from: camera, to: store, path: [gnb, host]}]}}"
    message = "takes 10.6 ms, which is 2.6 ms more than the 8 ms it may"
    assert broken(instance, straight) == [(Rule.LATENCY, "chain frames, latency camera -> store", message)]


# --- copies ---------------------------------------------------------------------------------------------------------


#   gnb --- sw --- mid --- last --- host       1 Gbps from gnb to host: 4 links at 1 = 4. The copy is 1 Gbps too.
#            '- by -'       '--- probe         (by lies between sw and mid)
#
# On sw the detector takes stages at 1 each and the copy nothing; on probe a core at 1, and the copy pays a link, 1.
#   1 stage     on sw     4 + 1     = 5    <- optimum
#   6 stages    on sw     4 + 6     = 10
#               on probe  4 + 1 + 1 = 6    <- optimum
COPY = """
format: 1
infrastructure:
  nodes:
    gnb: {kind: access}
    sw: {kind: p4-switch, stages: 8}
    by: {kind: router}
    mid: {kind: router}
    last: {kind: router}
    host: {kind: server}
    probe: {kind: server, cpu: 1}
  links:
    - {between: [gnb, sw], bandwidth: 10 Gbps, latency: 1 ms}
    - {between: [sw, mid], bandwidth: 10 Gbps, latency: 1 ms}
    - {between: [sw, by], bandwidth: 10 Gbps, latency: 1 ms}
    - {between: [by, mid], bandwidth: 10 Gbps, latency: 1 ms}
    - {between: [mid, last], bandwidth: 1.5 Gbps, latency: 1 ms}
    - {between: [last, host], bandwidth: 10 Gbps, latency: 1 ms}
    - {between: [last, probe], bandwidth: 10 Gbps, latency: 1 ms}
functions:
  detect: {implementations: {p4: {stages: 6}, vnf: {cpu: 1, processing: 1 ms}}}
chains:
  game:
    components: {pad: {at: gnb}, screen: {at: host}, detect: detect}
    flows:
      - {from: pad, to: screen, rate: 1 Gbps}
      - {copy-of: {from: pad, to: screen}, to: detect, rate: 1 Gbps}
    latency: [{from: pad, to: detect, within: 9 ms}]
prices: {stages: 1, cpu: 1, bandwidth: 1 per Gbps}
objective: [{resources: 1, links: 1}]
"""
ON_PROBE = """
chains:
  game:
    components: {detect: {node: probe, implementation: vnf}}
    flows:
      - {from: pad, to: screen, path: [gnb, sw, mid, last, host]}
      - {from: pad, to: detect, path: [gnb, sw, mid, last, probe]}
"""
SMALL = ("stages: 6", "stages: 1")


def test_a_detector_on_the_path_is_free_of_traffic() -> None:
    """Tests that a copy pays nothing on its host's path, and an ordinary flow in its place does: gnb -> sw, 1."""
    assert optimum(changed(COPY, SMALL)) == values(5)
    plain = ("{copy-of: {from: pad, to: screen}, to: detect, rate: 1 Gbps}", "{from: pad, to: detect, rate: 1 Gbps}")
    assert optimum(changed(COPY, SMALL, plain)) == values(6)


def test_a_copy_pays_only_after_leaving() -> None:
    """Tests that a copy pays the one link behind its host's path, and fits where the host has left no room."""
    instance = parse_instance(COPY)
    placement = solved(instance)
    assert cost(instance, placement).levels == values(6)
    assert placement == parse_placement(ON_PROBE)
    assert cost(instance, placement).terms[Term(CostTerm.LINKS)] == 5


def test_a_copy_that_has_left_has_left_for_good() -> None:
    """Tests that a copy that goes round pays all links from there on, also one that its host takes: 4 + 4."""
    instance = parse_instance(COPY)
    round_by = ON_PROBE.replace("[gnb, sw, mid, last, probe]", "[gnb, sw, by, mid, last, probe]")
    assert cost(instance, parse_placement(round_by)).terms[Term(CostTerm.LINKS)] == 8
    message = "2 Gbps used of 1.5 Gbps, 500 Mbps too much, by game (2 Gbps)"
    assert broken(instance, round_by) == [(Rule.BANDWIDTH, "link mid -> last", message)]


def test_a_copy_has_a_budget_along_its_own_route() -> None:
    """Tests that 4 links and 1 ms of processing are too long for 4 ms, so that the detector stands on the switch."""
    instance = changed(COPY, ("within: 9 ms", "within: 4 ms"))
    assert optimum(instance) == values(10)
    message = "takes 5 ms, which is 1 ms more than the 4 ms it may"
    assert broken(instance, ON_PROBE) == [(Rule.LATENCY, "chain game, latency pad -> detect", message)]


def test_a_copy_is_held_up_with_its_host() -> None:
    """Tests that a copy is processed and sends like its host as long as it follows it, even where it need not pay."""
    count = "functions:\n  count: {shared: true, implementations: {p4: {processing: 2 ms}}}\n"
    flow = "{from: pad, to: screen, rate: 1 Gbps"
    counted = changed(COPY, ("functions:\n", count), (f"- {flow}}}", f"- {flow}, per-hop: [count]}}"))
    opened = ON_PROBE + "instances: {sw: {count: {implementation: p4}}}"
    # 5 ms as before, and 2 ms of count on sw
    assert broken(counted, opened) == []
    hard = changed(COPY, ("functions:\n", count), (f"- {flow}}}", f"- {flow}, per-hop: [count]}}"), ("9 ms", "6 ms"))
    message = "takes 7 ms, which is 1 ms more than the 6 ms it may"
    assert broken(hard, opened) == [(Rule.LATENCY, "chain game, latency pad -> detect", message)]
    assert optimum(counted) == values(6)
    assert optimum(hard) == values(10)
    # A burst of 1 MB takes 0.8 ms at 10 Gbps: 1.8 ms to sw with the host, though the copy alone would take 1 ms.
    burst = (f"- {flow}}}", f"- {flow}, burst: 1 MB}}")
    soft = changed(COPY, burst, ("within: 9 ms", "target: 1 ms"), ("[{resources: 1, links: 1}]", "[{latency: 1}]"))
    assert optimum(soft) == values("0.8")


def test_a_copy_needs_the_path_of_its_host() -> None:
    """Tests that a copy without a host is told of, beside the flow that has no path."""
    instance = parse_instance(COPY)
    alone = ON_PROBE.replace("      - {from: pad, to: screen, path: [gnb, sw, mid, last, host]}\n", "")
    message = "is a copy of pad -> screen, whose path does not start where its own does"
    assert broken(instance, alone) == [
        (Rule.ROUTED, "chain game, flow pad -> screen", "has no path"),
        (Rule.ROUTED, "chain game, flow pad -> detect", message),
    ]


# --- merging --------------------------------------------------------------------------------------------------------


# Merged: 2 cores (of 2 and 1) and 2 GiB (of 1 and 2) at 1 each = 4, and 1 + 3 + 0 + 1 = 5 ms.
# Not merged, on one server: 3 + 3 = 6, and 1 + 3 + 2 + 1 = 7 ms.
MERGING = """
format: 1
infrastructure:
  nodes:
    gnb: {kind: access}
    edge: {kind: server, cpu: 3, memory: 3 GiB}
    other: {kind: server, cpu: 3, memory: 3 GiB}
    rt: {kind: router}
  links:
    - {between: [gnb, rt], bandwidth: 1 Gbps, latency: 0}
    - {between: [rt, edge], bandwidth: 1 Gbps, latency: 1 ms}
    - {between: [rt, other], bandwidth: 1 Gbps, latency: 2 ms}
functions:
  parse-fw: {implementations: {vnf: {cpu: 2, memory: 1 GiB, processing: 3 ms}}}
  parse-nat: {implementations: {vnf: {cpu: 1, memory: 2 GiB, processing: 2 ms}}}
chains:
  web:
    components: {in: {at: gnb}, parse-fw: parse-fw, parse-nat: parse-nat, out: {at: gnb}}
    flows:
      - {from: in, to: parse-fw, rate: 1 Mbps}
      - {from: parse-fw, to: parse-nat, rate: 1 Mbps}
      - {from: parse-nat, to: out, rate: 1 Mbps}
    latency: [{from: in, to: out, within: 5 ms}]
    equivalent: [[parse-fw, parse-nat]]
prices: {cpu: 1, memory: 1 per GiB}
objective: [{rejected: 1}, {resources: 1}]
"""
BOTH_AT_THE_EDGE = """
chains:
  web:
    components: {parse-fw: {node: edge, implementation: vnf}, parse-nat: {node: edge, implementation: vnf}}
    flows:
      - {from: in, to: parse-fw, path: [gnb, rt, edge]}
      - {from: parse-fw, to: parse-nat, path: [edge]}
      - {from: parse-nat, to: out, path: [edge, rt, gnb]}
"""
MERGED = "rewrites: [{chain: web, rewrite: merged, components: [parse-fw, parse-nat]}]"


def test_merging_saves_resources_and_processing() -> None:
    """Tests that merged components take the larger of their demands and the first one's time, and only then fit."""
    instance = parse_instance(MERGING)
    placement = solved(instance)
    assert cost(instance, placement).levels == values(0, 4)
    assert placement.chains["web"].merged == (("parse-fw", "parse-nat"),)
    assert broken(instance, BOTH_AT_THE_EDGE + MERGED) == []
    message = "takes 7 ms, which is 2 ms more than the 5 ms it may"
    assert broken(instance, BOTH_AT_THE_EDGE) == [(Rule.LATENCY, "chain web, latency in -> out", message)]
    small = changed(MERGING, ("cpu: 3, memory: 3 GiB", "cpu: 2, memory: 2 GiB"))
    assert optimum(small) == values(0, 4)
    assert optimum(changed(MERGING, ("    equivalent: [[parse-fw, parse-nat]]\n", ""))) == values(1, 0)


def test_only_equivalent_components_that_meet_are_merged() -> None:
    """Tests that merging what the chain does not list, or what stands apart, breaks rule placed."""
    where = "chain web, components parse-fw, parse-nat"
    lax = changed(MERGING, ("within: 5 ms", "within: 20 ms"))
    apart = BOTH_AT_THE_EDGE.replace("parse-nat: {node: edge", "parse-nat: {node: other")
    apart = apart.replace("[edge]", "[edge, rt, other]").replace("[edge, rt, gnb]", "[other, rt, gnb]")
    message = "are merged, but do not stand on one node in one implementation"
    assert broken(lax, apart) == []
    assert broken(lax, apart + MERGED) == [(Rule.PLACED, where, message)]
    nothing = changed(MERGING, ("    equivalent: [[parse-fw, parse-nat]]\n", ""))
    message = "are merged, but the chain does not list them as equivalent"
    assert broken(nothing, BOTH_AT_THE_EDGE + MERGED) == [(Rule.PLACED, where, message)]


# --- parallel -------------------------------------------------------------------------------------------------------


# One after the other: 1 + 4 + 1 (hand-over) + 3 + 1 = 10 ms. In parallel: 1 + 4 + join + 1 ms: 8 with 2 ms of joining.
# The target is 5 ms.
PARALLEL = """
format: 1
infrastructure:
  nodes:
    gnb: {kind: access}
    edge: {kind: server, cpu: 2, hand-over: 1 ms}
    rt: {kind: router}
    other: {kind: server, cpu: 2}
  links:
    - {between: [gnb, rt], bandwidth: 1 Gbps, latency: 0}
    - {between: [rt, edge], bandwidth: 1 Gbps, latency: 1 ms}
    - {between: [rt, other], bandwidth: 1 Gbps, latency: 9 ms}
functions:
  ids: {implementations: {vnf: {cpu: 1, processing: 4 ms}}}
  log: {implementations: {vnf: {cpu: 1, processing: 3 ms}}}
chains:
  web:
    components: {in: {at: gnb}, ids: ids, log: log, out: {at: gnb}}
    flows:
      - {from: in, to: ids, rate: 1 Mbps}
      - {from: ids, to: log, rate: 1 Mbps}
      - {from: log, to: out, rate: 1 Mbps}
    latency: [{from: in, to: out, target: 5 ms}]
    independent: [{components: [ids, log], join: 2 ms}]
objective: [{latency: 1}]
"""
IDS_AND_LOG = """
chains:
  web:
    components: {ids: {node: edge, implementation: vnf}, log: {node: edge, implementation: vnf}}
    flows:
      - {from: in, to: ids, path: [gnb, rt, edge]}
      - {from: ids, to: log, path: [edge]}
      - {from: log, to: out, path: [edge, rt, gnb]}
"""
IN_PARALLEL = "rewrites: [{chain: web, rewrite: parallel, components: [ids, log]}]"


@pytest.mark.parametrize(("join", "late", "taken"), [("2 ms", 3, True), ("4 ms", 5, False), ("5 ms", 5, False)])
def test_independent_components_run_in_parallel_where_it_pays(join: str, late: int, taken: bool) -> None:
    """Tests that they run at once if the longer one and joining take less than one after the other."""
    instance = changed(PARALLEL, ("join: 2 ms", f"join: {join}"))
    placement = solved(instance)
    assert cost(instance, placement).levels == values(late)
    assert placement.chains["web"].parallel == ((("ids", "log"),) if taken else ())


def test_parallel_components_are_judged_as_written() -> None:
    """Tests that a budget counts a parallel group as the placement lists it, be it faster or slower."""
    hard = ("target: 5 ms", "within: 9 ms")
    instance, where = changed(PARALLEL, hard), "chain web, latency in -> out"
    assert broken(instance, IDS_AND_LOG + IN_PARALLEL) == []
    message = "takes 10 ms, which is 1 ms more than the 9 ms it may"
    assert broken(instance, IDS_AND_LOG) == [(Rule.LATENCY, where, message)]
    slow = changed(PARALLEL, hard, ("join: 2 ms", "join: 5 ms"))
    message = "takes 11 ms, which is 2 ms more than the 9 ms it may"
    assert broken(slow, IDS_AND_LOG + IN_PARALLEL) == [(Rule.LATENCY, where, message)]


def test_only_independent_components_that_meet_run_in_parallel() -> None:
    """Tests that running in parallel what the chain does not list, or what stands apart, breaks rule placed."""
    where = "chain web, components ids, log"
    apart = IDS_AND_LOG.replace("log: {node: edge", "log: {node: other")
    apart = apart.replace("[edge]", "[edge, rt, other]").replace("[edge, rt, gnb]", "[other, rt, gnb]")
    message = "run in parallel, but do not stand on one node"
    assert broken(parse_instance(PARALLEL), apart + IN_PARALLEL) == [(Rule.PLACED, where, message)]
    nothing = changed(PARALLEL, ("    independent: [{components: [ids, log], join: 2 ms}]\n", ""))
    message = "run in parallel, but the chain does not list them as independent"
    assert broken(nothing, IDS_AND_LOG + IN_PARALLEL) == [(Rule.PLACED, where, message)]


# --- balance and active ---------------------------------------------------------------------------------------------


# Both on gpu-0: 0.8 / 1 = 0.8. One on each: 0.4 / 1 and 0.4 / 0.8 = 0.5. Both on gpu-1: 0.8 / 0.8 = 1.
BALANCE = """
format: 1
infrastructure:
  nodes:
    edge: {kind: server, cpu: 8, reserved: {cpu: 4}, gpus: {gpu-0: {share: 1}, gpu-1: {share: 0.8}}}
functions:
  game: {implementations: {gpu: {cpu: 1, device: {share: 0.4}}}}
chains:
  one: {components: {game: game}}
  two: {components: {game: game}}
objective: [{balance: 1}]
"""


def test_balance_looks_at_every_device() -> None:
    """Tests that the fullest device counts, and that what is reserved counts neither as used nor as less capacity."""
    instance = parse_instance(BALANCE)
    assert optimum(instance) == values("0.5")
    spot = "{components: {game: {node: edge, implementation: gpu, device: gpu-0}}}"
    placement = parse_placement(f"chains: {{one: {spot}, two: {spot}}}")
    assert cost(instance, placement).levels == values("0.8")
    # 3 of 8 cores each: 6 / 8
    assert optimum(changed(BALANCE, ("cpu: 1", "cpu: 3"), ("cpu: 4", "cpu: 2"))) == values("0.75")


# Over the switch: two links at 1, and what it costs to have it host a program. Over the routers: three links = 3.
ACTIVE = """
format: 1
infrastructure:
  nodes:
    gnb: {kind: access}
    sw: {kind: p4-switch, stages: 4, prices: {active: 0.5}}
    r1: {kind: router}
    r2: {kind: router}
    host: {kind: server}
  links:
    - {between: [gnb, sw], bandwidth: 10 Gbps, latency: 1 ms}
    - {between: [sw, host], bandwidth: 10 Gbps, latency: 1 ms}
    - {between: [gnb, r1], bandwidth: 10 Gbps, latency: 1 ms}
    - {between: [r1, r2], bandwidth: 10 Gbps, latency: 1 ms}
    - {between: [r2, host], bandwidth: 10 Gbps, latency: 1 ms}
functions:
  count: {shared: true, implementations: {p4: {once: {stages: 1}}}}
chains:
  video:
    components: {camera: {at: gnb}, screen: {at: host}}
    flows: [{from: camera, to: screen, rate: 1 Gbps, per-hop: [count]}]
prices: {bandwidth: 1 per Gbps}
objective: [{active: 1, links: 1}]
"""


def test_a_switch_with_an_opened_program_is_active() -> None:
    """Tests that a node that hosts nothing but an opened program has its price: 2 + 0.5; where it is 5, 3 round it."""
    assert optimum(parse_instance(ACTIVE)) == values("2.5")
    assert optimum(changed(ACTIVE, ("active: 0.5", "active: 5"))) == values(3)


# --- classes --------------------------------------------------------------------------------------------------------


# To the edge 1 Gbps, of which guests have a quarter, 250 Mbps: one of the two sends 200 Mbps to the core, 1 + 3 = 4.
SHARES = """
format: 1
infrastructure:
  nodes:
    gnb: {kind: access}
    edge: {kind: server, cpu: 4, prices: {cpu: 1}}
    core: {kind: server, cpu: 4, prices: {cpu: 3}}
  links:
    - {between: [gnb, edge], bandwidth: 1 Gbps, latency: 1 ms}
    - {between: [gnb, core], bandwidth: 1 Gbps, latency: 1 ms}
functions:
  store: {implementations: {vnf: {cpu: 1}}}
templates:
  upload:
    class: guest
    components: {phone: {at: gnb}, store: store}
    flows: [{from: phone, to: store, rate: 200 Mbps}]
chains:
  up: {template: upload, count: 2}
classes: {guest: {share: 0.25}}
objective: [{resources: 1}]
"""


def test_a_class_has_its_share_of_every_link() -> None:
    """Tests that a class's share binds per link direction, and per node: 0.25 x 4 cores hold one of them as well."""
    instance = changed(SHARES, ("edge: {kind: server, cpu: 4", "edge: {kind: server, cpu: 16"))
    assert optimum(instance) == values(4)
    chain = """
    components: {store: {node: edge, implementation: vnf}}
    flows: [{from: phone, to: store, path: [gnb, edge]}]
    """
    placement = f"chains:\n  up-1: {chain}\n  up-2: {chain}"
    message = "400 Mbps used of 250 Mbps, 150 Mbps too much, by up-1 (200 Mbps), up-2 (200 Mbps)"
    link = (Rule.CLASS_SHARE, "class guest, link gnb -> edge", message)
    assert broken(instance, placement) == [link]
    cores = (Rule.CLASS_SHARE, "class guest, node edge, cpu", "2 used of 1, 1 too much, by up-1 (1), up-2 (1)")
    assert broken(parse_instance(SHARES), placement) == [cores, link]
    assert optimum(changed(SHARES, ("class: guest", "class: staff"))) == values(2)


def test_opened_instances_are_of_no_class() -> None:
    """Tests that a class's share counts what its chains take each, not the instances that are opened for all."""
    shared = "store: {shared: true, implementations: {vnf: {once: {cpu: 3}, each: {cpu: 0.5}}}}"
    instance = changed(
        SHARES,
        ("store: {implementations: {vnf: {cpu: 1}}}", shared),
        ("200 Mbps", "100 Mbps"),
        ("count: 2", "count: 3"),
    )
    # 2 x 0.5 = 1 core, a quarter of 4: two at the edge (3 + 2 x 0.5 = 4), one in the core (3 x 3 + 3 x 0.5 = 10.5).
    assert optimum(instance) == values("14.5")


# fast takes 1 ms, slow 5 ms, and each holds one chain; the target is 2 ms.
GOLD = """
format: 1
infrastructure:
  nodes:
    gnb: {kind: access}
    fast: {kind: server, cpu: 1}
    slow: {kind: server, cpu: 1}
  links:
    - {between: [gnb, fast], bandwidth: 1 Gbps, latency: 1 ms}
    - {between: [gnb, slow], bandwidth: 1 Gbps, latency: 5 ms}
functions:
  work: {implementations: {vnf: {cpu: 1}}}
templates:
  job:
    components: {user: {at: gnb}, work: work}
    flows: [{from: user, to: work, rate: 1 Mbps}]
    latency: [{from: user, to: work, target: 2 ms}]
chains:
  ore: {template: job, class: gold, weight: 1}
  rock: {template: job, class: lead, weight: 3}
objective: [{latency: 1}]
"""


def test_a_sum_over_chains_may_count_one_class() -> None:
    """Tests that latency.gold sees gold alone: by weight rock is fast (ore 3 ms late), by class ore is (rock 3 x 3)."""
    assert optimum(parse_instance(GOLD)) == values(3)
    of_class = changed(GOLD, ("[{latency: 1}]", "[{latency.gold: 1}, {latency: 1}]"))
    placement = solved(of_class)
    found = cost(of_class, placement)
    assert found.levels == values(0, 9)
    assert found.terms[Term(CostTerm.LATENCY, "gold")] == 0
    assert placement.chains["ore"].components["work"].node == "fast"


# --- moves ----------------------------------------------------------------------------------------------------------


# read and write ran on a, a core each, where a core costs 3 by now; on b it costs 1.
MOVING = """
format: 1
infrastructure:
  nodes:
    a: {kind: server, cpu: 4, prices: {cpu: 3}}
    b: {kind: server, cpu: 4, prices: {cpu: 1}}
  links:
    - {between: [a, b], bandwidth: 1 Gbps, latency: 1 ms}
functions:
  read: {implementations: {vnf: {cpu: 1}, lean: {level: vnf, cpu: 0.5}}}
  write: {implementations: {vnf: {cpu: 1}}}
chains:
  log: {components: {read: {function: read, movable: false}, write: write}}
prices: {move: 1}
objective: [{rejected: 1}, {resources: 1}]
"""
BEFORE = parse_placement(
    "chains: {log: {components: {read: {node: a, implementation: vnf}, write: {node: a, implementation: vnf}}}}"
)
ON_B = "chains: {log: {components: {read: {node: b, implementation: vnf}, write: {node: b, implementation: vnf}}}}"
WITHOUT_A = (
    ("    a: {kind: server, cpu: 4, prices: {cpu: 3}}\n", "    c: {kind: router}\n"),
    ("[a, b]", "[c, b]"),
)


def test_what_is_not_movable_stays() -> None:
    """Tests that read stays on a as it is, for 3, while write moves to b, for 1; without a past read is lean on b."""
    instance = parse_instance(MOVING)
    assert optimum(instance, BEFORE) == values(0, 4)
    assert optimum(instance) == values(0, "1.5")
    where = "chain log, component read"
    message = "is not movable and stood on 'a', but is placed on 'b'"
    assert broken(instance, ON_B, BEFORE) == [(Rule.MAX_MOVES, where, message)]
    lean = ON_B.replace("read: {node: b, implementation: vnf}", "read: {node: a, implementation: lean}")
    message = "is not movable, but runs another way on 'a' than before"
    assert broken(instance, lean, BEFORE) == [(Rule.MAX_MOVES, where, message)]
    too_small = changed(MOVING, ("a: {kind: server, cpu: 4", "a: {kind: server, cpu: 0.5"))
    assert optimum(too_small, BEFORE) == values(1, 0)


def test_what_is_not_movable_moves_when_its_node_is_gone() -> None:
    """Tests that read moves like any other once a is gone: lean on b, 0.5 + 1, and both moves are counted."""
    instance = changed(MOVING, *WITHOUT_A)
    placement = solved(instance, BEFORE)
    found = cost(instance, placement, BEFORE)
    assert found.levels == values(0, "1.5")
    assert found.terms[Term(CostTerm.MOVES)] == 2
    assert broken(instance, ON_B, BEFORE) == []


def test_a_chain_that_may_not_move_is_not_accepted() -> None:
    """Tests that a dead node's chain needs two moves: with fewer it is rejected, which is no move."""
    instance = changed(MOVING, *WITHOUT_A)
    assert optimum(instance, BEFORE, max_moves=2) == values(0, "1.5")
    assert optimum(instance, BEFORE, max_moves=1) == values(1, 0)
    message = "2 components move, 1 more than the 1 that may"
    assert broken(instance, ON_B, BEFORE, 1) == [(Rule.MAX_MOVES, "all chains", message)]


def test_newcomers_do_not_move() -> None:
    """Tests that what did not run before is placed freely where nothing may move."""
    instance = changed(MOVING, ("read: {function: read, movable: false}", "read: read"))
    only_write = parse_placement("chains: {log: {components: {write: {node: a, implementation: vnf}}}}")
    assert optimum(instance, only_write, max_moves=0) == values(0, "3.5")
    assert optimum(instance, parse_placement("chains: {}"), max_moves=0) == values(0, "1.5")


def test_a_component_is_merged_once() -> None:
    """Tests that a merge which names a component twice breaks rule placed."""
    instance = parse_instance(
        """
format: 1
infrastructure:
  nodes: {edge: {kind: server, cpu: 8}}
functions:
  parse: {implementations: {vnf: {cpu: 3}}}
chains:
  web: {components: {fw: parse, nat: parse}, equivalent: [[fw, nat]]}
"""
    )
    spots = dict.fromkeys(("fw", "nat"), Spot("edge", "vnf"))
    placement = Placement({"web": ChainPlacement(spots, {}, merged=(("fw", "fw"),))})
    found = [(each.rule, each.where, each.message) for each in check(instance, placement)]
    assert found == [(Rule.PLACED, "chain web, components fw, fw", "are merged more than once")]

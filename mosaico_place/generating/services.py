"""The kinds of chains of the MOSAICO project, drawn for a region.

A budget is what the chain takes when its fixed parts run where they run fastest, and the way to one of the nearest
places that could serve it: nearer places leave time to spare, farther ones are out of reach.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from random import Random

from mosaico_place.generating.catalogue import MBPS, fastest_ns, slowest_ns
from mosaico_place.generating.region import ACCESS_NS, FORWARDING_NS, Region
from mosaico_place.instance import Budget, Chain, Component, Flow, Group

LOW_LATENCY, BEST_EFFORT = "low-latency", "best-effort"

_US, _MS = 1_000, 1_000_000
_STEP_NS = 10 * _US
_TURN_NS = 2 * (ACCESS_NS + FORWARDING_NS)
"""From the switch of a site to a server there and back."""
_MARGIN_NS = 50 * _US
"""What a few hops more within the sites take."""
_LINE_ENDS = 12
"""A line leads to one of so many nearest sites."""
_PAD_NS, _SCREEN_NS, _RADIO_NS = 1 * _MS, 3846 * _US, 500 * _US
"""Access network; access network, decoder and display; radio."""


def draw_chains(count: int, region: Region, random: Random) -> dict[str, Chain]:
    """So many chains: the kinds in fixed proportion, in seeded order."""
    total = sum(share for _, share, _ in _KINDS)
    drawn: list[tuple[str, Callable[[str, Region, Random], Chain]]] = []
    below = 0
    for kind, share, build in _KINDS:
        several = count * (below + share) // total - count * below // total
        below += share
        width = len(str(several))
        drawn += [(f"{kind}-{number:0{width}}", build) for number in range(1, several + 1)]
    random.shuffle(drawn)
    return {name: build(name, region, random) for name, build in drawn}


def _session(name: str, region: Region, random: Random) -> Chain:
    """Cloud gaming: pad -> game -> encode -> screen; for some a copy of the video feeds a detector."""
    site = _users(region, random)
    game = random.choice(("game", "game", "game", "game-light", "game-light"))
    watched = random.random() < 0.5
    ways = sorted(int(region.classic[site, host] + region.l4s[site, host]) + _TURN_NS for host in region.gpu_sites)
    fixed_ns = _PAD_NS + fastest_ns(game) + fastest_ns("encode") + _SCREEN_NS
    slower_ns = random.choice((0, slowest_ns("encode") - fastest_ns("encode")))
    reach_ns = _one_of(ways, random.randint(3, 8))
    pad, screen = _at("pad", region, site, _PAD_NS), _at("screen", region, site, _SCREEN_NS)
    components = [pad, _runs("game", game), _runs("encode"), screen]
    rate = random.choice((30, 40, 50, 60, 80)) * MBPS
    flows = [
        Flow("pad", "game", 1 * MBPS),
        Flow("game", "encode", random.choice((1500, 3000)) * MBPS),
        Flow("encode", "screen", rate, per_hop=("l4s-queue",)),
    ]
    within = fixed_ns + slower_ns + reach_ns
    budgets = [_budget("pad", "screen", within, fixed_ns + min(ways[0] + 100 * _US, reach_ns))]
    if watched:
        components.append(_runs("features"))
        flows.append(Flow("encode", "features", rate, copy_of=("encode", "screen")))
        budgets.append(_budget("encode", "features", slowest_ns("encode") + slowest_ns("features") + reach_ns // 2))
    weight = (3 if game == "game" else 2) + (1 if watched else 0)
    return _chain(name, LOW_LATENCY, weight, _tier(random), components, flows, budgets, together=("game", "encode"))


def _robot(name: str, region: Region, random: Random) -> Chain:
    """A control loop, with little more time than on the spot: sensor -> filter -> control -> guard -> actuator."""
    site = _users(region, random)
    ways = sorted(2 * int(delay) + _TURN_NS for delay in region.classic[site])
    fixed_ns = 2 * _RADIO_NS + fastest_ns("filter") + fastest_ns("control") + fastest_ns("guard")
    reach_ns = _one_of(ways, random.randint(4, 12))
    rate = random.choice((5, 10, 20, 30)) * MBPS
    sensor, actuator = _at("sensor", region, site, _RADIO_NS), _at("actuator", region, site, _RADIO_NS)
    components = [sensor, _runs("filter"), _runs("control"), _runs("guard"), actuator]
    flows = [
        Flow("sensor", "filter", rate),
        Flow("filter", "control", rate),
        Flow("control", "guard", 1 * MBPS),
        Flow("guard", "actuator", 1 * MBPS),
    ]
    budget = _budget("sensor", "actuator", fixed_ns + reach_ns, fixed_ns + min(ways[0] + 100 * _US, reach_ns))
    return _chain(name, LOW_LATENCY, 4, _tier(random), components, flows, [budget])


def _drone(name: str, region: Region, random: Random) -> Chain:
    """Piloting: camera -> inference -> control -> command; for some, telemetry watches the video on every hop."""
    site = _users(region, random)
    quick = random.random() < 0.6
    hosts: Sequence[int] = region.gpu_sites if quick else range(len(region.sites))
    ways = sorted(2 * int(region.classic[site, host]) + _TURN_NS for host in hosts)
    inference_ns = (fastest_ns if quick else slowest_ns)("inference")
    fixed_ns = 2 * _RADIO_NS + inference_ns + fastest_ns("control")
    reach_ns = _one_of(ways, random.randint(3, 10))
    camera, command = _at("camera", region, site, _RADIO_NS), _at("command", region, site, _RADIO_NS)
    components = [camera, _runs("inference"), _runs("control"), command]
    watched = ("telemetry",) if random.random() < 0.5 else ()
    flows = [
        Flow("camera", "inference", random.choice((30, 40, 60, 80)) * MBPS, per_hop=watched),
        Flow("inference", "control", 1 * MBPS),
        Flow("control", "command", 1 * MBPS, per_hop=watched),
    ]
    budget = _budget("camera", "command", fixed_ns + reach_ns, fixed_ns + min(ways[0] + 100 * _US, reach_ns))
    return _chain(name, LOW_LATENCY, 3, _tier(random), components, flows, [budget])


def _detection(name: str, region: Region, random: Random) -> Chain:
    """Attack detection: tap -> parse -> classify and ids side by side -> aggregate -> centre."""
    site = _users(region, random)
    centre = min(region.centres, key=lambda other: (int(region.classic[site, other]), other))
    direct_ns = int(region.classic[site, centre]) + _TURN_NS
    fixed_ns = slowest_ns("parse") + max(slowest_ns("classify"), slowest_ns("ids")) + slowest_ns("aggregate")
    rate = random.choice((40, 60, 80, 100)) * MBPS
    middle = [_runs(function) for function in ("parse", "classify", "ids", "aggregate")]
    components = [_at("tap", region, site), *middle, _at("centre", region, centre)]
    flows = [
        Flow("tap", "parse", rate),
        Flow("parse", "classify", 10 * MBPS),
        Flow("parse", "ids", rate),
        Flow("classify", "aggregate", 1 * MBPS),
        Flow("ids", "aggregate", 1 * MBPS),
        Flow("aggregate", "centre", 1 * MBPS),
    ]
    slack_ns = random.randint(4, 10) * 100 * _US
    return _chain(
        name,
        BEST_EFFORT,
        2,
        _tier(random),
        components,
        flows,
        [_budget("tap", "centre", fixed_ns + direct_ns + slack_ns)],
    )


def _line(name: str, region: Region, random: Random) -> Chain:
    """Plain network functions between two sites, with a loose budget."""
    site = _users(region, random)
    others = [other for other in _nearest(region, site) if other != site][:_LINE_ENDS]
    end = random.choices(others, [region.popularity[other] for other in others])[0] if others else site
    through = random.choice((("firewall", "nat"), ("firewall", "nat"), ("firewall", "nat", "ids")))
    rate = random.randint(3, 10) * 10 * MBPS
    stops = ["from", *through, "to"]
    components = [_at("from", region, site), *(_runs(function) for function in through), _at("to", region, end)]
    flows = [Flow(tail, head, rate) for tail, head in pairwise(stops)]
    direct_ns = int(region.classic[site, end]) + _TURN_NS
    slack_ns = random.randint(5, 12) * 100 * _US
    within = sum(slowest_ns(function) for function in through) + direct_ns + slack_ns
    return _chain(name, BEST_EFFORT, 2, _tier(random), components, flows, [_budget("from", "to", within)])


_KINDS: Sequence[tuple[str, int, Callable[[str, Region, Random], Chain]]] = (
    ("session", 35, _session),
    ("robot", 20, _robot),
    ("drone", 15, _drone),
    ("detection", 12, _detection),
    ("line", 18, _line),
)
"""Name, per cent of the chains, builder."""


def _tier(random: Random) -> int:
    """What a customer's contract multiplies the weight with."""
    return random.choice((1, 1, 2, 3))


def _users(region: Region, random: Random) -> int:
    """A site, the popular ones more often."""
    return random.choices(range(len(region.sites)), region.popularity)[0]


def _nearest(region: Region, site: int) -> list[int]:
    """All sites, by the time that it takes to get there."""
    return sorted(range(len(region.sites)), key=lambda other: (int(region.classic[site, other]), other))


def _one_of(ways: Sequence[int], rank: int) -> int:
    """The way of that rank, from 1, or the last."""
    return ways[min(rank, len(ways)) - 1]


def _at(name: str, region: Region, site: int, processing_ns: int = 0) -> Component:
    return Component(name, at=switch(region.sites[site]), processing_ns=processing_ns)


def switch(site: str) -> str:
    """The name of the switch of a site."""
    return f"sw-{site}"


def server(site: str, number: int) -> str:
    """The name of a server of a site, counted from 1."""
    return f"{site}-server-{number}"


def _runs(name: str, function: str | None = None) -> Component:
    return Component(name, function=function or name)


def _budget(tail: str, head: str, within_ns: int, target_ns: int | None = None) -> Budget:
    """A limit and a target in steps of 10 us, with a margin for the hops within the sites."""
    within, target = (
        None if limit is None else -(-(limit + _MARGIN_NS) // _STEP_NS) * _STEP_NS for limit in (within_ns, target_ns)
    )
    return Budget(tail, head, within, target)


def _chain(
    name: str,
    class_name: str,
    weight: int,
    tier: int,
    components: Sequence[Component],
    flows: Sequence[Flow],
    budgets: Sequence[Budget],
    together: tuple[str, ...] = (),
) -> Chain:
    return Chain(
        name,
        {component.name: component for component in components},
        tuple(flows),
        Fraction(weight * tier),
        class_name,
        budgets=tuple(budgets),
        together=(Group(together),) if together else (),
    )

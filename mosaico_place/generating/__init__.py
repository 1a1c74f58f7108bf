"""Made-up instances of any size that are realistic, contended, and the same for the same seed."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from mosaico_place.generating.capacities import make_links, make_nodes
from mosaico_place.generating.catalogue import FUNCTIONS, PRICES
from mosaico_place.generating.demand import total_demand
from mosaico_place.generating.published import published
from mosaico_place.generating.region import make_region
from mosaico_place.generating.services import draw_chains
from mosaico_place.generating.topology import geometric
from mosaico_place.instance import Instance, Term
from mosaico_place.quantities import format_number
from mosaico_place.rules import CostTerm

OBJECTIVE = (
    {Term(CostTerm.REJECTED): Fraction(1)},
    {Term(CostTerm.LATENCY): Fraction(1)},
    {Term(CostTerm.RESOURCES): Fraction(1), Term(CostTerm.LINKS): Fraction(1, 10)},
)


def generate(
    sites: int | None,
    servers_per_site: int,
    chains: int,
    load: float | Fraction,
    seed: int,
    topology: str | None = None,
) -> Instance:
    """Make up an instance; the same arguments give the same instance on every machine.

    Args:
        sites: each has one P4 switch; with a topology None for all of its sites.
        servers_per_site: at each site.
        chains: of the kinds of the MOSAICO project, in fixed proportion.
        load: demand of all chains at their cheapest levels, over capacity, of the resource that is scarcest.
        seed: of everything that is drawn.
        topology: a network of the library ``topohub`` such as ``sndlib/germany50``; None for a made-up region.

    Raises:
        InputError: the topology is unknown, or topohub is not installed.
        ValueError: a number is out of range.
    """
    _check(sites, servers_per_site, chains, load, topology)
    random = Random(seed)
    if topology is not None:
        network = published(topology, sites)
    else:
        assert sites is not None, "checked above"
        network = geometric(sites, random)
    region = make_region(network, servers_per_site, random)
    drawn = draw_chains(chains, region, random)
    demand = total_demand(drawn, region, random)
    exact_load = Fraction(str(load))
    nodes = make_nodes(region, demand, exact_load, random)
    links = make_links(region, demand, exact_load, random)
    where = "region" if topology is None else topology.replace("/", "-")
    name = f"{where}-{len(network.sites)}x{servers_per_site}-{chains}-load-{format_number(exact_load)}-seed-{seed}"
    return Instance(name, nodes, links, FUNCTIONS, drawn, prices=PRICES, objective=OBJECTIVE)


def _check(sites: int | None, servers_per_site: int, chains: int, load: float | Fraction, topology: str | None) -> None:
    if sites is None and topology is None:
        raise ValueError("the number of sites is missing; only a topology brings its own")
    for what, number in (("site", sites), ("server per site", servers_per_site), ("chain", chains)):
        if number is not None and number < 1:
            raise ValueError(f"needs at least 1 {what}, found {number}")
    if not 0 < load < float("inf"):
        raise ValueError(f"a load is a number above 0, found {load}")

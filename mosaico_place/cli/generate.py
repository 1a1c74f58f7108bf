"""``mosaico-place generate``."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from mosaico_place.cli.arguments import Seed
from mosaico_place.cli.giving import give_instance
from mosaico_place.cli.refusing import check_output
from mosaico_place.cli.values import whole

_LEAST_LOAD, _LARGEST_LOAD = 0.1, 100
_MOST_SITES, _MOST_SERVERS, _MOST_CHAINS = 2500, 100, 100_000


def _load(text: str) -> float:
    """A load of generated instances."""
    with suppress(ValueError):
        if _LEAST_LOAD <= float(text) <= _LARGEST_LOAD:
            return float(text)
    raise typer.BadParameter(f"must be a number from {_LEAST_LOAD} to {_LARGEST_LOAD}, found {text!r}; write 1.2")


Sites = Annotated[
    int | None,
    typer.Option(
        parser=whole(1, _MOST_SITES),
        metavar="NUMBER",
        help="One P4 switch each; 25 if absent, or all of the topology.",
    ),
]
ServersPerSite = Annotated[int, typer.Option(parser=whole(1, _MOST_SERVERS), metavar="NUMBER", help="At every site.")]
HowManyChains = Annotated[
    int, typer.Option("--chains", parser=whole(1, _MOST_CHAINS), metavar="NUMBER", help="Of five kinds.")
]
Load = Annotated[
    float, typer.Option(parser=_load, metavar="NUMBER", help="Demand over capacity of what is scarcest, e.g. 1.2.")
]
TopologyName = Annotated[
    str | None, typer.Option(metavar="NAME", help="A network of topohub, e.g. sndlib/germany50; made up if absent.")
]
InstanceOutput = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write to a file instead of stdout.")
]


def generate(
    sites: Sites = None,
    servers_per_site: ServersPerSite = 2,
    chains: HowManyChains = 200,
    load: Load = 1.2,
    seed: Seed = 0,
    topology: TopologyName = None,
    output: InstanceOutput = None,
) -> None:
    """Make up an instance of any size: realistic, contended, the same for the same seed."""
    from mosaico_place.dumping import dump
    from mosaico_place.generating import generate as generate_instance

    check_output(output)
    count = 25 if sites is None and topology is None else sites
    try:
        instance = generate_instance(count, servers_per_site, chains, load, seed, topology)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="'--sites'") from None
    give_instance(dump(instance), output)

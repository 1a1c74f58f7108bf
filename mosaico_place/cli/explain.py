"""``mosaico-place explain``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from mosaico_place.cli.arguments import InstanceFile, Json, Seed, Threads, TimeLimit
from mosaico_place.cli.ending import code_of
from mosaico_place.cli.giving import give
from mosaico_place.cli.reading import read_instance
from mosaico_place.errors import suggestion
from mosaico_place.terminal import interruptible

if TYPE_CHECKING:
    from mosaico_place.instance import Instance
    from mosaico_place.method import Options

OneChain = Annotated[str | None, typer.Option("--chain", metavar="NAME", help="The only chain to explain.")]
Capacity = Annotated[
    bool, typer.Option("--capacity", help="Say instead which capacities would gain most if there were more of them.")
]


def explain(
    instance: InstanceFile,
    chain: OneChain = None,
    capacity: Capacity = False,
    time_limit: TimeLimit = None,
    seed: Seed = 0,
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Say why chains cannot be accepted, and what would have to grow to accept them."""
    started_s = time.monotonic()
    if capacity and chain is not None:
        raise typer.BadParameter("speaks of all chains; leave out --chain", param_hint="'--capacity'")
    problem = read_instance(instance)
    if chain is not None and chain not in problem.chains:
        close = suggestion(chain, problem.chains)
        hint = f"; did you mean {close}?" if close else ""
        raise typer.BadParameter(f"there is no chain {chain!r}{hint}", param_hint="'--chain'")
    from mosaico_place.document import dumps, explain_document
    from mosaico_place.explaining import explain as explain_instance
    from mosaico_place.method import Options
    from mosaico_place.report import explained, text

    with interruptible() as stop:
        options = Options(time_limit, threads=threads, seed=seed, stop=stop, started_s=started_s)
        if capacity:
            _advise(problem, options, as_json=as_json)
        explanation = explain_instance(problem, None if chain is None else [chain], options=options)
    if as_json:
        give(dumps(explain_document(explanation)))
    else:
        give(text(explained(explanation)))


def _advise(instance: Instance, options: Options, *, as_json: bool) -> NoReturn:
    """Say which capacities would gain most if there were more of them."""
    from mosaico_place.advising import advise
    from mosaico_place.document import advice_document, dumps
    from mosaico_place.report import advised, text

    advice = advise(instance, options=options)
    give(dumps(advice_document(advice)) if as_json else text(advised(advice, instance)))
    raise typer.Exit(code_of(advice.termination, found=advice.value is not None))

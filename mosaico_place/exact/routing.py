"""Rules ``routed``, ``bandwidth`` and ``per-hop``: which way flows go, and what they find there."""

from __future__ import annotations

from collections import defaultdict

from mosaico_place.exact.rows import Rows, at_most, equal, fits, minus
from mosaico_place.exact.strengthening import Strengthening
from mosaico_place.exact.symbols import Symbols, Terms, node_name
from mosaico_place.exact.use import link_uses
from mosaico_place.instance import Chain, Flow


def routed(symbols: Symbols) -> Rows:
    """Each flow leaves its tail's node and arrives at its head's; no path leads through a server."""
    rows: Rows = {}
    for block in symbols.blocks():
        for flow in block.chain.flows:
            _route(symbols, rows, block.chain, flow)
    return rows


def _route(symbols: Symbols, rows: Rows, chain: Chain, flow: Flow) -> None:
    """Flow conservation at every node that the flow could touch, and the strong form of "only the head receives".

    At a node that does not forward, what enters is bounded by the head's standing there as a whole, not arc by arc.
    """
    infrastructure = symbols.problem.infrastructure
    leaving: dict[int, Terms] = defaultdict(list)
    entering: dict[int, Terms] = defaultdict(list)
    for arc, var in symbols.ways(chain, flow):
        leaving[int(infrastructure.tail[arc])].append((1, var))
        entering[int(infrastructure.head[arc])].append((1, var))
    tails, heads = symbols.nodes(chain, flow.tail), symbols.nodes(chain, flow.head)
    copied = chain.meets_copies(flow)
    for node in sorted(tails | heads | set(leaving) | set(entering)):
        key = (chain.name, *flow.ends, node_name(symbols, node))
        head = symbols.stands(chain, flow.head, node)
        tail = symbols.stands(chain, flow.tail, node)
        balanced = leaving[node] + minus(entering[node]) + minus(tail) + head
        equal(rows, key, balanced)
        if not infrastructure.forwards[node] and node in tails & heads and entering[node]:
            at_most(rows, (*key, "in"), entering[node] + minus(head), 0)
            if leaving[node] and infrastructure.hand_over_ns[node] > 0:
                # Otherwise a circle back to the node could stand in for a longer hand-over.
                at_most(rows, (*key, "out"), [*leaving[node], *head, (-1, symbols.accept[chain.name])], 0)
        if copied and entering[node] and infrastructure.forwards[node]:
            # Otherwise a copy could follow its host round a circle that the host does not need.
            at_most(rows, (*key, "once"), [*entering[node], *tail, (-1, symbols.accept[chain.name])], 0)
    if flow.copy_of is not None:
        _copy(symbols, rows, chain, flow)


def _copy(symbols: Symbols, rows: Rows, chain: Chain, flow: Flow) -> None:
    """A copy follows its host only where that goes, and from the beginning: once it has left, it has left for good."""
    infrastructure = symbols.problem.infrastructure
    assert flow.copy_of is not None, "called for copies only"
    own, host = dict(symbols.arcs[chain.name, *flow.ends]), dict(symbols.arcs[chain.name, *flow.copy_of])
    delays = {ends: block.delay_ns for ends, block in symbols.problem.blocks[chain.name].flows.items()}
    here = symbols.following(chain, flow)
    leaving: dict[int, Terms] = defaultdict(list)
    for arc, var in symbols.follows[chain.name, *flow.ends]:
        ends = (node_name(symbols, infrastructure.tail[arc]), node_name(symbols, infrastructure.head[arc]))
        at_most(rows, (chain.name, *flow.ends, *ends, "with host"), [(1, var), (-1, host[arc])], 0)
        if arc in own and (chain.flow(flow.copy_of).per_hop or delays[flow.copy_of][arc] > delays[flow.ends][arc]):
            # Otherwise a copy could pay for not being held up with its host, on the very links that its host takes.
            together = [(1, own[arc]), (1, host[arc]), *here.get(int(infrastructure.tail[arc]), [])]
            at_most(rows, (chain.name, *flow.ends, *ends, "left"), [*together, (-2, symbols.accept[chain.name])], 0)
        leaving[int(infrastructure.tail[arc])].append((1, var))
    for node, terms in leaving.items():
        key = (chain.name, *flow.ends, node_name(symbols, node), "following")
        at_most(rows, key, terms + minus(here.get(node, [])), 0)


def bandwidth(symbols: Symbols) -> Rows:
    """Per link direction, the rates on it stay within what is free."""
    free = {}
    for link in symbols.instance.links:
        free[link.ends] = link.forth.free_bps
        free[link.ends[::-1]] = link.back.free_bps
    rows: Rows = {}
    for (tail, head), parts in link_uses(symbols).items():
        fits(symbols, rows, ("link", tail, head), parts, free[tail, head])
    return rows


def per_hop(symbols: Symbols) -> Rows:
    """A flow that touches a switch finds its functions opened there: one row for all the arcs that lead to it."""
    rows: Rows = {}
    for block in symbols.blocks():
        chain = block.chain
        for flow in chain.flows:
            touch = symbols.touching(chain, flow) if flow.per_hop else {}
            for node, programs in block.flows[flow.ends].programs.items():
                for name, several in programs.items() if node in touch else ():
                    key = (chain.name, *flow.ends, node_name(symbols, node), name)
                    choice = symbols.serves.get((chain.name, *flow.ends, node, name))
                    if choice is not None:
                        equal(rows, key, [(1, var) for _, var in choice] + minus(touch[node]))
                    if not symbols.problem.instance.functions[name].shared_by(flow):
                        continue
                    for program, terms in [(one, [(1, var)]) for one, var in choice or ()] or [
                        (several[0], touch[node])
                    ]:
                        opened = symbols.opened[node, name, program.name][0]
                        if Strengthening.AGGREGATE in symbols.strengthenings:
                            at_most(rows, (*key, program.name), [*terms, (-1, opened)], 0)
                            continue
                        for position, term in enumerate(terms):
                            at_most(rows, (*key, program.name, str(position)), [term, (-1, opened)], 0)
    return rows

"""Which chains a plan has to change, and what each of them is charged before, while and after it changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from mosaico_place.differences import changed_chains
from mosaico_place.instance import Chain, Implementation, Instance
from mosaico_place.ledger import Ledger
from mosaico_place.placement import ChainPlacement, Opening, Spot, differing
from mosaico_place.planning.charges import NOTHING, Charge, Items, beyond, charge, charge_both, items_of
from mosaico_place.planning.steps import Transition
from mosaico_place.usage import Hops, Scene, hops_of, program_opened


@dataclass(frozen=True, slots=True)
class Change:
    """One chain that a plan changes.

    Attributes:
        name: the chain's name.
        form: the chain as the instance has it now, or had it before it left.
        placed: how it runs, without what is down by now; None if it does not.
        target: how it is to run; None if it is not to.
        items: what it is charged for as it runs.
        old: what it is charged as it runs.
        more: what it is charged beyond that while it changes.
        new: as it is to run.
        wanted: what it is charged for then.
        carried: component -> the spot that its state is carried from.
        down: whether the event itself has interrupted it.
    """

    name: str
    form: Chain
    placed: ChainPlacement | None
    target: ChainPlacement | None
    items: Items
    old: Charge
    more: Charge
    new: Charge
    wanted: Items
    carried: Mapping[str, Spot]
    down: bool


class Scenery:
    """What the changes of one plan are seen against.

    Attributes:
        transition: what the plan leads through.
        transit: the instance after the event, in which what is drained still runs.
        before: links, and the programs that run before the plan.
        after: links, and the programs that are to run after it.
    """

    def __init__(self, transition: Transition, ledger: Ledger) -> None:
        self.transition = transition
        self.transit = undrained(transition.instance)
        self.ledger = ledger
        counts_before, counts_after = transition.before.instances, transition.after.instances
        programs = dict(ledger.scene.programs)
        if self.transit is not transition.instance:
            programs |= programs_of(self.transit, counts_before, counts_before)
        self.before = Scene(ledger.scene.hops, programs)
        changed = other_counts(counts_before, counts_after)
        later = changed_programs(transition.instance, ledger.scene.programs, changed, counts_after)
        self.after = Scene(ledger.scene.hops, later)
        alike = not changed and self.transit is transition.instance
        both = {} if alike else {**programs, **later}
        self.switches = [key for key in both if programs.get(key) is not later.get(key)]

    def running_form(self, name: str) -> Chain | None:
        """A chain as it runs until it is switched: its old form, at the rates that its flows have by now."""
        old, now = (one.chains.get(name) for one in (self.transition.earlier, self.transition.instance))
        if old is None or now is None or old is now:
            return old or now
        rates = {flow.ends: flow.rate_bps for flow in now.flows}
        flows = tuple(replace(flow, rate_bps=rates.get(flow.ends, flow.rate_bps)) for flow in old.flows)
        return replace(old, flows=flows, class_name=now.class_name)

    def change(self, name: str, placed: ChainPlacement | None, target: ChainPlacement | None) -> Change:
        """What has to be done to one chain."""
        transition = self.transition
        left = None if placed is None else remains(transition.instance, placed)
        down = placed is not None and (left != placed or is_cut(transition.instance, placed, self.before.hops))
        running = self.running_form(name)
        items = Items()
        if left is not None and running is not None:
            items = items_of(self.transit, running, left, self.before)
        carried = {} if left is None else left.components
        return self.onwards(name, (left, items), target, carried, down=down)

    def onwards(
        self,
        name: str,
        runs: tuple[ChainPlacement | None, Items],
        target: ChainPlacement | None,
        carried: Mapping[str, Spot],
        *,
        down: bool = False,
        scene: Scene | None = None,
    ) -> Change:
        """A change from what runs of a chain and is charged for; ``scene``: of the target, else that of the end."""
        placed, items = runs
        instance = self.transition.instance
        old = charge(items)
        if target is None:
            form = self.transition.earlier.chains[name]
            return Change(name, form, placed, None, items, old, NOTHING, NOTHING, Items(), carried, down)
        form = instance.chains[name]
        wanted = items_of(instance, form, target, self.after if scene is None else scene)
        new = charge(wanted)
        more = beyond(new if placed is None else charge_both(items, wanted), old)
        return Change(name, form, placed, target, items, old, more, new, wanted, carried, down)

    def stopped(self, change: Change) -> Change:
        """The rest of a change whose chain has stopped: only what stays on its spot goes on."""
        wanted = {} if change.target is None else change.target.components
        before = {} if change.placed is None else change.placed.components
        staying = {name: spot for name, spot in before.items() if wanted.get(name) == spot}
        processes = {
            (spot, tuple(name for name in names if name in staying)): taken
            for (spot, names), taken in change.items.processes.items()
            if not staying.keys().isdisjoint(names)
        }
        loads = {key: load for key, load in change.items.loads.items() if len(key[0]) == 1 and key[0][0] in staying}
        items = Items(processes, {}, {}, loads)
        return self.onwards(
            change.name, (ChainPlacement(staying, {}), items), change.target, change.carried, down=change.down
        )


def undrained(instance: Instance) -> Instance:
    """The instance in which what is drained still runs; the same one if nothing is."""
    drained = {name: replace(node, drained=False) for name, node in instance.nodes.items() if node.drained}
    return replace(instance, nodes={**instance.nodes, **drained}) if drained else instance


def remains(instance: Instance, placed: ChainPlacement) -> ChainPlacement:
    """A placement of a chain without the components whose node, or one of whose devices, is down."""
    gone = {name for name, spot in placed.components.items() if not is_alive(instance, spot)}
    if not gone:
        return placed
    components = {name: spot for name, spot in placed.components.items() if name not in gone}
    merged = tuple(tuple(name for name in group if name not in gone) for group in placed.merged)
    parallel = tuple(group for group in placed.parallel if gone.isdisjoint(group))
    return ChainPlacement(components, placed.flows, tuple(group for group in merged if len(group) > 1), parallel)


def is_alive(instance: Instance, spot: Spot) -> bool:
    """Whether what stands on a spot still runs: its node and devices are up."""
    return instance.node_up(spot.node) and all(device in instance.nodes[spot.node].working for device in spot.devices)


def is_cut(instance: Instance, placed: ChainPlacement, hops: Hops) -> bool:
    """Whether a path of a placement leads over what is down or gone."""
    return any(
        not instance.node_up(path[0]) if len(path) == 1 else any(step not in hops for step in hops_of(path))
        for path in placed.flows.values()
        if path
    )


def changes(scenery: Scenery) -> Iterator[Change]:
    """What has to change: chains whose placement differs, or whom another program serves than before."""
    transition = scenery.transition
    before, after, instance = transition.before.chains, transition.after.chains, transition.instance.chains
    replaced = differing(transition.before, transition.after)
    others = {**replaced, **changed_chains(transition.earlier, transition.instance), **_served_anew(scenery)}
    for name in (name for name in others if name in before):
        known = name in instance
        if not known and name not in transition.earlier.chains:
            continue
        change = scenery.change(name, before[name], after.get(name) if known else None)
        if name in replaced or not known or change.old != change.new:
            yield change
    for name in (name for name in others if name in after):
        if name not in before and name in instance:
            yield scenery.change(name, None, after[name])


def _served_anew(scenery: Scenery) -> dict[str, None]:
    """The chains that ask for a program, on a switch they meet, which is another one after the plan."""
    found: dict[str, None] = {}
    for node, function in scenery.switches:
        for name in scenery.ledger.visitors(node):
            chain = scenery.running_form(name)
            if chain is not None and any(function in flow.per_hop for flow in chain.flows):
                found[name] = None
    return found


def other_counts(before: Mapping[Opening, int], now: Mapping[Opening, int]) -> list[Opening]:
    """What is opened another number of times than before."""
    if before is now or before == now:
        return []
    return [opening for opening in {**before, **now} if before.get(opening, 0) != now.get(opening, 0)]


def changed_programs(
    instance: Instance,
    programs: Mapping[tuple[str, str], Implementation],
    changed: Collection[Opening],
    counts: Mapping[Opening, int],
) -> dict[tuple[str, str], Implementation]:
    """The programs opened, by (switch, function), once these openings have other counts."""
    anew = {opening[:2] for opening in changed}
    kept = {key: one for key, one in programs.items() if key not in anew} if anew else dict(programs)
    return kept | programs_of(instance, changed, counts)


def programs_of(
    instance: Instance, openings: Iterable[Opening], counts: Mapping[Opening, int]
) -> dict[tuple[str, str], Implementation]:
    """(switch, function) -> the program opened there, for the functions and switches of some openings."""
    found = {}
    for node, function, _ in openings:
        program = program_opened(instance, counts, node, function)
        if program is not None:
            found[node, function] = program
    return found

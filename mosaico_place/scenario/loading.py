"""From a file to a scenario, or to all its faults.

Events are applied one after the other while they are read, so that one that is wrong given those before it (a chain
that departs twice) is a fault where it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path as FilePath
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from mosaico_place.errors import Fault, InputError, Path, shown
from mosaico_place.events import Arrive, Update, apply
from mosaico_place.events.reading import Reading, read_event
from mosaico_place.instance import Instance, TrafficClass
from mosaico_place.load import collection_paused, in_order, located, read_instance, read_with_templates, template_faults
from mosaico_place.scenario.parts import Scenario, Timed, default_objective
from mosaico_place.source import Source, read_file
from mosaico_place.validate import objective_faults

if TYPE_CHECKING:
    from mosaico_place.schema.chains import FullChain, LineChain
    from mosaico_place.schema.expand import Drawn, Origins
    from mosaico_place.schema.faults import Finding
    from mosaico_place.schema.scenario import ScenarioDocument

_OWN = ("events", "generate", "instance")
"""Keys that a scenario has and an instance has not."""
INSTANCES = "instances"
"""The folder beside that of scenarios where their instances may be."""


def load_scenario(path: str | FilePath, seed: int | None = None) -> Scenario:
    """Read a scenario, its instance with it, and draw the events of its processes.

    Args:
        path: the file; its instance is looked for in the same folder and below, then in ``instances`` beside that.
        seed: to draw with; the file's unless given.

    Raises:
        InputError: the file or its instance cannot be read or used; it carries every fault with its position.
    """
    with collection_paused():
        return _Reader(read_file(path), FilePath(path)).scenario(seed)


def load_file(path: str | FilePath) -> Instance | Scenario:
    """Read an instance or a scenario, whichever it is.

    Raises:
        InputError: the file cannot be read or used; it carries every fault with its position.
    """
    with collection_paused():
        source, file = read_file(path), FilePath(path)
        keys = source.data.keys() if isinstance(source.data, dict) else ()
        if any(key in keys for key in _OWN) and "infrastructure" not in keys:
            return _Reader(source, file).scenario(None)
        return read_instance(source, file.stem)


@dataclass
class _Entry:
    """Something that happens, as it was read."""

    timed: Timed
    reading: Reading


@dataclass
class _Reader:
    """A scenario that is being read.

    Attributes:
        source: the document.
        file: where it came from.
        found: its faults so far.
        lost: names of chains and templates whose own definition is faulty.
    """

    source: Source
    file: FilePath
    found: list[Fault] = field(default_factory=list)
    lost: set[tuple[str, str]] = field(default_factory=set)

    def scenario(self, seed: int | None) -> Scenario:
        """All of it, drawn with a seed, or with its own; raises InputError with all its faults."""
        self.found += self.source.faults
        instance, templates = self._base()
        document, positions = self._document(instance)
        if document is None or instance is None:
            raise InputError(in_order(self.source, self.found))
        drawn = self._templates(document, instance, templates)
        entries = [
            entry
            for model, position in zip(document.events, positions["events"], strict=True)
            if (entry := self._entry(read_event(model, ("events", position), drawn), model.at)) is not None
        ]
        entries.sort(key=lambda entry: entry.timed.at_ns)
        seed = document.seed if seed is None else seed
        entries += self._drawn(document, positions["generate"], instance, drawn, entries, seed)
        entries.sort(key=lambda entry: entry.timed.at_ns)
        base = self._with_objective(document, instance, entries)
        self._fold(base, entries)
        if self.found:
            raise InputError(in_order(self.source, self.found))
        events = tuple(entry.timed for entry in entries)
        name = document.name or self.file.stem
        return Scenario(name, base, base.objective, document.max_moves, document.preempt, events, seed)

    def _fault(self, path: Path, message: str) -> None:
        from mosaico_place.schema.faults import settle

        self.found.append(self.source.fault(settle(self.source.data, path), message))

    def _base(self) -> tuple[Instance | None, Mapping[str, FullChain | LineChain]]:
        """The instance and its templates; None if there is none to be had, of which the faults are noted."""
        data = self.source.data
        given = data.get("instance") if isinstance(data, dict) else None
        if not isinstance(given, str) or not given:
            return None, {}  # told with the structure of the document
        way = PurePosixPath(given.replace("\\", "/"))
        if way.is_absolute() or ".." in way.parts:
            message = f"names a file below this folder, or in the folder {INSTANCES!r} beside it; not {shown(given)}"
            self._fault(("instance",), message)
            return None, {}
        folder = self.file.parent
        for place in (folder, folder.absolute().parent / INSTANCES):
            path = place / way
            if path.is_file() and path.resolve().is_relative_to(place.resolve()):
                try:
                    return read_with_templates(read_file(path), path.stem)
                except InputError as error:
                    self.found += error.faults
                    return None, {}
        self._fault(("instance",), f"there is no file {shown(given)} here or in the folder {INSTANCES!r} beside")
        return None, {}

    def _document(self, instance: Instance | None) -> tuple[ScenarioDocument | None, dict[str, list[int]]]:
        """What is left of the document when its faulty parts are left out; positions of what is left of its lists."""
        from pydantic import ValidationError

        from mosaico_place.schema.faults import findings
        from mosaico_place.schema.salvage import of_the_format, pruned, tree_of
        from mosaico_place.schema.scenario import ScenarioDocument

        data: Any = self.source.data
        if not isinstance(data, dict):
            message = f"expected a scenario with 'format', 'instance', 'events', ..., found {shown(data)}"
            self.found.append(self.source.fault((), message))
            return None, {}
        context = {} if instance is None else dict(instance.resources)
        positions = {key: list(range(len(data[key]))) if isinstance(data.get(key), list) else [] for key in _LISTS}
        try:
            return ScenarioDocument.model_validate(data, context=context), positions
        except ValidationError as error:
            told = findings(error, data)
        foreign = of_the_format(data, told)
        self.found += located(self.source, foreign or told)
        doomed = {_doomed(finding) for finding in told}
        self.lost |= set(_lost(data, doomed))
        rest = pruned(data, tree_of(doomed))
        kept = {key: [i for i in several if (key, i) not in doomed] for key, several in positions.items()}
        try:
            return None if foreign else ScenarioDocument.model_validate(rest, context=context), kept
        except ValidationError:
            return None, {}

    def _templates(
        self, document: ScenarioDocument, instance: Instance, inherited: Mapping[str, FullChain | LineChain]
    ) -> dict[str, Drawn]:
        """The scenario's own templates, checked, and those of the instance that it does not name anew."""
        from mosaico_place.schema.expand import draw_templates, origin, tried

        origins: Origins = {}
        own, faults = draw_templates(document.templates, origins)
        chains = {name: tried(drawn) for name, drawn in own.items()}
        for fault in (*faults, *template_faults(instance, chains)):
            self._fault(origin(origins, fault.path), fault.message)
        others, _ = draw_templates(inherited, {})
        return {**{name: replace(drawn, origins={}) for name, drawn in others.items()}, **own}

    def _entry(self, reading: Reading, at_ns: int) -> _Entry | None:
        """An event with its time; None, and its faults noted, if it cannot be read."""
        for fault in reading.faults:
            if fault.missing not in self.lost:
                self._fault(fault.path, fault.message)
        if reading.event is None:
            self.lost |= set(_lost(self.source.data, {reading.path}))
            return None
        return _Entry(Timed(at_ns, reading.event), reading)

    def _drawn(
        self,
        document: ScenarioDocument,
        positions: list[int],
        instance: Instance,
        templates: Mapping[str, Drawn],
        entries: list[_Entry],
        seed: int,
    ) -> list[_Entry]:
        """What the processes draw: first those that say which chains are there, then those that speak of chains."""
        from mosaico_place.scenario.processes import comes_first, draw
        from mosaico_place.scenario.setting import Setting, stays_of
        from mosaico_place.schema.scenario import Process

        made: dict[int, list[_Entry]] = {}

        def run(process: Process, position: int, setting: Setting) -> None:
            path: Path = ("generate", position)
            try:
                timed = draw(process, path, setting, f"{seed}:{position}")
            except InputError as error:
                for fault in error.faults:
                    if fault.missing not in self.lost:
                        self._fault(fault.path, fault.message)
                timed = []
            made[position] = [_Entry(one, Reading(path, one.event)) for one in timed]

        processes = list(zip(document.generate, positions, strict=True))
        written = stays_of(instance, [entry.timed for entry in entries])
        for process, position in processes:
            if comes_first(process):
                run(process, position, Setting(instance, templates, document.until, written))
        so_far = [entry.timed for entry in entries] + [one.timed for several in made.values() for one in several]
        stays = stays_of(instance, sorted(so_far, key=lambda timed: timed.at_ns))
        for process, position in processes:
            if not comes_first(process):
                run(process, position, Setting(instance, templates, document.until, stays))
        return [entry for position in positions for entry in made[position]]

    def _with_objective(self, document: ScenarioDocument, instance: Instance, entries: list[_Entry]) -> Instance:
        """The instance with the scenario's objective, the classes that it speaks of, and a price of moves."""
        objective = default_objective(preempt=document.preempt)
        if document.objective is not None:
            objective = tuple(document.objective)
        named = {term.class_name for level in objective for term in level}
        coming = [entry.timed.event.chain for entry in entries if isinstance(entry.timed.event, Arrive | Update)]
        new = {chain.class_name for chain in coming} & named
        classes = {name: TrafficClass(name) for name in sorted(filter(None, new)) if name not in instance.classes}
        prices = instance.prices
        if all(one.move is None for one in (prices, *(one.prices for one in instance.functions.values()))):
            prices = replace(prices, move=Fraction(1))
        base = replace(instance, objective=objective, classes={**instance.classes, **classes}, prices=prices)
        for fault in objective_faults(base) if document.objective is not None else ():
            self._fault(fault.path, fault.message)
        return base

    def _fold(self, instance: Instance, entries: list[_Entry]) -> None:
        """Apply the events one after the other, leaving out those that are wrong, and note what is wrong with them."""
        lost = set(self.lost)
        for entry in entries:
            event = entry.timed.event
            try:
                instance = apply(instance, event)
            except InputError as error:
                for fault in error.faults:
                    if fault.missing not in lost:
                        self._fault(entry.reading.written(fault.path), fault.message)
                if isinstance(event, Arrive):
                    lost.add(("chain", event.chain.name))


_LISTS = ("events", "generate")


def _doomed(finding: Finding) -> Path:
    """The part of the document to leave out because of a fault."""
    path = finding.path
    depth = 2 if path[:1] in (("events",), ("generate",), ("templates",)) else 1
    return path[:depth]


def _lost(data: Any, doomed: set[Path]) -> Iterator[tuple[str, str]]:
    """What parts that are left out would have defined."""
    for path in doomed:
        if path[:1] == ("templates",):
            yield from (("template", str(name)) for name in path[1:])
        if path[:1] == ("events",) and len(path) == 2:
            entry = data["events"][path[1]]
            arriving = entry.get("arrive") if isinstance(entry, dict) else None
            yield from (("chain", str(name)) for name in arriving or ()) if isinstance(arriving, dict) else ()

"""From a file, a text or a mapping to an instance or a placement; and from what is wrong with it to all its faults.

An instance is validated as a whole. If that fails, every fault is noted, the parts that are faulty are left out, and
what remains is checked on: so one run shows the misspelt key here and the missing node there. Faults that only follow
from what was left out (a flow to a node whose definition is faulty) are kept back.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from mosaico_place.errors import Fault, InputError
from mosaico_place.instance import Chain, Instance
from mosaico_place.placement import Placement
from mosaico_place.source import Source, from_data, read_file, read_text
from mosaico_place.validate import faults as instance_faults
from mosaico_place.validate import faults_of_chains

if TYPE_CHECKING:
    from mosaico_place.schema.chains import FullChain, LineChain
    from mosaico_place.schema.faults import Finding


def load_instance(path: str | FilePath) -> Instance:
    """Read an instance from a YAML or JSON file.

    Raises:
        InputError: the file cannot be read or used; it carries every fault with its position.
    """
    with collection_paused():
        return read_instance(read_file(path), FilePath(path).stem)


def parse_instance(text: str, name: str = "<text>") -> Instance:
    """Read an instance from YAML or JSON text; faults call the text ``name``.

    Raises:
        InputError: the text cannot be used; it carries every fault with its position.
    """
    with collection_paused():
        return read_instance(read_text(text, name), "instance")


def instance_from_dict(data: Mapping[str, object]) -> Instance:
    """Make an instance from data in the form of the file.

    Raises:
        InputError: the data cannot be used; it carries every fault, without positions.
    """
    return read_instance(from_data(data), "instance")


def load_placement(path: str | FilePath) -> Placement:
    """Read a placement from the document of ``solve --json``, or from its ``chains``, ``instances``, ``rewrites``.

    Raises:
        InputError: the file cannot be read or used; it carries every fault with its position.
    """
    return _placement(read_file(path))


def parse_placement(text: str, name: str = "<text>") -> Placement:
    """Read a placement from the text of such a file; faults call the text ``name``.

    Raises:
        InputError: the text cannot be used; it carries every fault with its position.
    """
    return _placement(read_text(text, name))


@contextmanager
def collection_paused() -> Iterator[None]:
    """Reading makes millions of small objects, no garbage in circles: looking for it takes 40 % of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def read_instance(source: Source, default_name: str) -> Instance:
    """The instance in a document that was read.

    Raises:
        InputError: it cannot be used.
    """
    return read_with_templates(source, default_name)[0]


def read_with_templates(source: Source, default_name: str) -> tuple[Instance, Mapping[str, FullChain | LineChain]]:
    """The instance in a document that was read, and its templates as written.

    Raises:
        InputError: it cannot be used.
    """
    from mosaico_place.schema.convert import instance_of
    from mosaico_place.schema.expand import origin
    from mosaico_place.schema.faults import settle
    from mosaico_place.schema.salvage import salvage_instance

    salvage = salvage_instance(source.data)
    found = [*source.faults, *located(source, salvage.findings)]
    if salvage.document is not None:
        instance, templates, origins, expansion = instance_of(salvage.document, default_name)
        if expansion:
            salvage.forgive_classes()
        for fault in (*expansion, *instance_faults(instance), *template_faults(instance, templates)):
            if not salvage.explains(fault):
                path = settle(source.data, salvage.written(origin(origins, fault.path)))
                found.append(source.fault(path, fault.message, missing=fault.missing))
        if not found:
            return instance, salvage.document.templates
    raise InputError(in_order(source, found))


def template_faults(instance: Instance, templates: Mapping[str, Chain]) -> Iterator[Fault]:
    """What is wrong with templates as such, whether a chain uses them or not."""
    from mosaico_place.schema.expand import NO_NODE

    for fault in faults_of_chains(replace(instance, chains=templates)):
        if fault.missing != ("node", NO_NODE):
            yield replace(fault, path=("templates", *fault.path[1:]))


def _placement(source: Source) -> Placement:
    from mosaico_place.document import read_placement
    from mosaico_place.schema.salvage import placement_document

    document, findings = placement_document(source.data)
    if document is None or findings or source.faults:
        raise InputError(in_order(source, [*source.faults, *located(source, findings)]))
    return read_placement(document)


def located(source: Source, findings: Iterable[Finding]) -> list[Fault]:
    """Structural faults with their positions."""
    return [
        source.fault(finding.path, finding.message, key=finding.at_key) for finding in findings if not finding.follows
    ]


def in_order(source: Source, found: list[Fault]) -> list[Fault]:
    """Faults in the order of the document, each once."""

    def position(fault: Fault) -> tuple[int, ...]:
        ending = fault.source.removeprefix(f"{source.name}:").split(":")
        if source.name and len(ending) == 2:
            return int(ending[0]), int(ending[1])
        return source.order(fault.path)

    once = {(fault.path, fault.message, fault.source): fault for fault in found}
    return sorted(once.values(), key=position)

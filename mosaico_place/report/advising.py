"""The answer of ``explain --capacity`` for people."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from mosaico_place.explanation import CapacityAdvice, CapacityGain, Verdict
from mosaico_place.instance import Instance
from mosaico_place.report.figures import plain, quantity
from mosaico_place.report.tables import new_table
from mosaico_place.report.words import ENDINGS, summed
from mosaico_place.result import Termination
from mosaico_place.usage import dimension_of

_VERDICTS = {
    Verdict.CONFIRMED: ("confirmed", "level 1 gets better than any placement without the growth can be"),
    Verdict.BETTER: ("better found", "one as good without the growth is not ruled out"),
    Verdict.NO_GAIN: ("no gain", "it is proven that this growth alone gains nothing"),
    Verdict.NOT_CONFIRMED: ("not confirmed", "nothing better was found within the limits, nothing is proven"),
    Verdict.NOT_CHECKED: ("not checked", "the limits struck before it was solved again"),
}


def advised(advice: CapacityAdvice, instance: Instance) -> RenderableType:
    """The answer of ``explain --capacity``."""
    if advice.value is None:
        infeasible = advice.termination is Termination.INFEASIBLE
        hint = "; without --capacity, explain says what must grow" if infeasible else ""
        told = f"{advice.instance}: no placement to compare with: {ENDINGS[advice.termination]}{hint}"
        return Text(told, style="bold red")
    proof = "" if advice.bound is None else f", at least {plain(advice.bound)}"
    headline = Text(
        f"{advice.instance}: level 1 ({summed(instance.objective[0])}) is {plain(advice.value)}{proof}", style="bold"
    )
    if advice.limited is False:
        return Group(headline, Text("no capacity limits it: there is nothing left to gain"))
    if not advice.gains:
        says = "no capacity has a price: by the prices, more of any gains nothing"
        return Group(headline, Text(f"{says}; without --capacity, explain says why chains are rejected"))
    proven = all(plain(gain.value) == plain(gain.bound) for gain in advice.gains)
    table = new_table("more of", "", ">by", ">of", ">promised", ">level 1", *(() if proven else (">bound",)), "verdict")
    for gain in advice.gains:
        *cells, value, bound, verdict = _gain(gain, instance)
        table.add_row(*cells, value, *(() if proven else (bound,)), verdict)
    notes = [": ".join(_VERDICTS[each]) for each in Verdict if any(gain.verdict is each for gain in advice.gains)]
    notes.append("promised: by the shadow prices, which count parts of chains; level 1: when solved again")
    return Group(headline, Text(), table, Text(), *(Text(note, style="dim") for note in notes))


def _gain(gain: CapacityGain, instance: Instance) -> Iterator[str]:
    """A row of the capacities."""
    kind, *rest = gain.capacity
    dimension = dimension_of(instance, gain.capacity)
    yield " → ".join(rest) if kind == "link" else " ".join(rest[:-1])
    yield "bandwidth" if kind == "link" else rest[-1]
    yield quantity(gain.by / dimension.scale, dimension)
    yield quantity(gain.of / dimension.scale, dimension)
    yield f"{gain.promised:.2g}"
    yield plain(gain.value)
    yield plain(gain.bound)
    yield _VERDICTS[gain.verdict][0]

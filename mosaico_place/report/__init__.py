"""Answers for people: short tables, at most 100 columns wide, in a module for every command.

Nothing here prints: each function returns what to show, and :func:`text` makes it the characters for stdout. That of
``compare`` has to be asked for by its module, since the others need nothing of what it is about.
"""

from mosaico_place.report.advising import advised
from mosaico_place.report.checking import checked
from mosaico_place.report.explaining import explained
from mosaico_place.report.solving import solved
from mosaico_place.report.tables import text
from mosaico_place.report.validating import valid

__all__ = ["advised", "checked", "explained", "solved", "text", "valid"]

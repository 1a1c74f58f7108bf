"""HiGHS without its banner: what every module that talks to it begins with."""

from __future__ import annotations

import highspy


class SilentHighs(highspy.Highs):
    """HiGHS 1.16 prints a banner to stdout with the first call, which is one of its own constructor."""

    def enableCallbacks(self) -> None:  # noqa: N802 (the name is theirs)
        """Say no to the console before anything else."""
        self.setOptionValue("log_to_console", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call]

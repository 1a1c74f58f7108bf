"""The command line: ``mosaico-place validate|solve|check|explain|compare|generate|import|schema|watch|new``.

stdout holds the answer and nothing else; faults, warnings and progress go to stderr. Every command has a module of its
own. What is slow to import is imported by the command that needs it when it runs, so that ``--help`` comes at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from mosaico_place.cli import check, compare, explain, generate, import_, new, schema, solve, validate, watch
from mosaico_place.cli.ending import Code
from mosaico_place.cli.giving import PROGRAM, give
from mosaico_place.errors import InputError
from mosaico_place.terminal import complain, end_process, open_streams, report_crash

COMMANDS: dict[str, Callable[..., None]] = {
    "validate": validate.validate,
    "solve": solve.solve,
    "check": check.check,
    "explain": explain.explain,
    "compare": compare.compare,
    "generate": generate.generate,
    "import": import_.import_,
    "schema": schema.schema,
    "watch": watch.watch,
    "new": new.new,
}

app = typer.Typer(
    name=PROGRAM,
    help="Place the micro-services of low-latency network services, and prove how good the answer is.",
    epilog="Exit codes: 0 done, 1 a bug in the program, 2 wrong usage, 3 bad input, 4 proven infeasible, "
    "5 nothing found within the limits, 6 the placement breaks a rule, 130 interrupted with nothing found.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for name, command in COMMANDS.items():
    app.command(name)(command)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        give(f"{PROGRAM} {version(PROGRAM)}\n")
        raise typer.Exit


@app.callback()
def _program(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Place the micro-services of low-latency network services, and prove how good the answer is."""


def main() -> None:
    """Run the program: the entry point of ``mosaico-place``."""
    open_streams()
    code: object = Code.DONE
    try:
        app(prog_name=PROGRAM)
    except SystemExit as end:
        code = end.code
    except InputError as error:
        complain(str(fault) for fault in error.faults)
        code = Code.BAD_INPUT
    except KeyboardInterrupt:
        code = Code.INTERRUPTED
    except Exception as error:
        report_crash(error, PROGRAM)
        code = Code.BUG
    end_process(code if isinstance(code, int) else Code.DONE)

"""The command line: ``mosaico-place validate|solve|check|explain|compare|watch|generate|import|schema|new``.

stdout holds the answer and nothing else; faults, warnings and progress go to stderr. What is slow to import is
imported by the command that needs it, so that ``--help`` comes at once.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from mosaico_place.arguments import (
    Beside,
    Capacity,
    CoolDown,
    EventBudget,
    ForeignFile,
    ForeignFormat,
    Format,
    Gap,
    Given,
    HowManyChains,
    Idle,
    InstanceFile,
    InstanceFiles,
    InstanceOutput,
    JournalFile,
    Json,
    Load,
    MaxMoves,
    MethodName,
    ModeName,
    MovesEach,
    MovesPerAnswer,
    NewFile,
    OneChain,
    Output,
    PlacementFile,
    Previous,
    Record,
    ResolveEvery,
    ResolveLimit,
    ResolvePeriod,
    ScenarioFile,
    ScenarioSeed,
    Seed,
    ServersPerSite,
    Sites,
    StartLimit,
    StartPlacement,
    Starts,
    Strategies,
    StrategyName,
    Threads,
    TimeLimit,
    TopologyName,
    Which,
    WhichSchema,
    Without,
    check_folder,
    check_journal,
    check_method,
    check_moves,
    check_output,
    check_strategies,
    check_strategy,
)
from mosaico_place.errors import Fault, InputError, suggestion
from mosaico_place.levers import without
from mosaico_place.terminal import complain, end_process, interruptible, open_streams, put, report_crash, write_file

if TYPE_CHECKING:
    from mosaico_place.dynamics.comparing import Known, Listener, Study
    from mosaico_place.instance import Instance
    from mosaico_place.method import Options
    from mosaico_place.placement import Placement
    from mosaico_place.result import Result, Termination
    from mosaico_place.scenario import Scenario

PROGRAM = "mosaico-place"
_STDIN = "<stdin>"

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


class Code(IntEnum):
    """What the exit code says."""

    DONE = 0
    BUG = 1
    USAGE = 2
    BAD_INPUT = 3
    INFEASIBLE = 4
    NOTHING_FOUND = 5
    BREAKS_A_RULE = 6
    INTERRUPTED = 130


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        _put(f"{PROGRAM} {version(PROGRAM)}\n")
        raise typer.Exit


@app.callback()
def _program(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Place the micro-services of low-latency network services, and prove how good the answer is."""


@app.command()
def validate(files: InstanceFiles, as_json: Json = False) -> None:
    """Say what is wrong with instances and scenarios, and what would mend it."""
    from mosaico_place.document import dumps, validate_document
    from mosaico_place.report import valid

    found = [(_name(file), *_findings(file)) for file in files]
    if as_json:
        _put(dumps(validate_document([(name, faults, warnings) for name, _, faults, warnings in found])))
    else:
        for name, what, faults, warnings in found:
            complain([str(fault) for fault in faults] + [f"{name}: warning: {text}" for text in warnings])
            if what is not None:
                _put(valid(name, what))
    raise typer.Exit(Code.BAD_INPUT if any(faults for _, _, faults, _ in found) else Code.DONE)


@app.command()
def solve(
    instance: InstanceFile,
    method: MethodName = "auto",
    time_limit: TimeLimit = None,
    gap: Gap = 1e-4,
    seed: Seed = 0,
    threads: Threads = None,
    previous: Previous = None,
    max_moves: MaxMoves = None,
    levers: Without = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Find the best placement; Ctrl-C keeps the best so far."""
    started_s = time.monotonic()
    check_output(output, instance)
    check_method(method)
    check_moves(max_moves, previous)
    problem = without(_instance(instance), levers or ())
    start = None if previous is None else _placement(previous)
    from mosaico_place.method import Options
    from mosaico_place.progress import shown
    from mosaico_place.solving import solve as solve_instance

    load_s = time.monotonic() - started_s  # with the imports, which the user waits for as well
    with interruptible() as stop, shown(len(problem.objective)) as progress:
        options = Options(time_limit, gap, threads, seed, stop, progress, started_s)
        result = solve_instance(problem, method=method, options=options, previous=start, max_moves=max_moves)
    result = replace(result, runtime_s={"load": load_s, **result.runtime_s})
    _answer(result, problem, output, as_json=as_json)
    raise typer.Exit(_code(result.termination, found=result.placement is not None))


@app.command()
def check(
    instance: InstanceFile,
    placement: PlacementFile,
    previous: Previous = None,
    max_moves: MaxMoves = None,
    as_json: Json = False,
) -> None:
    """Judge a placement: which rules it breaks, and what it costs."""
    from mosaico_place.checking import check as check_placement
    from mosaico_place.costing import cost
    from mosaico_place.document import check_document, dumps
    from mosaico_place.report import checked, text

    if [str(instance), str(placement), str(previous)].count("-") > 1:
        raise typer.BadParameter("only one file can come from stdin", param_hint="'PLACEMENT'")
    check_moves(max_moves, previous)
    problem, answer = _instance(instance), _placement(placement)
    before = None if previous is None else _placement(previous)
    violations, total = check_placement(problem, answer, before, max_moves), cost(problem, answer, before)
    if as_json:
        _put(dumps(check_document(problem, violations, total)))
    else:
        _put(text(checked(problem, violations, total)))
    raise typer.Exit(Code.BREAKS_A_RULE if violations else Code.DONE)


@app.command()
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
    problem = _instance(instance)
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
        _put(dumps(explain_document(explanation)))
    else:
        _put(text(explained(explanation)))


@app.command()
def compare(
    scenario: ScenarioFile,
    strategy: Strategies = None,
    mode: ModeName = Starts.BOTH,
    method: MethodName = "auto",
    resolve_every: ResolveEvery = 10,
    resolve_limit: ResolveLimit = 10.0,
    event_budget: EventBudget = None,
    idle: Idle = None,
    max_moves: MovesEach = None,
    levers: Beside = None,
    placement: StartPlacement = None,
    time_limit: StartLimit = 20.0,
    seed: ScenarioSeed = None,
    threads: Threads = None,
    output: Record = None,
    as_json: Json = False,
) -> None:
    """Play a scenario back with several strategies; Ctrl-C ends with what has been answered."""
    check_output(output, scenario)
    check_method(method)
    check_strategies(strategy or [])
    from mosaico_place.comparing_report import compared
    from mosaico_place.document import dumps
    from mosaico_place.dynamics.comparing import DEFAULT_STRATEGIES, Study
    from mosaico_place.dynamics.comparing import compare as compare_strategies
    from mosaico_place.dynamics.comparison_document import compare_document
    from mosaico_place.dynamics.replay import Mode
    from mosaico_place.progress import told
    from mosaico_place.report import text
    from mosaico_place.scenario import load_scenario

    played = load_scenario(scenario, seed)
    study = Study(
        strategies=strategy or DEFAULT_STRATEGIES,
        modes=(Mode.SAME, Mode.OWN) if mode is Starts.BOTH else (Mode(mode),),
        without=tuple(dict.fromkeys(levers or ())),
        placement=None if placement is None else _placement(placement),
        start_limit_s=time_limit,
        method=method,
        resolve_limit_s=resolve_limit,
        resolve_every=resolve_every,
        budget_s=event_budget,
        idle_s=idle or 0.0,
        max_moves=max_moves,
        seed=played.seed,
        threads=threads,
    )
    with _recorded(output, played, study) as (known, listener), interruptible() as stop, told() as progress:
        comparison = compare_strategies(
            played, study, stop=stop, known=known, listener=replace(listener, progress=progress)
        )
    _put(dumps(compare_document(comparison)) if as_json else text(compared(comparison)))
    raise typer.Exit(Code.DONE if comparison.rows else Code.INTERRUPTED)


@app.command()
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
    _give(dump(instance), output)


@app.command(name="import")
def import_(form: Format, file: ForeignFile, output: Output = None) -> None:
    """Turn a file in another format into an instance."""
    from mosaico_place.dumping import dump
    from mosaico_place.pvnfpc import load_pvnfpc

    check_output(output, file)
    readers = {ForeignFormat.PVNFPC: load_pvnfpc}
    _give(dump(readers[form](file)), output)


@app.command()
def schema(which: WhichSchema = Which.INSTANCE) -> None:
    """Print the JSON Schema of what is read or written."""
    from mosaico_place.document import dumps
    from mosaico_place.schema.result import json_schema

    if which is Which.INSTANCE:
        from mosaico_place.schema import instance_json_schema

        _put(dumps(instance_json_schema()))
    elif which in (Which.WATCH_REQUEST, Which.WATCH_ANSWER, Which.JOURNAL):
        from mosaico_place.schema.watching import line_json_schema

        _put(dumps(line_json_schema(which)))
    elif which is Which.SCENARIO:
        from mosaico_place.schema.scenario import scenario_json_schema

        _put(dumps(scenario_json_schema()))
    else:
        _put(dumps(json_schema(which)))


@app.command()
def watch(
    instance: InstanceFile,
    placement: Given = None,
    time_limit: StartLimit = 10.0,
    journal: JournalFile = None,
    strategy: StrategyName = "restructure",
    event_budget: EventBudget = None,
    max_moves: MovesPerAnswer = None,
    cool_down: CoolDown = 10.0,
    resolve_every: ResolvePeriod = None,
    seed: Seed = 0,
) -> None:
    """Answer events on stdin with plans on stdout, a JSON document on every line."""
    if "-" in (str(instance), str(placement)):
        raise typer.BadParameter("stdin is where events come from; name a file", param_hint="'INSTANCE'")
    check_strategy(strategy)
    if journal is not None:
        check_journal(journal)
    problem = _instance(instance)
    start = None if placement is None else _placement(placement)
    from mosaico_place.watching import Limits, side_car

    limits = Limits(time_limit, event_budget, cool_down, resolve_every, max_moves, seed)
    side_car(problem, start, strategy, journal, limits, lambda error: report_crash(error, PROGRAM))


@app.command()
def new(path: NewFile = Path("-")) -> None:
    """Write a small commented instance to start from."""
    from importlib.resources import files

    template = files("mosaico_place").joinpath("data/new.yaml").read_text(encoding="utf-8")
    if str(path) == "-":
        _put(template)
        return
    if path.exists():
        raise typer.BadParameter(f"{path} exists already and is left alone; name another file", param_hint="'PATH'")
    check_folder(path, "'PATH'")
    _write(path, template)
    complain([f"wrote {path}; next: {PROGRAM} solve {path}"])


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


def _instance(path: Path) -> Instance:
    """Load an instance and say what is odd about it."""
    instance, warnings = _load(path)
    complain(f"{_name(path)}: warning: {warning}" for warning in warnings)
    return instance


def _load(path: Path) -> tuple[Instance, list[str]]:
    """An instance and its warnings."""
    from mosaico_place.load import load_instance, parse_instance
    from mosaico_place.validate import warnings

    instance = parse_instance(*_stdin()) if str(path) == "-" else load_instance(path)
    return instance, [str(warning) for warning in warnings(instance)]


def _placement(path: Path) -> Placement:
    from mosaico_place.load import load_placement, parse_placement

    return parse_placement(*_stdin()) if str(path) == "-" else load_placement(path)


def _stdin() -> tuple[str, str]:
    """All of stdin, and what faults call it."""
    from mosaico_place.source import MAX_BYTES, decoded

    if sys.stdin is None:
        raise InputError([Fault((), "cannot be read: it is closed", _STDIN)])
    try:
        return decoded(sys.stdin.buffer.read(MAX_BYTES + 1), _STDIN), _STDIN
    except OSError as error:
        raise InputError([Fault((), f"cannot be read: {error.strerror or error}", _STDIN)]) from None


def _name(path: Path) -> str:
    return _STDIN if str(path) == "-" else str(path)


def _findings(path: Path) -> tuple[Instance | Scenario | None, Sequence[Fault], Sequence[str]]:
    """The instance or scenario if it has no faults, its faults, the warnings of an instance."""
    from mosaico_place.instance import Instance
    from mosaico_place.scenario import load_file
    from mosaico_place.validate import warnings

    try:
        found = _load(path)[0] if str(path) == "-" else load_file(path)
    except InputError as error:
        return None, error.faults, ()
    return found, (), [str(warning) for warning in warnings(found)] if isinstance(found, Instance) else ()


@contextmanager
def _recorded(output: Path | None, scenario: Scenario, study: Study) -> Iterator[tuple[Known, Listener]]:
    """What a file of earlier answers holds, and a listener that writes there what is new."""
    from mosaico_place.dynamics.comparing import Known, Listener
    from mosaico_place.dynamics.record import answer_line, head_line, read_record, start_line

    if output is None:
        yield Known(), Listener()
        return
    try:
        with output.open("a+", encoding="utf-8") as file:
            file.seek(0)
            known, whole = read_record(file.read(), scenario, study, str(output))
            file.truncate(whole)  # a last line that was cut off; everything in it is ASCII

            def write(line: str) -> None:
                file.write(line)
                file.flush()

            if not whole:
                write(head_line(scenario, study))
            yield (
                known,
                Listener(
                    started=lambda start: write(start_line(start)),
                    answered=lambda answered, row: write(answer_line(answered, row)),
                ),
            )
    except UnicodeDecodeError:
        raise InputError([Fault((), "is not the record of a comparison; name another file", str(output))]) from None
    except OSError as error:
        complain([f"{PROGRAM}: {output} cannot be written: {error.strerror or error}"])
        raise typer.Exit(Code.USAGE) from None


def _answer(result: Result, instance: Instance, output: Path | None, *, as_json: bool) -> None:
    """Give the answer out; it is printed even where the file cannot be written."""
    from mosaico_place.document import to_json
    from mosaico_place.report import solved, text

    document = to_json(result)
    try:
        if output is not None:
            _write(output, document)
    finally:
        _put(document if as_json else text(solved(result, instance)))


def _advise(instance: Instance, options: Options, *, as_json: bool) -> NoReturn:
    """Say which capacities would gain most if there were more of them."""
    from mosaico_place.advising import advise
    from mosaico_place.document import advice_document, dumps
    from mosaico_place.report import advised, text

    advice = advise(instance, options=options)
    _put(dumps(advice_document(advice)) if as_json else text(advised(advice, instance)))
    raise typer.Exit(_code(advice.termination, found=advice.value is not None))


def _give(document: str, output: Path | None) -> None:
    """Give an instance out as text."""
    if output is None:
        _put(document)
    else:
        _write(output, document)
        complain([f"wrote {output}; next: {PROGRAM} solve {output}"])


def _code(termination: Termination, *, found: bool) -> Code:
    """What a solve without a placement ends with; one with a placement is an answer, however it came about."""
    from mosaico_place.result import Termination

    if found:
        return Code.DONE
    if termination is Termination.INFEASIBLE:
        return Code.INFEASIBLE
    return Code.INTERRUPTED if termination is Termination.INTERRUPTED else Code.NOTHING_FOUND


def _write(path: Path, content: str) -> None:
    try:
        write_file(path, content)
    except OSError as error:
        complain([f"{PROGRAM}: {path} cannot be written: {error.strerror or error}"])
        raise typer.Exit(Code.USAGE) from None


def _put(content: str) -> None:
    try:
        put(content)
    except OSError as error:
        complain([f"{PROGRAM}: the answer cannot be written: {error.strerror or error}"])
        raise typer.Exit(Code.USAGE) from None

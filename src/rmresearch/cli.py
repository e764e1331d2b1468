"""The command line: parse, one call, show. Heavy imports stand inside the commands."""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from rmresearch.commands import (
    FILE,
    FOLDER,
    STUDY,
    Commands,
    OneOf,
    plain_errors,
    progress,
    whole_numbers,
)
from rmresearch.errors import ReportError
from rmresearch.io.template.questions import questions
from rmresearch.report.wanted import ALL, AUDIENCES, wanted

__all__ = ["main"]

#: those of world.matching, which a test compares: importing it here would load numpy
POLICIES = ("random", "self-selected", "rules", "greedy", "optimal")


@click.group(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="rmresearch")
def main() -> None:
    """Evaluate reverse-mentoring pilots honestly: from a pilot's files to a report.

    A study is a folder with study.toml and data/. New here? `rmresearch lab FOLDER` opens a tour,
    `rmresearch new FOLDER` starts a study of your own.
    """
    # Before numpy loads: two processes with two threads each run far slower than with one.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def _answers(command: Callable[..., None]) -> Callable[..., None]:
    """A flag for each question that `new` asks."""
    for name, question in reversed(list(questions().items())):
        command = click.option(f"--{name}", metavar="TEXT", help=question.help)(command)
    return command


@main.command(short_help="Start a study: what it asks, and a workbook to fill in.")
@click.argument("folder", type=FOLDER)
@click.option("--pairs", type=click.IntRange(2, 5000), help="Say what so many pairs could show.")
@click.option("--yes", is_flag=True, help="Ask nothing: what no flag says has its default.")
@click.option("--workbook", is_flag=True, help="Only data/data.xlsx, for a changed study.toml.")
@_answers
@plain_errors
def new(folder: Path, pairs: int | None, yes: bool, workbook: bool, **given: Any) -> None:
    """Start a study in FOLDER: study.toml, plan.toml, README.md and data/data.xlsx.

    FOLDER is new or empty; its name is the study's. On a terminal, what no flag says is asked.
    The workbook's sheet "Read me" says how it is filled in; `rmresearch check FOLDER` says what is
    still missing.
    """
    from rmresearch.io.template.asking import asked
    from rmresearch.io.template.folder import new_study, new_workbook, ready

    if workbook:
        if pairs is not None or any(text is not None for text in given.values()):
            raise click.UsageError("--workbook takes everything from study.toml: no other flag")
        click.echo(str(new_workbook(folder)))
        return
    if not yes and sys.stdin.isatty():
        ready(folder, given)  # before anybody answers in vain
        given = asked(given, prompt=click.prompt, say=progress)
    made = new_study(folder, given, pairs=pairs)
    for line in made.outlook:
        click.echo(line)
    click.echo(str(made.path))


@main.command(short_help="Name every problem in a study's files.")
@click.argument("study", type=STUDY)
@click.option("--data", type=FOLDER, help="Where the data files are (default: STUDY/data).")
@click.option("--json", "as_json", is_flag=True, help="The same list for programs.")
@plain_errors
def check(study: Path, data: Path | None, as_json: bool) -> None:
    """Name every problem in a study's files, then say what the study can show.

    Writes nothing. Exit code 0 when the study can be read, 2 when it cannot.
    """
    from rmresearch.report.checked import check as look

    report = look(study, data=data)
    click.echo(report.as_json() if as_json else "\n".join(report.lines()))
    sys.exit(2 if report.problems else 0)


@main.group(cls=Commands, short_help="Write the questions down before the answers are known.")
def plan() -> None:
    """Write down the questions before the answers are known."""


@plan.command("freeze")
@click.argument("study", type=STUDY)
@click.option("--data", type=FOLDER, help="Where the data files are (default: STUDY/data).")
@plain_errors
def plan_freeze(study: Path, data: Path | None) -> None:
    """Freeze plan.toml: hashes of plan and data, and whether follow-up data were there."""
    from rmresearch.io.read import freeze_plan

    click.echo(freeze_plan(study, data=data))


@plan.command("show")
@click.argument("study", type=STUDY)
@plain_errors
def plan_show(study: Path) -> None:
    """Show the plan, whether it is frozen, and what has changed since."""
    from rmresearch.plan import describe

    click.echo(describe(study))


@main.command(short_help="Evaluate a study: for analysts, for leadership, for its owner.")
@click.argument("study", type=STUDY)
@click.option("--audience", type=OneOf([*AUDIENCES, ALL]), default="technical", show_default=True)
@click.option("--formats", help="With commas between. Technical: html, pdf (default: html); "
              "leadership: html, pdf, pptx, xlsx; pulse: html (default: all).")  # fmt: skip
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY", help="Pulse: last day.")
@click.option("--out", type=FOLDER, help="Where to (default: STUDY/reports/evaluation).")
@click.option("--data", type=FOLDER, help="Where the data files are (default: STUDY/data).")
@plain_errors
def report(
    study: Path,
    audience: str,
    formats: str | None,
    until: dt.datetime | None,
    out: Path | None,
    data: Path | None,
) -> None:
    """Evaluate the study and write a folder for each audience, with its manifest.

    technical: internal/, the report (HTML, PDF) and all its numbers (JSON). leadership:
    leadership/, which may be handed on: a brief of two pages (HTML, PDF), a deck (PPTX), a
    workbook (XLSX) and the released numbers that they are made of (JSON). pulse: pulse/, a page
    for the programme's owner in mid-programme, without any estimate of a difference. all: the
    three, in whatever of the formats each can have.
    The folder may be absent, empty, or hold an earlier report of ours; folders of audiences that
    were not asked for stay as they are. A path for each audience is printed.
    """
    from rmresearch.files import check_out
    from rmresearch.privacy.tombstone import refuse_forgotten

    folder = study if study.is_dir() else study.parent
    refuse_forgotten(folder)
    out = out or folder / "reports" / "evaluation"
    named = None if formats is None else [one.strip() for one in formats.split(",") if one.strip()]
    try:
        asked = wanted(audience, named)
        check_out(out)
    except (ReportError, ValueError) as error:
        raise click.UsageError(str(error)) from error
    if until is not None and "pulse" not in asked:
        raise click.UsageError("--until belongs to --audience pulse (or all)")
    from rmresearch.report.build import build, leading

    day = until.date() if until else None
    build(
        study, out, data=data, audience=audience, formats=named, until=day, say=progress
    )  # fmt: skip
    for path in leading(out, asked):
        click.echo(str(path))


@main.command(short_help="List published scales; declare one in a study.")
@click.argument("name", required=False)
@click.option("--into", type=STUDY, help="The study whose study.toml it is added to.")
@click.option("--key", default="", help="The outcome's name (default: the instrument's).")
@click.option("--columns", default="", metavar="A,B,C", help="What your files call its items.")
@click.option("--range", "bounds", metavar="LOW,HIGH", help="Your lowest and highest answer.")
@plain_errors
def instruments(
    name: str | None, into: Path | None, key: str, columns: str, bounds: str | None
) -> None:
    """List published scales, show one, or declare one in a study.

    With --into the scale is added at the end of study.toml, one [[outcomes]] a score; nothing else
    in the file changes. Without it, what would be added is shown. Without NAME all are listed.
    """
    from rmresearch.instruments import instrument, listed, shown

    try:
        if name is None and (into or key or columns or bounds):
            raise ValueError("name an instrument; `rmresearch instruments` lists them")
        if name is None:
            click.echo(listed())
            return
        one, ends = instrument(name), whole_numbers(bounds)
        items = [column.strip() for column in columns.split(",")] if columns else []
        if into is None:
            click.echo(shown(one, key, columns=items, bounds=ends))
            return
        from rmresearch.io.inserting import insert

        done = insert(into, one, key, columns=items, bounds=ends)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    click.echo(f"{done.path}: added {', '.join(done.outcomes)}")
    click.echo(f"items: {', '.join(done.items)}")
    click.echo("Next: read the comments there, then `rmresearch check`.")


@main.command(short_help="Propose pairs from applications.")
@click.argument("study", type=STUDY)
@click.option("--policy", type=OneOf(POLICIES), required=True, help="How people are paired.")
@click.option("--out", type=FILE, required=True, help="The workbook to write (.xlsx).")
@click.option("--data", type=FOLDER, help="Where the data files are (default: STUDY/data).")
@click.option("--seed", type=click.IntRange(min=0), help="Drawn, printed and recorded if absent.")
@plain_errors
def match(study: Path, policy: str, out: Path, data: Path | None, seed: int | None) -> None:
    """Propose pairs from people's applications, by the rules and questions of [matching].

    The workbook shows real ids: it is for the programme team only. It says for every pair its
    score, and for everybody left out why. Exit code 2 when no pair can be made, with the rule
    that could be relaxed.
    """
    from rmresearch.report.proposals import match as propose
    from rmresearch.report.proposals.workbook import check_target

    try:
        check_target(out)
    except ReportError as error:
        raise click.UsageError(str(error)) from error
    click.echo(str(propose(study, out, policy=policy, seed=seed, data=data, say=progress)))


@main.command(short_help="Draw a synthetic study whose truth is known.")
@click.argument("scenario", default="default")
@click.option("--out", type=FOLDER, help="Folder for the study; the truth goes to FOLDER.truth.")
@click.option("--seed", type=click.IntRange(min=0), help="Drawn, printed and recorded if absent.")
@click.option("--pairs", type=click.IntRange(min=2), help="Pairs over all arms.")
@click.option("--parquet", is_flag=True, help="Parquet instead of CSV: for any number of pairs.")
@click.option("--explain", is_flag=True, help="Print what SCENARIO rests on instead.")
@plain_errors
def simulate(
    scenario: str,
    out: Path | None,
    seed: int | None,
    pairs: int | None,
    parquet: bool,
    explain: bool,
) -> None:
    """Draw a synthetic study whose truth is known, from a scenario.

    SCENARIO is a preset (default, no-effect, strong, small-pilot, rct, volunteers, group-format),
    example (the pilot in data/synthetic/pilot), or a scenario file that ends in .toml. From 4,000
    seniors on a cohort is drawn in pieces of 2,000, within which pairs are matched; with --parquet
    only one piece is in memory at a time.
    """
    from rmresearch.world.explain import explain as explained
    from rmresearch.world.folder import named, write

    if explain:
        click.echo(explained(named(scenario, pairs=pairs)))
        return
    if out is None:
        raise click.UsageError("say where to: --out FOLDER")
    made = write(scenario, out, seed=seed, pairs=pairs, parquet=parquet, say=progress)
    click.echo(str(made))


@main.command(short_help="Fit a scenario to a pilot.")
@click.argument("study", type=STUDY)
@click.option("--out", type=FILE, required=True, help="The scenario file to write (.toml).")
@click.option("--data", type=FOLDER, help="Where the data files are (default: STUDY/data).")
@click.option(
    "--given",
    multiple=True,
    metavar="NAME=VALUE",
    help="What is known of the eligible, used instead of an estimate; may be repeated.",
)
@plain_errors
def calibrate(study: Path, out: Path, data: Path | None, given: tuple[str, ...]) -> None:
    """Fit a scenario to a pilot: what its numbers say, each with its interval, and what they do
    not say.

    The file is what `rmresearch simulate` takes. A sweep starts from these people with file =
    "FILE" under [scenario].
    """
    from rmresearch.io.read import read_study
    from rmresearch.whatif.calibrate import calibrate as fit
    from rmresearch.whatif.calibrate import numbers

    if out.suffix != ".toml":
        raise click.UsageError("--out is a file that ends in .toml")
    try:
        known = numbers(given)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    found = fit(read_study(study, data=data), given=known)
    click.echo("\n".join(found.lines()))
    click.echo(str(found.write(out)))


@main.command(short_help="Ask a design question of simulated studies.")
@click.argument("sweep", required=False)
@click.option("--out", type=FOLDER, help="Folder for numbers and page.")
@click.option("--copy", type=FILE, help="Write the example here instead, to be changed (.toml).")
@click.option("--workers", type=click.IntRange(min=1), help="Processes (default: all cores).")
@click.option("--dask", metavar="ADDRESS", help="A Dask scheduler, tcp://... or tls://...")
@plain_errors
def whatif(
    sweep: str | None, out: Path | None, copy: Path | None, workers: int | None, dask: str | None
) -> None:
    """Ask a design question of simulated studies: what would they find, and how wrong?

    SWEEP is an example's name or a TOML file with a question, scenarios and analyses; without it
    the examples are listed. The same command goes on where it was stopped. Exit code 1 when a
    scenario could not be finished: the page is then of the others.
    """
    from rmresearch.whatif.examples import copied, listed, sweep_path

    if workers is not None and dask is not None:
        raise click.UsageError("give --workers (of this machine) or --dask (a cluster), not both")
    if sweep is None:
        if out or copy:
            raise click.UsageError("name a sweep file or an example; without any all are listed")
        click.echo(listed())
        return
    if copy is not None and out is None:
        click.echo(str(copied(sweep, copy)))
        return
    if out is None or copy is not None:
        raise click.UsageError("say where to: --out FOLDER to run it, or --copy FILE.toml")
    from rmresearch.report.whatif.build import build

    page, lost = build(sweep_path(sweep), out, workers=workers, dask=dask, say=progress)
    click.echo(str(page))
    if lost:
        click.echo(lost, err=True)
        sys.exit(1)


@main.command(short_help="Hold a report folder against its manifest.")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@plain_errors
def verify(folder: Path) -> None:
    """Hold a report folder against its manifest; what differs is named, exit code 1."""
    from rmresearch.files import verify as compare

    changed = compare(folder)
    for line in changed:
        click.echo(line)
    if changed:
        sys.exit(1)
    click.echo(f"{folder}: every file is as it was made")


@main.command(short_help="Delete a study's answers, key and internal reports.")
@click.argument("study", type=STUDY)
@click.option("--data", type=FOLDER, help="Where the data files are (default: STUDY/data).")
@click.option("--yes", is_flag=True, help="Do it; without, only say what would be deleted.")
@plain_errors
def forget(study: Path, data: Path | None, yes: bool) -> None:
    """Delete a study's answers, its key and ledger, and its internal reports, for good.

    Without --yes it is said what would be deleted and what cannot be found from here; nothing
    changes. study.toml, the plan and what was released stay. Afterwards no report can be made of
    the study. Cut short, the same command finishes.
    """
    from rmresearch.report.forgetting import forget as do
    from rmresearch.report.forgetting import look

    found = do(study, data) if yes else look(study, data)
    for line in found.lines(done=yes):
        click.echo(line)
    if not yes:
        click.echo("Nothing was deleted. The same command with --yes deletes it, for good.")


@main.command(short_help="Open JupyterLab on the tour.")
@click.argument("folder", type=FOLDER, required=False)
@click.option("--no-browser", is_flag=True, help="Only say the address.")
@click.option("--allow-root", is_flag=True, help="Also as root, as in a container.")
@plain_errors
def lab(folder: Path | None, no_browser: bool, allow_root: bool) -> None:
    """Open JupyterLab on the tour, the other notebooks beside it.

    With FOLDER the notebooks are copied there first; those that are there stay as they are. It
    listens on this machine only and asks for no news or updates. Ctrl-C ends it.
    """
    from rmresearch.report.lab import open_lab

    sys.exit(open_lab(folder, browser=not no_browser, root=allow_root, say=progress))

"""Make a report: notebooks run, pages, numbers and slides for each audience, each folder sealed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rmresearch.errors import ReportError, StudyError
from rmresearch.files import check_out, lock, sha256
from rmresearch.io.brand import study_brand, template_path
from rmresearch.privacy.tombstone import refuse_forgotten
from rmresearch.report.lighter import lighter_imports
from rmresearch.report.remembered import check_ledger, noted
from rmresearch.report.sealing import Part, seal, workshop
from rmresearch.report.wanted import ALL, AUDIENCES, FOLDERS, PAGES, check_formats, wanted
from rmresearch.study import Brand

__all__ = ["PAGES", "build", "check_formats", "leading"]

NOTEBOOKS = {
    "technical": "01_pilot_evaluation",
    #: made of released.json alone
    "leadership": "02_leadership_brief",
    "pulse": "03_programme_pulse",
}
#: the cell of the technical report's notebook after which all numbers are there
ASKED = "reading the study and asking its questions"
NUMBERS, RELEASED = "results.json", "released.json"
Say = Callable[[str], None]
Wanted = Mapping[str, tuple[str, ...]]


def build(
    study: Path,
    out: Path,
    *,
    data: Path | None = None,
    audience: str = "technical",
    formats: Collection[str] | None = None,
    until: dt.date | None = None,
    say: Say | None = None,
) -> Path:
    """Evaluate a study into a folder in ``out`` for each audience; returns the first file's path.

    ``study`` is the study's folder or TOML file, ``data`` its data folder if it is elsewhere.
    ``audience`` is technical, leadership, pulse or all; ``formats`` are what `wanted` says;
    ``until`` is the last day that the data cover, for a pulse. What cannot be raises
    ``ValueError``. ``out`` may be absent, empty, or hold an earlier report of ours; otherwise, and
    where another run holds it, or a template cannot be used, ``ReportError``. Data that cannot be
    read raise ``StudyError`` and leave what was in ``out`` as it was: everything is made aside
    first, and each folder appears whole. Folders of other audiences stay as they are.
    """
    lighter_imports()
    from rmresearch.report.kernel import running_kernel

    started = dt.datetime.now(dt.UTC)
    asked = wanted(audience, formats)
    _readable(study)
    brand, worn = study_brand(study)
    lent = _template(study, brand) if "pptx" in asked.get("leadership", ()) else {}
    for folder in (out, *(out / FOLDERS[name] for name in asked)):
        check_out(folder)
    if asked.keys() & {"leadership", "pulse"}:
        for name in ("leadership", "pulse"):
            check_ledger(study, out / FOLDERS[name])
    declared = _declared(study)
    with lock(out), workshop(out) as shop, running_kernel() as kernel:
        run = _Run(study.resolve(), data, shop.resolve(), brand, kernel, say)
        parts: list[Part] = []
        read = declared | worn | lent
        if asked.keys() & {"technical", "leadership"}:
            parts, sources = _evaluated(run, asked, declared, worn, lent)
            read |= sources
        if "pulse" in asked:
            parts += _pulse(run, until, worn, alone=audience != ALL)
        _unchanged(read)
        seal(out, parts, started, say)
    return leading(out, asked)[0]


def leading(out: Path, asked: Wanted) -> tuple[Path, ...]:
    """The first file of each audience that was made."""
    files = [out / FOLDERS[name] / AUDIENCES[name][formats[0]] for name, formats in asked.items()]
    return tuple(path for path in files if path.is_file())


@dataclass(frozen=True, slots=True)
class _Run:
    """What all notebooks of a run share; ``shop`` is where they leave their files."""

    study: Path
    data: Path | None
    shop: Path
    brand: Brand
    kernel: Any
    say: Say | None

    def notebook(self, audience: str, parameters: Mapping[str, str], last: str = "") -> Any:
        """Run an audience's notebook with these parameters, all of it or up to the cell of that
        title; returns it executed."""
        from rmresearch.report.notebook import find_notebook, run_notebook

        path = find_notebook(NOTEBOOKS[audience])
        return run_notebook(path, parameters, progress=self.say, kernel=self.kernel, last=last)

    def place(self, audience: str) -> Path:
        """Where an audience's notebook leaves its files."""
        place = self.shop / FOLDERS[audience]
        place.mkdir(exist_ok=True)
        return place

    @property
    def where(self) -> dict[str, str]:
        """The parameters that say what is read."""
        data = str(self.data.resolve()) if self.data else ""
        return {"study_dir": str(self.study), "data_dir": data}


def _evaluated(
    run: _Run,
    asked: Wanted,
    declared: Mapping[Path, str],
    worn: Mapping[Path, str],
    lent: Mapping[Path, str],
) -> tuple[list[Part], dict[Path, str]]:
    """The study evaluated once: the technical report, and what leadership gets of its release.

    Also the data files read, with the hashes taken then.
    """
    from rmresearch.report.html import to_html

    place, paper = run.place("technical"), asked.get("technical", ())
    settings = {"out_dir": str(place), "formats": ",".join(paper), "audiences": ",".join(asked)}
    # for leadership alone no section of the technical report is drawn
    executed = run.notebook("technical", run.where | settings, last="" if paper else ASKED)
    results = json.loads((place / NUMBERS).read_bytes())
    title, plan = results["title"], results["plan"] or None
    sources = _sources(run.study, run.data, results["sources"])
    parts = []
    if paper:
        files = {NUMBERS: (place / NUMBERS).read_bytes()}
        if "html" in paper:
            page = to_html(executed, title=title, brand=run.brand, unfolded=True)
            files[PAGES["html"]] = page.encode()
        if "pdf" in paper:
            files[PAGES["pdf"]] = (place / PAGES["pdf"]).read_bytes()
        inputs = {**sources, **declared, **worn}
        parts.append(_part("technical", files, inputs, paper, plan))
    if "leadership" in asked:
        handed = _leadership(run, place, asked["leadership"], title, next(iter(lent), None))
        seen = {"html", "pdf", "pptx"} & set(asked["leadership"])
        shown = {**(worn if seen else {}), **lent}
        note = noted(run.study, handed[RELEASED])
        parts.append(_part("leadership", handed, shown, asked["leadership"], plan, **note))
    return parts, sources


def _leadership(
    run: _Run, place: Path, formats: tuple[str, ...], title: str, template: Path | None
) -> dict[str, bytes]:
    """The release in ``place``, and what is made of it and nothing else."""
    from rmresearch.report.html import to_html
    from rmresearch.report.theme import brief_css

    names = AUDIENCES["leadership"]
    files = {RELEASED: (place / RELEASED).read_bytes()}
    if {"html", "pdf", "pptx"} & set(formats):
        made = run.place("leadership")
        asked = {"folder": str(place), "out_dir": str(made), "formats": ",".join(formats)}
        template_at = str(template.resolve()) if template else ""
        executed = run.notebook("leadership", {**asked, "template": template_at})
        if "html" in formats:
            page = to_html(
                executed, title=title, internal=False, brand=run.brand, sheet=brief_css()
            )
            files[names["html"]] = page.encode()
        papers = [names[one] for one in ("pdf", "pptx") if one in formats]
        files |= {name: (made / name).read_bytes() for name in papers}
    if "xlsx" in formats:
        files[names["xlsx"]] = (place / names["xlsx"]).read_bytes()
    return files


def _pulse(
    run: _Run, until: dt.date | None, worn: Mapping[Path, str], *, alone: bool
) -> list[Part]:
    """The pulse; where it is one audience of several, a study without one goes without."""
    from rmresearch.report.html import to_html

    place, day = run.place("pulse"), until.isoformat() if until else ""
    try:
        executed = run.notebook("pulse", {**run.where, "until": day, "out_dir": str(place)})
    except StudyError as error:
        if alone or until:
            raise
        if run.say is not None:
            run.say(f"no pulse is made: {error}")
        return []
    released = (place / RELEASED).read_bytes()
    title = json.loads(released)["release"]["title"]
    page = to_html(executed, title=title, internal=False, brand=run.brand)
    files = {RELEASED: released, AUDIENCES["pulse"]["html"]: page.encode()}
    note = noted(run.study, released)
    return [_part("pulse", files, worn, ("html",), None, until=day, **note)]


def _part(
    audience: str,
    files: Mapping[str, bytes],
    inputs: Mapping[Path, str],
    formats: tuple[str, ...],
    plan: str | None,
    **settings: Any,
) -> Part:
    asked = {"audience": audience, "formats": list(formats), **settings}
    return Part(FOLDERS[audience], files, inputs, asked, plan)


def _template(study: Path, brand: Brand) -> dict[Path, str]:
    """The company's own slides with their hash, looked at before anything runs."""
    path = template_path(study, brand)
    if path is None:
        return {}
    from rmresearch.report.leadership.deck import check_template

    check_template(path.read_bytes(), brand)
    return {path: sha256(path)}


def _readable(study: Path) -> None:
    """Before anything is made: is there a study at all?"""
    if not (study.is_file() or (study / "study.toml").is_file()):
        raise StudyError(f"{study} has no study.toml. Give the folder that holds it.")
    refuse_forgotten(study if study.is_dir() else study.parent)


def _declared(study: Path) -> dict[Path, str]:
    """The files that people wrote, with their hashes."""
    toml = study / "study.toml" if study.is_dir() else study
    plans = [toml.with_name(name) for name in ("plan.toml", "plan.lock.json")]
    if not study.is_dir():
        plans = [toml.with_suffix(f".{name}") for name in ("plan.toml", "plan.lock.json")]
    return {path: sha256(path) for path in (toml, *plans) if path.is_file()}


def _sources(study: Path, data: Path | None, read: list[list[str]]) -> dict[Path, str]:
    """The data files, with the hashes taken when they were read."""
    root = data or (study if study.is_dir() else study.parent) / "data"
    return {root / name: digest for name, digest in read}


def _unchanged(read: Mapping[Path, str]) -> None:
    """All folders tell of the same files: refuse those that changed while they were made."""
    changed = [
        str(path) for path, digest in read.items() if not path.is_file() or sha256(path) != digest
    ]
    if changed:
        raise ReportError(
            f"{', '.join(changed)} changed while the report was being made. The earlier report is "
            f"as it was; run the same command again."
        )

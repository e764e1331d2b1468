"""A study evaluated: the page's sections, and the numbers as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from rmresearch.errors import did_you_mean, kindly
from rmresearch.files import write_bytes, write_json, write_text
from rmresearch.io.read import read_study
from rmresearch.privacy import Ledger, Release, release
from rmresearch.report.asking import ask
from rmresearch.report.blocks import Badge, Head, Page, Section
from rmresearch.report.findings import Findings
from rmresearch.report.html import INTERNAL
from rmresearch.report.leadership.judged import judged, standing
from rmresearch.report.sections.answer import answer
from rmresearch.report.sections.basis import methods, plan, provenance
from rmresearch.report.sections.doubts import reaction, reliability, sensitivity
from rmresearch.report.sections.dyads import dyads
from rmresearch.report.sections.flow import baseline, flow
from rmresearch.report.sections.lost import lost
from rmresearch.report.sections.match import match
from rmresearch.report.sections.missing import missing
from rmresearch.report.sections.outcomes import outcomes
from rmresearch.report.sections.people import attrition, meetings
from rmresearch.report.sections.results import results
from rmresearch.report.sections.subgroups import equivalence, subgroups
from rmresearch.report.sections.variation import variation
from rmresearch.report.words.phrases import fill
from rmresearch.report.workbook import workbook
from rmresearch.result import PUBLIC, Result

__all__ = ["Evaluation", "evaluate"]

SECTIONS: Mapping[str, Callable[[Findings], Section]] = {
    "answer": answer,
    "flow": flow,
    "baseline": baseline,
    "reaction": reaction,
    "outcomes": outcomes,
    "results": results,
    "variation": variation,
    "match": match,
    "dyads": dyads,
    "meetings": meetings,
    "attrition": attrition,
    "missing": missing,
    "lost": lost,
    "subgroups": subgroups,
    "equivalence": equivalence,
    "sensitivity": sensitivity,
    "reliability": reliability,
    "plan": plan,
    "methods": methods,
}
WRITTEN = ("results.json", "released.json", "workbook.xlsx")
PAPER = "report.pdf"
_text = partial(fill, "page_head")


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What a study's data answer, and how the report shows it.

    ``ledger`` is the study's, in which what is written for leadership is put down first.
    """

    findings: Findings
    released: Release
    ledger: Ledger | None = None
    #: sections once made: each is the same whenever asked for, and drawing takes time
    _made: dict[str, Section] = field(default_factory=dict, init=False, repr=False)

    @property
    def head(self) -> Head:
        """The title of the report, with the marks that qualify all of it."""
        return self.page(()).head

    def section(self, name: str) -> Section:
        """One section of the report, ready to show; an unknown name lists the known ones."""
        if name not in (*SECTIONS, "provenance"):
            known = ", ".join((*SECTIONS, "provenance"))
            hint = did_you_mean(name, (*SECTIONS, "provenance"))
            raise KeyError(f"no section {name!r}; there are: {known}.{hint}")
        if name not in self._made:
            make, found = SECTIONS.get(name), self.findings
            self._made[name] = make(found) if make else provenance(found, self.released)
        return self._made[name]

    def page(self, names: tuple[str, ...] = (*SECTIONS, "provenance")) -> Page:
        """The whole report as typed blocks."""
        design = self.findings.study.design
        status = self.findings.status
        return Page(
            title=design.title,
            subtitle=_text(design.kind),
            kicker=design.organisation,
            badges=(
                Badge(_text("frozen"), "good", _text("plan"))
                if status.frozen
                else Badge(_text("not_frozen"), "caution", _text("plan")),
                *((Badge(_text("synthetic"), "caution"),) if design.synthetic else ()),
            ),
            sections=tuple(self.section(name) for name in names),
            brand=design.brand,
        )

    def results(self) -> dict[str, Any]:
        """Every number of the report in full precision, without the people behind it."""
        return {
            "internal": "For the evaluation team only: small groups are not hidden here.",
            "study": self.findings.study.design.name,
            "title": self.findings.study.design.title,
            "plan": self.findings.status.hash,
            "sources": [list(source) for source in self.findings.study.sources],
            "results": {name: _plain(one) for name, one in self.findings.results.items()},
            "refused": dict(self.findings.refused),
            "verdicts": [
                {
                    "key": list(verdict.estimate.key),
                    "function": verdict.result.call.function,
                    "certainty": verdict.evidence.certainty.word,
                    "decided_by": list(verdict.evidence.decided_by),
                    "precision": str(verdict.evidence.precision),
                    "maryland": verdict.evidence.maryland,
                    "wwc": verdict.evidence.wwc,
                    "planned": verdict.evidence.facts.planned,
                    "rejected": verdict.evidence.facts.rejected,
                }
                for verdict in self.findings.verdicts
            ],
        }

    def write(self, folder: str | Path | None, *, released: bool = True) -> tuple[Path, ...]:
        """Write results.json (internal), and for leadership released.json and workbook.xlsx.

        Whom the numbers for leadership are about goes into the study's ledger before they are
        written; with ``released`` false nothing is for leadership. Without a folder nothing is
        written.
        """
        if not folder:
            return ()
        if not released:
            write_json(Path(folder) / WRITTEN[0], self.results())
            return (Path(folder) / WRITTEN[0],)
        book = workbook(self.released, self.findings.study.design)
        if self.ledger is not None:
            self.ledger.record(self.released.published)
        inside, out, sheets = (Path(folder) / name for name in WRITTEN)
        write_json(inside, self.results())
        write_text(out, self.released.to_json())
        write_bytes(sheets, book)
        return inside, out, sheets

    def write_pdf(self, folder: str | Path | None) -> Path | None:
        """Write report.pdf (internal): what `page` holds, on paper. Without a folder nothing."""
        from rmresearch.report.pdf import to_pdf

        if not folder:
            return None
        path = Path(folder) / PAPER
        write_bytes(path, to_pdf(self.page(), marks=(INTERNAL,)))
        return path

    def __repr__(self) -> str:
        names = ", ".join((*SECTIONS, "provenance"))
        return f"Evaluation of {self.findings.study.design.name!r}. section(name) shows: {names}"

    def _repr_html_(self) -> str:
        return f"{self.head._repr_html_()}{self.section('answer')._repr_html_()}"


@kindly
def evaluate(study: str | Path, *, data: str | Path | None = None) -> Evaluation:
    """What do this study's data answer, and how far can the answer be trusted?

    ``study`` is the study's folder or its TOML file, ``data`` the folder with its data files
    (default: ``data`` beside study.toml). Asks every question that the data allow, judges what
    the design can support, and lets out what the release rules allow.

    >>> import rmresearch as rm
    >>> found = rm.evaluate("data/synthetic/pilot")
    >>> found.section("answer").title, found.head.title == found.findings.study.design.title
    ('The answer', True)
    >>> [section.id for section in found.page(("answer",)).sections]
    ['answer']
    >>> found.results()["study"], found.write(None), found.write_pdf(None)
    ('example-pilot', (), None)
    """
    read = read_study(study, data=data)
    findings, folder = ask(read, Path(study)), Path(study)
    ledger = Ledger.read(folder if folder.is_dir() else folder.parent, read.design)
    released = release(
        findings.results,
        read,
        ledger=ledger,
        judged=judged(findings),
        standing=standing(findings),
    )
    return Evaluation(findings, released, ledger)


def _plain(result: Result) -> dict[str, Any]:
    return {
        "call": {"function": result.call.function, "arguments": dict(result.call.arguments)},
        "estimates": [{name: getattr(one, name) for name in PUBLIC} for one in result.estimates],
        "tables": [
            {
                "name": table.name,
                "title": table.title,
                "note": table.note,
                "columns": list(table.columns),
                "rows": [[cell.value for cell in row] for row in table.rows],
            }
            for table in result.tables
        ],
        "checks": [asdict(check) for check in result.checks],
        "dropped": [asdict(dropped) for dropped in result.dropped],
    }

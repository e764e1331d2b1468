"""The methods paragraph that may be copied into a paper: what was really done, and its sources."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterable, Iterator

from rmresearch.display.numbers import confidence, count
from rmresearch.report.findings import Findings, Verdict
from rmresearch.report.sections.common import independence
from rmresearch.report.sections.references import REFERENCES
from rmresearch.report.words.phrases import catalogue, fill, lower_first, named

__all__ = ["cited", "versions"]

SOFTWARE = ("rmresearch", "numpy", "scipy", "pandas", "statsmodels", "pingouin")
#: what the methods' own words name, and the works behind it
SOURCES = (
    ("CR2", ("bell-mccaffrey", "pustejovsky-tipton")),
    ("all waves in one model", ("liang-zeger",)),
    ("allowance for estimated weights", ("kenward-roger",)),
    ("Newcombe", ("newcombe",)),
)


def versions() -> tuple[tuple[str, str], ...]:
    """The software that made the numbers, with its versions."""
    return tuple((name, importlib.metadata.version(name)) for name in SOFTWARE)


def cited(found: Findings) -> str:
    """A paragraph of plain text and, below it, the works that it names."""
    design, words = found.study.design, catalogue()["cited"]
    units = catalogue()["brief_units"][design.unit]
    waves = _names(named(wave.label) for wave in design.waves)
    sentences = [
        words[design.kind].format(title=named(design.title), units=units),
        independence(found.study),
        fill("cited", "waves", waves=waves),
        *_analysed(found),
        *_inference(found),
        _plan(found),
        fill("cited", "software", software=_software()),
    ]
    listed = [REFERENCES[name] for name in _works(found)]
    sources = [words["sources"], *listed] if listed else []
    return "\n".join((" ".join(sentences), *([""] if sources else []), *sources))


def _software() -> str:
    own, *others = (f"{name} {version}" for name, version in versions())
    python = f"Python {platform.python_version()}"
    return fill("cited", "made_by", own=own, others=_names((python, *others)))


def _names(names: Iterable[str]) -> str:
    return fill("phrase", "comma").join(names)


def _analysed(found: Findings) -> Iterator[str]:
    """What was estimated, how, and from how many, a sentence for each estimator."""
    methods: dict[str, list[Verdict]] = {}
    for verdict in found.verdicts:
        methods.setdefault(verdict.estimate.method, []).append(verdict)
    for method, verdicts in methods.items():
        outcomes: dict[tuple[str, str, str], list[Verdict]] = {}
        for one in verdicts:
            key = (one.estimate.outcome, one.estimate.role, one.estimate.contrast)
            outcomes.setdefault(key, []).append(one)
        said = fill("phrase", "semicolon").join(_outcome(found, told) for told in outcomes.values())
        yield fill("cited", "analysed", method=method or catalogue()["cited"]["plain"], said=said)
    if not found.verdicts:
        yield catalogue()["cited"]["nothing"]


def _outcome(found: Findings, verdicts: list[Verdict]) -> str:
    """An outcome, whose it is, what is compared, and what each wave's estimate rests on."""
    labels, first = found.labels, verdicts[0].estimate
    numbers = _names(
        fill(
            "cited",
            "n",
            wave=named(labels.get(one.estimate.wave, one.estimate.wave)),
            people=count(one.estimate.n_people),
            clusters=count(one.estimate.n_clusters),
        )
        for one in verdicts
    )
    return fill(
        "cited",
        "of",
        outcome=lower_first(labels.get(first.outcome, first.outcome)),
        who=labels.get(first.role, first.role).lower(),
        contrast=named(labels.get(first.contrast, first.contrast)),
        numbers=numbers,
    )


def _inference(found: Findings) -> Iterator[str]:
    """At which level intervals are, and where there are none."""
    shown = [one for one in found.verdicts if one.shown.low is not None]
    planned = sorted({one.shown.level for one in shown if one.evidence.facts.planned})
    others = sorted({one.shown.level for one in shown if not one.evidence.facts.planned})
    for key, levels in (("planned", planned), ("level", others)):
        if levels:
            yield fill("cited", key, levels=_names(map(confidence, levels)))
    if len(shown) < len(found.verdicts):
        yield catalogue()["cited"]["too_few"]


def _plan(found: Findings) -> str:
    status, words = found.status, catalogue()["cited"]
    if not status.frozen:
        return words["exploratory"]
    return fill(
        "cited",
        "frozen",
        version=status.version,
        date=status.date,
        hash=status.hash,
        when=words["after" if status.follow_up_present else "before"],
        changed=count(len(status.deviations)) if status.deviations else words["unchanged"],
    )


def _works(found: Findings) -> tuple[str, ...]:
    """Short names of the works behind what was done, in the order of the list."""
    done = " ".join(one.estimate.method for one in found.verdicts)
    wanted = {name for word, names in SOURCES if word in done for name in names}
    if any(one.evidence.facts.planned for one in found.verdicts):
        wanted.add("holm")
    if found.verdicts:
        wanted.add("wwc")
    return tuple(name for name in REFERENCES if name in wanted)

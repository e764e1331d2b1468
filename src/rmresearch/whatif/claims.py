"""Analyses as they are read: each answer taken for what the programme did, right or wrong.

A sweep joins an estimate to the truth of its key. What a single group's change, people's last
scores or those who finished are commonly taken for is the difference that the programme made; here
they are given under that key, so that a sweep says how wrong that reading is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from rmresearch.analysis.arms import tempting
from rmresearch.analysis.base import AS_ASSIGNED
from rmresearch.analysis.base.batch import Estimates, Flags, Kernel, Panel
from rmresearch.analysis.change import batch as change_batch
from rmresearch.analysis.change import pre_post
from rmresearch.errors import FitError
from rmresearch.result import KEY, Result
from rmresearch.study import Design, Outcome, Study

__all__ = ["CLAIMS", "KERNELS", "before_after", "change_score", "completers", "post_only"]

#: what is said where a study has no such estimate
NOTHING = "the study has no such estimate: nobody was left out, or hardly anybody in."

Wanted = Callable[[Design, Mapping[str, str]], bool]


def before_after(study: Study, outcome: str | Outcome, *, level: float = 0.95) -> Result:
    """What would a reader of the programme group's change before and after believe?

    `pre_post` of the programme's first arm, taken for what the programme did. ``level`` is the
    interval's, in 0..1. Raises what `pre_post` raises.

    >>> import rmresearch as rm
    >>> study = rm.read_study("data/synthetic/pilot")
    >>> before_after(study, "digital_skill").estimates[0].contrast
    'programme - comparison'
    """
    return _read(pre_post(study, outcome, level=level), study.design, _own_change)


def post_only(study: Study, outcome: str | Outcome, *, level: float = 0.95) -> Result:
    """What would a reader of the last scores alone believe, whatever people were like before?

    The term "post-only" of `compare_arms`; raises what that raises.
    """
    return _beside(study, outcome, level, _term("post-only"))


def change_score(study: Study, outcome: str | Outcome, *, level: float = 0.95) -> Result:
    """What would a reader of the arms' changes believe (difference in differences)?

    The term "change-score" of `compare_arms`, which it calls "difference-in-differences" where arms
    are not randomised; raises what that raises.
    """
    return _beside(study, outcome, level, _changed)


def completers(study: Study, outcome: str | Outcome, *, level: float = 0.95) -> Result:
    """What would a reader believe who leaves out those whose pairs stopped early?

    The term "completers" of `compare_arms`; raises what that raises, and ``FitError`` where no pair
    stopped, or hardly any did not.
    """
    return _beside(study, outcome, level, _term("completers"))


def _beside(study: Study, outcome: str | Outcome, level: float, wanted: Wanted) -> Result:
    return _read(tempting.beside_record(study, outcome, level=level), study.design, wanted)


def _read(found: Result, design: Design, wanted: Wanted) -> Result:
    """The estimates that are wanted, under the key of what the programme did."""
    kept = []
    for one in found.estimates:
        about = dict(zip(KEY, one.key, strict=True))
        if wanted(design, about):
            taken: dict[str, Any] = _taken(design, about)
            kept.append(replace(one, **taken))
    if not kept:
        raise FitError(NOTHING)
    return replace(found, estimates=tuple(kept))


def _on_arrays(kernel: Kernel, wanted: Wanted) -> Kernel:
    def answer(panel: Panel, options: Mapping[str, Any]) -> tuple[list[Estimates], Flags]:
        found, clear = kernel.answer(panel, options)
        kept = []
        for one in found:
            about = dict(zip(KEY, one.key, strict=True))
            if wanted(panel.design, about):
                kept.append(replace(one, key=tuple((about | _taken(panel.design, about)).values())))
        return kept, clear

    return Kernel(answer, kernel.refuse, kernel.options, nothing=NOTHING)


def _taken(design: Design, about: Mapping[str, str]) -> dict[str, str]:
    """What of a key is other where it is read as what the programme did."""
    contrast = about["contrast"]
    if about["group"]:  # a change: its contrast is of two waves
        other = design.comparison.name if design.comparison else "no programme"
        contrast = f"{about['group']} - {other}"
    return {"contrast": contrast, "group": "", "estimand": AS_ASSIGNED, "term": ""}


def _own_change(design: Design, about: Mapping[str, str]) -> bool:
    arms = design.programme_arms
    return about["term"] == "" and bool(arms) and about["group"] == arms[0].name


def _changed(design: Design, about: Mapping[str, str]) -> bool:
    return about["term"] in {"change-score", "difference-in-differences"}


def _term(name: str) -> Wanted:
    return lambda _, about: about["term"] == name


#: by the name under which a sweep file asks for them
CLAIMS: Mapping[str, Callable[..., Result]] = {
    one.__name__: one for one in (before_after, post_only, change_score, completers)
}
KERNELS: Mapping[Callable[..., Result], Kernel] = {
    before_after: _on_arrays(change_batch.KERNEL, _own_change),
    post_only: _on_arrays(tempting.KERNEL, _term("post-only")),
    change_score: _on_arrays(tempting.KERNEL, _changed),
    completers: _on_arrays(tempting.KERNEL, _term("completers")),
}

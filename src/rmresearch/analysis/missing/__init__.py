"""What is missing: who answered when, in which patterns, whether the silent differ, and what the
difference would be with their answers imputed.

Everyone assigned counts, whatever they did: response has two denominators, all assigned and those
who answered before the start. A scale counts as answered where the person has a score. Patterns are
monotone where nobody who stopped came back.

- Estimates: the share of all assigned who answered, by arm (``group``) and wave; the baseline
  difference (``contrast`` "answered - missing", plain and "standardised") by wave, in points and as
  Hedges' g with CR2 intervals, without a p-value, because no test shows that answers are missing at
  random; and the difference of each contrast, term "imputed".
- Tables: "response", "patterns", "items" (scales of several items), "baseline" and "imputed".

Imputed is, each arm by itself, a score by the person's scores at other waves and by the partners'
at the same wave; clusters are kept in the draw of the coefficients and of the deviations
(``numerics.imputation``). Each completed data set gets a covariance analysis with CR2 by cluster (a
single group its mean change); Rubin's rules put them together, with Barnard and Rubin's df. That is
right where answers are missing at random given those predictors, which no data can show.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import People, cell, label
from rmresearch.analysis.base.ask import within
from rmresearch.analysis.base.describe import apart, thin
from rmresearch.analysis.base.gathered import Declared, Gathered
from rmresearch.analysis.base.items import item_scores
from rmresearch.analysis.missing import difference
from rmresearch.errors import kindly, number_of
from rmresearch.result import Cell, Check, Estimate, Result
from rmresearch.study import Outcome, Study, Wave

__all__ = ["missingness"]

#: table -> (title, columns, note)
TABLES: dict[str, Declared] = {
    "response": (
        "Answers by wave",
        (
            "outcome", "role", "arm", "wave", "assigned", "answered", "share of assigned",
            "answered before", "answered both", "share of those before",
        ),
        "",
    ),
    "patterns": (
        "Waves answered, person by person",
        ("outcome", "role", "answered", "people", "share of assigned", "monotone"),
        "",
    ),
    "items": (
        "Items left out by those who answered the scale",
        ("outcome", "role", "wave", "item", "answered any", "left out", "share left out"),
        "",
    ),
    "baseline": (
        "Baseline score of those who answered later against those who did not",
        (
            "outcome", "role", "wave", "answered", "missing", "mean answered", "mean missing",
            "difference", "difference low", "difference high", "standardised",
            "standardised low", "standardised high",
        ),
        "",
    ),
    "imputed": ("The difference with the missing answers imputed", difference.COLUMNS, ""),
}  # fmt: skip
#: patterns shown by themselves; with more, the rare ones share a row
MOST_PATTERNS = 12
LATER = "answered - missing"
Flags = NDArray[np.bool_]


@kindly
def missingness(
    study: Study,
    outcome: str | Outcome | None = None,
    *,
    effects: bool = True,
    level: float = 0.95,
    imputations: int | None = None,
    seed: int = 20_240_901,
) -> Result:
    """How much is missing, in which patterns, do the silent differ at baseline, does it matter?

    One outcome, or all of them; the module lists estimates and tables. ``effects`` (leave it out
    before the programme's end) adds the differences of repeated outcomes with everybody's missing
    answers imputed ``imputations`` times (50; 20 of more than 2,000 people), with intervals at
    ``level`` (0..1); ``seed`` is that of the imputations.

    A survey without person ids has only the table "items"; a check says why.

    >>> import rmresearch as rm
    >>> study = rm.read_study("data/synthetic/pilot")
    >>> [made.name for made in rm.missingness(study, "digital_skill").tables]
    ['response', 'patterns', 'items', 'baseline', 'imputed']
    """
    within(level=level)
    name = None if outcome is None else base.outcome_of(study, outcome).name
    asked = study.design.outcomes if outcome is None else (base.outcome_of(study, outcome),)
    found = Gathered()
    for codebook in asked:
        for group in base.by_role(study, codebook):
            _describe(study, codebook, group, found)
            if effects and study.design.linked and _compares(codebook):
                made = difference.differences(
                    study, codebook, group, imputations=imputations, level=level, seed=seed
                )
                found.estimates += made.estimates
                found.add("imputed", *made.rows)
                found.checks += made.checks
    if not study.design.linked:
        needed = (
            "The survey carries no person ids, so nobody knows who was asked and who answered "
            "twice: response, patterns and differences need ids that stay the same over the waves."
        )
        found.checks.append(Check("person ids", False, needed))
    return Result(
        call=base.call(
            "missingness",
            study,
            name,
            effects=effects,
            level=level,
            imputations=imputations,
            seed=seed,
        ),
        estimates=tuple(found.estimates),
        tables=found.tables(TABLES),
        checks=tuple(found.checks),
    )


def _compares(outcome: Outcome) -> bool:
    """Whether differences of it are estimated: no reactions, no questions asked once."""
    return outcome.timing == "repeated" and outcome.kirkpatrick > 1


def _describe(study: Study, outcome: Outcome, group: People, found: Gathered) -> None:
    group, unasked = _asked(study, outcome, group)
    found.checks += unasked
    waves = _answered_at(study, outcome, group)
    found.checks += _silent(study, outcome, group, waves)
    if len(outcome.items) > 1:
        found.add("items", *_items(study, outcome, group, waves))
    if not study.design.linked or not waves:
        return
    wide = study.wide(outcome)
    scores = np.array([group.values(wide[wave.name]) for wave in waves]).T.reshape(len(group), -1)
    made, rows = _response(study, outcome, group, waves, np.isfinite(scores))
    found.estimates += made
    found.add("response", *rows)
    found.add("patterns", *_patterns(outcome, group, waves, np.isfinite(scores)))
    found.checks.append(_monotone(outcome, group, np.isfinite(scores)))
    first = _first(study, waves)
    if first is None and not _declared(outcome, study.design.baseline):
        return
    if first is None or not np.isfinite(scores[:, first]).any():
        needed = (
            f"{outcome.name}, {group.role}: nobody answered it before the start, so those who "
            f"answered later cannot be compared with those who did not. Ask it at baseline."
        )
        found.checks.append(Check("baseline answers", False, needed))
        return
    before = np.isfinite(scores[:, first])
    for k, wave in enumerate(waves):
        if k != first:
            who, values = group.take(before), scores[before, first]
            _against(outcome, who, wave, values, np.isfinite(scores[before, k]), found)


def _asked(study: Study, outcome: Outcome, group: People) -> tuple[People, tuple[Check, ...]]:
    """The people of arms in which anybody answered: the others were not asked (a reaction)."""
    gave = np.any([_gave(study, outcome, wave, group) for wave in study.design.waves], axis=0)
    arms = [arm for arm, inside in _arms(study, group) if inside.any()]
    silent = [arm for arm in arms if not gave[group.arm == arm].any()] if len(arms) > 1 else []
    if not silent or not gave.any():
        return group, ()
    kept = group.take(~np.isin(group.arm, silent))
    if outcome.kirkpatrick == 1:  # nobody without the programme is asked how they liked it
        return kept, ()
    detail = (
        f"{outcome.name}, {group.role}: no answers at all "
        f"{' or '.join(f'in {arm}' if arm else 'without an arm' for arm in silent)}. Taken as not "
        f"asked there; if it was asked, everyone is missing."
    )
    return kept, (Check("answers in every arm", False, detail),)


def _answered_at(study: Study, outcome: Outcome, group: People) -> list[Wave]:
    """The waves at which anybody of the role answered anything: the others were not (yet) asked."""
    return [w for w in study.design.waves if _gave(study, outcome, w, group).any()]


def _gave(study: Study, outcome: Outcome, wave: Wave, group: People) -> Flags:
    """Who answered anything at a wave."""
    return np.asarray(np.isfinite(item_scores(study, outcome, wave, group)).any(axis=1))


def _declared(outcome: Outcome, wave: Wave) -> bool:
    """Whether the codebook says that the outcome is asked at a wave."""
    return not outcome.waves or wave.name in outcome.waves


def _silent(
    study: Study, outcome: Outcome, group: People, waves: Sequence[Wave]
) -> tuple[Check, ...]:
    """A failed check that names the declared waves without any answer."""
    declared = outcome.waves or tuple(wave.name for wave in study.design.waves)
    silent = [name for name in declared if name not in {wave.name for wave in waves}]
    if not silent:
        return ()
    detail = (
        f"{outcome.name}, {group.role}: no answers at {base.seen(silent)}. Taken as not (yet) "
        f"asked; if it was asked, everyone is missing there."
    )
    return (Check("answers at every wave", False, detail),)


def _response(
    study: Study, outcome: Outcome, group: People, waves: Sequence[Wave], answered: Flags
) -> tuple[list[Estimate], list[tuple[Cell, ...]]]:
    """A row an arm and wave: answered, of all assigned and of those who answered before."""
    estimates, rows = [], []
    first = _first(study, waves)
    for arm, inside in _arms(study, group):
        if not inside.any():
            continue
        own, gave = group.take(inside), answered[inside]
        everybody = own.behind()
        before = None if first is None else gave[:, first]
        for k, wave in enumerate(waves):
            now = int(gave[:, k].sum())
            share = now / len(own)
            form = base.template(
                everybody, role=group.role, outcome=outcome.name, wave=wave.name, group=arm
            )
            words = "share of everyone assigned"
            estimates.append(replace(form, value=share, estimand=base.AS_ASSIGNED, method=words))
            rows.append(
                (
                    *(label(text) for text in (outcome.name, group.role, arm, wave.name)),
                    cell(len(own), "administrative", everybody),
                    cell(now, "administrative", own.take(gave[:, k]).behind()),
                    cell(share, "proportion", everybody, numerator=now),
                    *_of_before(own, before, gave[:, k]),
                )
            )
    return estimates, rows


def _first(study: Study, waves: Sequence[Wave]) -> int | None:
    """The baseline's place among the waves at which the outcome is asked."""
    names = [wave.name for wave in waves]
    name = study.design.baseline.name
    return names.index(name) if name in names else None


def _of_before(own: People, before: Flags | None, now: Flags) -> tuple[Cell, Cell, Cell]:
    """Answered before, answered both, and the share; empty where nobody was asked before."""
    if before is None or not before.any():
        return (cell(None, "administrative"), cell(None, "administrative"), _no_share())
    then, both = own.take(before).behind(), own.take(before & now).behind()
    share = both.n_people / then.n_people
    return (
        cell(then.n_people, "administrative", then),
        cell(both.n_people, "administrative", both),
        cell(share, "proportion", then, numerator=both.n_people),
    )


def _no_share() -> Cell:
    return cell(None, "proportion")


def _arms(study: Study, group: People) -> Iterator[tuple[str, Flags]]:
    """Each declared arm; then, if any, those without one; everybody where no arm is declared."""
    if not study.design.arms:
        yield "", np.ones(len(group), bool)
        return
    for arm in study.design.arms:
        yield arm.name, group.arm == arm.name
    rest = ~np.isin(group.arm, [arm.name for arm in study.design.arms])
    if rest.any():
        yield "", rest


def _patterns(
    outcome: Outcome, group: People, waves: Sequence[Wave], answered: Flags
) -> list[tuple[Cell, ...]]:
    """A row a pattern, the commonest first (ties: who answered earlier); rare ones in one row."""
    patterns, which, counts = np.unique(answered, axis=0, return_inverse=True, return_counts=True)
    order = np.lexsort((*~patterns.T[::-1], -counts))
    shown = order if len(order) <= MOST_PATTERNS else order[: MOST_PATTERNS - 1]
    everybody = group.behind()
    rows: list[tuple[Cell, ...]] = []
    for k in (*shown, None)[: len(shown) + (len(shown) < len(order))]:
        names, falls = "other patterns", ""
        if k is not None:
            names = base.seen(wave for wave, flag in zip(waves, patterns[k], strict=True) if flag)
            falls = "yes" if _falls(patterns[k : k + 1]).all() else "no"
        who = group.take(~np.isin(which, shown) if k is None else which == k).behind()
        rows.append(
            (
                *(label(text) for text in (outcome.name, group.role)),
                label(names),
                cell(who.n_people, "administrative", who),
                cell(who.n_people / len(group), "proportion", everybody, numerator=who.n_people),
                label(falls),
            )
        )
    return rows


def _falls(answered: Flags) -> Flags:
    """Who never answers again after a wave without an answer, one flag a person."""
    return np.asarray((np.diff(answered.astype(int), axis=1) <= 0).all(axis=1))


def _monotone(outcome: Outcome, group: People, answered: Flags) -> Check:
    back = int((~_falls(answered)).sum())
    detail = (
        f"{outcome.name}, {group.role}: {back} of {number_of(len(group), 'person', 'people')} "
        f"answered again after a wave without an answer."
    )
    return Check("monotone missingness", back == 0, detail)


def _items(
    study: Study, outcome: Outcome, group: People, waves: Sequence[Wave]
) -> list[tuple[Cell, ...]]:
    """A row a wave and item: left out, of those who answered any item of the scale."""
    rows: list[tuple[Cell, ...]] = []
    for wave in waves:
        given: Flags = np.isfinite(item_scores(study, outcome, wave, group))
        some: Flags = np.asarray(given.any(axis=1))
        behind = group.take(some).behind()
        for k, item in enumerate(outcome.items):
            out = some & ~given[:, k]
            share = out.sum() / some.sum() if some.any() else None
            rows.append(
                (
                    *(label(text) for text in (outcome.name, group.role, wave.name, item)),
                    cell(int(some.sum()), "administrative", behind),
                    cell(int(out.sum()), "administrative", group.take(out).behind()),
                    cell(share, "proportion", behind, numerator=int(out.sum())),
                )
            )
    return rows


def _against(
    outcome: Outcome, who: People, wave: Wave, values: NDArray[np.float64], now: Flags, to: Gathered
) -> None:
    """Baseline of those who answered at a wave against those who did not."""
    form = base.template(
        who.behind(),
        role=who.role,
        outcome=outcome.name,
        wave=wave.name,
        contrast=LATER,
        estimand="everyone assigned who answered before",
    )
    points, standard = apart(form, values, now, who.cluster)
    to.estimates += [one for one in (points, standard) if one.value is not None]
    inside, outside = who.take(now).behind(), who.take(~now).behind()
    kind = base.mean_kind(outcome)
    to.add(
        "baseline",
        (
            *(label(text) for text in (outcome.name, who.role, wave.name)),
            cell(inside.n_people, "administrative", inside),
            cell(outside.n_people, "administrative", outside),
            cell(values[now].mean() if now.any() else None, kind, inside),
            cell(values[~now].mean() if not now.all() else None, kind, outside),
            cell(points.value, "contrast", who.behind()),
            cell(points.low, "interval", who.behind()),
            cell(points.high, "interval", who.behind()),
            *(
                cell(x, "statistic", who.behind())
                for x in (standard.value, standard.low, standard.high)
            ),
        ),
    )
    if now.any() and not now.all():
        to.checks += thin(f"{outcome.name}, {who.role}, {wave.name}", who.cluster, now)

"""`match_quality` on arrays: the estimates of record of every cohort at once, and Holm's p."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rmresearch.analysis.base import Codes
from rmresearch.analysis.base.batch import (
    RECORD,
    Array,
    Estimates,
    Flags,
    Kernel,
    Panel,
    Partners,
    asked_twice,
    estimates,
    footings,
    held,
    valued,
)
from rmresearch.analysis.match.features import GAP
from rmresearch.analysis.match.models import CHANCE, OBSERVED
from rmresearch.declared import ROSTER_FEATURES
from rmresearch.errors import StudyError
from rmresearch.numerics.many_intercepts import ManyIntercepts, many_intercepts
from rmresearch.numerics.robust import fit
from rmresearch.study import ROLES, Design, Outcome

__all__ = ["KERNEL"]

#: options of `match_quality` that the arrays answer too; draws and seed change nothing of record
OPTIONS = frozenset({"level", "draws", "seed"})
#: least singular values of the columns, of length 1: below the first of them `match_quality` finds
#: the fit determined by the others; what lies between them is left to it
DETERMINED, APART = 1e-10, 1e-4


def refuse(design: Design, outcome: Outcome) -> None:
    """Raise ``StudyError`` where no cohort of this design could be asked."""
    if not design.linked:
        raise StudyError("answers carry no person ids, so nobody's gain or partner is known.")
    if not asked_twice(design, outcome):
        raise StudyError(
            f"{outcome.name} is not asked in the same way before and after, so it has no gain."
        )


def answer(panel: Panel, options: Mapping[str, Any]) -> tuple[list[Estimates], Flags]:
    """Each feature's coefficient at the last wave; and which replicates it has answered.

    Left to `match_quality`: features that compare words, several programme arms, and a replicate
    in which scores or traits do not vary, a fit of numbers is all 0 or 1, a model's variances are
    not surely found, or no feature can be estimated.
    """
    sample = _sample(panel)
    features = [] if sample is None else list(_features(sample))
    if sample is None or not features:
        return [], np.zeros(len(panel.scores), bool)
    level = float(options.get("level", 0.95))
    models = [_columns(sample, feature) for feature in features]
    some = np.any([one.told for one in models], axis=0)
    clear = sample.clear & some & ~np.any([one.unclear for one in models], axis=0)
    told = [_record(sample, one, clear & one.told, level) for one in models]
    for one, (_, known) in zip(models, told, strict=True):
        clear &= known | ~one.told
    if not clear.any():
        return [], clear
    found = [one for answers, _ in told for one in answers]
    found += _adjusted([answers[0] for answers, _ in told])
    return [one.take(clear) for one in found], clear


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    """The people of programme pairs: ``y``, ``before`` and who has both (replicate, person).

    ``among`` (replicate, person): who is in a programme pair at all; ``alone`` (replicate,):
    nobody shares a cluster; ``clear`` (replicate,): gains and scores before vary.
    """

    panel: Panel
    partners: Partners
    among: Flags
    there: Flags
    y: Array
    before: Array
    alone: Flags
    clear: Flags


@dataclass(frozen=True, slots=True, eq=False)
class _Feature:
    """How well people and partners fit (replicate, person, k), and the traits behind it.

    ``own`` (replicate, person) and ``theirs`` (replicate, person, k), None where the fit is a sum
    of both; ``yes_no`` where it is there (1) or not (0).
    """

    name: str
    fit: Array
    own: Array
    theirs: Array | None
    yes_no: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Columns:
    """The model of one feature: ``x`` (replicate, person, p), the feature last, 0 where absent.

    ``told`` (replicate,): it can be estimated there; ``unclear``: arrays do not know.
    """

    feature: _Feature
    x: Array
    told: Flags
    unclear: Flags


def _sample(panel: Panel) -> _Sample | None:
    """The people with their scores before and at the last wave; None where there are no pairs."""
    waves, arms = panel.design.waves, panel.design.arms
    programme = [place for place, arm in enumerate(arms) if arm.programme] if arms else [0]
    if panel.outcome.role not in ROLES or panel.partners is None or len(programme) != 1:
        return None
    partners = panel.partners()
    start = next(place for place, wave in enumerate(waves) if wave.baseline)
    among = np.asarray(partners.paired & (panel.arm == programme[0]))
    y, before = panel.scores[..., -1], panel.scores[..., start]
    there = among & np.isfinite(y) & np.isfinite(before)
    alone = np.asarray(held(there, panel.cluster).max(axis=-1) == 1)
    clear = np.asarray(_varies(y, there) & _varies(before, there))
    return _Sample(panel, partners, among, there, y, before, alone, clear)


def _features(sample: _Sample) -> Iterator[_Feature]:
    """Each feature as `features.features_of` has it; none where some compare words."""
    matching, partners = sample.panel.design.matching, sample.partners
    senior = sample.panel.outcome.role == "senior"
    for asked in matching.questions:
        mine, other = (asked.senior, asked.junior) if senior else (asked.junior, asked.senior)
        if asked.compare != "close" or mine not in partners.own or other not in partners.theirs:
            return
    for asked in matching.questions:
        mine, other = (asked.senior, asked.junior) if senior else (asked.junior, asked.senior)
        own, theirs = partners.own[mine], partners.theirs[other]
        fits = 1.0 - np.abs(own[..., None] - theirs) / (asked.high - asked.low)
        yield _Feature(asked.name, fits, own, theirs)
    taken = {column for one in matching.questions for column in (one.senior, one.junior)}
    for name, column in ROSTER_FEATURES.items():
        if column in taken or column not in partners.own:
            continue
        own, theirs = partners.own[column], partners.theirs[column]
        if name == GAP:
            gap = own[..., None] - theirs
            yield _Feature(name, gap if senior else -gap, own, None)
            continue
        same = (own[..., None] == theirs).astype(float)
        flat = theirs.reshape(len(theirs), -1)
        of_pairs = np.repeat(sample.among, theirs.shape[-1], axis=-1)
        others = _share(flat, own, sample.among).reshape(theirs.shape)
        yield _Feature(name, same, _share(own, flat, of_pairs), others, yes_no=True)


def _share(own: Array, others: Array, among: Flags) -> Array:
    """The share of the others ``among`` (replicate, other) whose group each one's own is."""
    found, total = np.zeros(own.shape), np.maximum(among.sum(axis=-1, keepdims=True), 1)
    for group in np.unique(others):
        of_group = (among & (others == group)).sum(axis=-1, keepdims=True) / total
        found += (own == group) * of_group
    return found


def _columns(sample: _Sample, feature: _Feature) -> _Columns:
    there, count = sample.there, np.maximum(sample.there.sum(axis=-1), 2)
    fits = feature.fit.mean(axis=-1)
    traits = [feature.own] + ([] if feature.theirs is None else [feature.theirs.mean(axis=-1)])
    scale: Array = np.ones(len(there))
    alike = np.sum([~_varies(one, there) for one in traits], axis=0)
    unclear = alike > 0
    if not feature.yes_no:
        scale = np.sqrt((_centred(fits, there) ** 2).sum(axis=-1) / (count - 1))
        yes_no = np.isin(feature.fit, (0.0, 1.0)).all(axis=-1) | ~sample.among
        unclear |= yes_no.all(axis=-1)
    varied = _varies(fits, there)
    fits = fits / np.where(varied, scale, 1.0)[:, None]
    centred = [_centred(one, there) for one in (sample.before, *traits, fits)]
    x = np.stack([there.astype(float), *centred], axis=-1)
    length = np.linalg.norm(x[..., 1:], axis=-2, keepdims=True)
    unit = x[..., 1:] / np.where(length > 0, length, 1.0)
    least = np.linalg.svd(unit, compute_uv=False)[..., -1]
    enough = there.sum(axis=-1) >= x.shape[-1] + 2
    told = varied & enough & (least >= APART)
    # traits that all have alike are no columns there, and fewer columns ask for fewer people
    unclear &= varied & (there.sum(axis=-1) >= x.shape[-1] - alike + 2)
    unclear |= varied & enough & (least > DETERMINED) & (least < APART)
    return _Columns(feature, x, told, unclear)


def _record(
    sample: _Sample, one: _Columns, where: Flags, level: float
) -> tuple[list[Estimates], Flags]:
    """The feature's coefficient in the replicates flagged, nothing in the others; where known.

    Least squares where nobody shares a cluster; else (1 | set) by REML, with Kenward and Roger's
    errors beside it.
    """
    panel, feature = sample.panel, one.feature
    chance = panel.design.matching.procedure == "random"
    key = (panel.outcome.role, panel.outcome.name, panel.design.waves[-1].name,
           "1 - 0" if feature.yes_no else "+1 SD", feature.name,
           CHANCE if chance else OBSERVED)  # fmt: skip
    last, known = np.eye(one.x.shape[-1])[-1], where.copy()
    found = {term: valued((*key, term), level, np.full(len(where), np.nan))
             for term in ("", "kenward-roger")}  # fmt: skip
    for alone in (True, False):
        some = where & (sample.alone == alone)
        if not some.any():
            continue
        there = sample.there[some]
        y, ground = _centred(sample.y[some], there), footings(there, panel.cluster, [there])
        if alone:
            contrasts = {"": fit(y, one.x[some], panel.cluster).contrast(last)}
        else:
            model = _intercepts(y, one.x[some], there, panel.cluster)
            contrasts = {"": model.fit.contrast(last), "kenward-roger": model.kenward_roger(last)}
            known[some] = model.fit.known
        for term, contrast in contrasts.items():
            mine = estimates((*key, term), level, contrast, ground).placed(some)
            found[term] = found[term].otherwise(mine)
    return [*found.values()] if not sample.alone.all() else [found[""]], known


def _intercepts(y: Array, x: Array, there: Flags, cluster: Codes) -> ManyIntercepts:
    """The model with an intercept a cluster, from rows (replicate, person) gathered by cluster."""
    sizes = np.unique(cluster, return_counts=True)[1]
    order, starts = np.argsort(cluster, kind="stable"), np.cumsum(sizes) - sizes
    place = np.arange(sizes.max())
    inside = place < sizes[:, None]
    rows = order[np.where(inside, starts[:, None] + place, 0)]
    return many_intercepts(y[:, rows], x[:, rows], there[:, rows] & inside)


def _adjusted(records: list[Estimates]) -> list[Estimates]:
    """Holm's p over the features of each replicate, of those that have a p at all."""
    p = np.array([np.where(one.gives_p, one.p, np.nan) for one in records])
    order = np.argsort(p, axis=0)  # NaN last
    tested = np.isfinite(p)
    steps = np.take_along_axis(p, order, axis=0)
    steps = steps * (tested.sum(axis=0) - np.arange(len(p))[:, None])
    adjusted = np.empty_like(p)
    np.put_along_axis(adjusted, order, np.minimum(np.maximum.accumulate(steps), 1.0), axis=0)
    made = []
    for one, own, known in zip(records, adjusted, tested, strict=True):
        bare = valued((*one.key[:-1], "holm"), one.level, np.where(known, own, np.nan))
        made.append(replace(bare, p=bare.value, gives_p=known))
    return made


def _varies(values: Array, there: Flags) -> Flags:
    """Whether the values of those there differ by more than rounding (`base.fit.varies`)."""
    high = np.where(there, values, -np.inf).max(axis=-1)
    low = np.where(there, values, np.inf).min(axis=-1)
    with np.errstate(invalid="ignore"):
        return np.asarray(high - low > 1e-12 * np.maximum(np.abs(high), np.abs(low)))


def _centred(values: Array, there: Flags) -> Array:
    count = np.maximum(there.sum(axis=-1, keepdims=True), 1)
    known = np.where(there, values, 0.0)
    return np.where(there, known - known.sum(axis=-1, keepdims=True) / count, 0.0)


#: `match_quality` on arrays
KERNEL = Kernel(answer, refuse, OPTIONS, tried=True, terms=RECORD | {"holm", "kenward-roger"})

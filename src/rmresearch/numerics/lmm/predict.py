"""Predicted random effects of a mixed model, and how far they may be from the true ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rmresearch.numerics.basis import Array, decompose, solve
from rmresearch.numerics.lmm.blocks import Family
from rmresearch.numerics.lmm.result import MixedFit
from rmresearch.numerics.lmm.terms import Codes

__all__ = ["RandomEffects", "random_effects"]


@dataclass(frozen=True, slots=True, eq=False)
class RandomEffects:
    """What the model predicts; leading axes are replicates, levels in sorted order.

    Per term: ``values`` (..., levels, q), the effects of the given z; ``conditional`` (..., levels,
    q, q), their covariance were the coefficients known (lme4's condVar); ``variances`` (...,
    levels, q, q), the covariance of predicted less true effects with the coefficients estimated:
    the one to report. ``fitted`` and ``residuals`` (..., n) hold the effects in. NaN where the
    search did not converge.
    """

    values: tuple[Array, ...]
    conditional: tuple[Array, ...]
    variances: tuple[Array, ...]
    fitted: Array
    residuals: Array

    @property
    def sd(self) -> tuple[Array, ...]:
        """Per term (..., levels, q): standard deviations of the prediction errors."""
        return tuple(np.sqrt(np.diagonal(v, axis1=-2, axis2=-1)) for v in self.variances)


def random_effects(fit: MixedFit, y: ArrayLike, x: ArrayLike) -> RandomEffects:
    """The best linear unbiased predictions of ``fit``, made of ``y`` (..., n) and ``x`` (n, p).

    With K = D (I + Z'Z D)^-1 they are K Z'(y - x b); their errors vary by s2 (K + K Z'x M x'Z K),
    M = (x'V^-1x)^-1 at s2 = 1 (Henderson 1975), and no covariance needs an inverse. Arrays that
    are not the fit's raise ``ValueError``.

    Three people of two answers each, with variances of 6 between and 2 within: their means stand
    6 / (6 + 2 / 2) of the way from the mean of all.

    >>> import numpy as np
    >>> from rmresearch.numerics.lmm import Term, fit
    >>> group, x = np.repeat([0, 1, 2], 2), np.ones((6, 1))
    >>> y = [1.0, 3, 5, 7, 6, 8]
    >>> found = random_effects(fit(y, x, [Term(group, x)]), y, x)
    >>> np.round(found.values[0].ravel(), 4).tolist()
    [-2.5714, 0.8571, 1.7143]
    """
    outcome, design = np.asarray(y, dtype=float), np.asarray(x, dtype=float)
    lead, n = np.shape(fit.sigma2), fit._terms[0].codes.size
    if outcome.shape != (*lead, n) or design.shape != (n, fit.coef.shape[-1]):
        raise ValueError(
            f"y {outcome.shape} and x {design.shape} are not those of the fit: "
            f"{(*lead, n)} and {(n, fit.coef.shape[-1])}"
        )
    if np.any(np.asarray(fit.n) != n):
        raise ValueError("the fit left rows out: fit the rows that are there, then predict")
    p = design.shape[1]
    usable = np.asarray(fit.converged | np.asarray(fit.exact)).reshape(-1)
    theta = np.where(usable[:, None], fit.theta.reshape(usable.size, -1), 0.0)
    inner = np.where(usable[:, None, None], fit._inner.reshape(-1, p, p), 0.0)
    left = solve(outcome, decompose(design, fit.names))[1].reshape(-1, n)
    blocks = [_blocks(one, theta, fit) for one in fit._design.groups]
    # x'V^-1 of residuals that are orthogonal to x
    sums = fit._design.by_unit(left.T)
    score = sum(
        (_predicted(one, sums)[..., None, :] @ one.x)[..., 0, :].sum(axis=1) for one in blocks
    )
    left = left + fit._design.basis.spread((inner @ score[..., None])[..., 0].T).T
    sums = fit._design.by_unit(left.T)
    sigma2 = np.where(usable, np.asarray(fit.sigma2).reshape(-1), np.nan)
    found = [
        _of_term(number, blocks, sums, inner, sigma2, fit) for number in range(len(fit._terms))
    ]
    for term, (values, _, _) in zip(fit._terms, found, strict=True):
        left = left - ((term.z @ np.linalg.inv(term.turn)) * values[:, term.codes]).sum(axis=-1)
    residuals = left.reshape(outcome.shape)
    parts = [[one.reshape(*lead, *one.shape[1:]) for one in part] for part in found]
    return RandomEffects(
        values=tuple(part[0] for part in parts),
        conditional=tuple(part[1] for part in parts),
        variances=tuple(part[2] for part in parts),
        fitted=outcome - residuals,
        residuals=residuals,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    """The B blocks of a family: ``k`` (R, B, m, m), ``x`` (B, m, p) = Z'x in the fit's basis.

    ``spots``: per term the levels (B, l) that the block has, and where their effects stand (l, q).
    """

    family: Family
    k: Array
    x: Array
    spots: tuple[tuple[Codes, Codes], ...]


def _blocks(family: Family, theta: Array, fit: MixedFit) -> _Blocks:
    m = family.g.shape[-1]
    factor = (theta @ family.basis.reshape(-1, m * m)).reshape(-1, 1, m, m)
    turned = factor.swapaxes(-1, -2)
    k = factor @ np.linalg.solve(np.eye(m) + turned @ family.g @ factor, turned)
    kind = np.empty(family.order.size, dtype=np.intp)
    kind[family.order] = np.repeat(np.arange(family.counts.size), family.counts)
    x = np.asarray(family.gather @ fit._design.by_unit(fit._q)).reshape(kind.size, m, -1)
    # Some row of every level: the first that its effect is summed over.
    row = family.gather.indices[family.gather.indptr[:-1]].reshape(kind.size, m)
    if fit._design.units is not None:
        row = fit._design.units.some_rows()[row]
    levels = np.diff(np.append(family.starts, family.rows.size))
    spots, parameter, offset = [], 0, 0
    for term in fit._terms:
        count, q = int(levels[parameter]), term.z.shape[1]
        place = offset + np.arange(count * q).reshape(count, q)
        spots.append((term.codes[row[:, place[:, 0]]], place))
        parameter += term.rows.size
        offset += count * q
    return _Blocks(family, k[:, kind], x, tuple(spots))


def _predicted(one: _Blocks, sums: Array) -> Array:
    """K Z'left (R, B, m), ``sums`` being what the families gather of left."""
    gathered = np.asarray(one.family.gather @ sums).T.reshape(*one.k.shape[:-1])
    found: Array = (one.k @ gathered[..., None])[..., 0]
    return found


def _of_term(
    number: int, blocks: Sequence[_Blocks], sums: Array, inner: Array, sigma2: Array, fit: MixedFit
) -> tuple[Array, Array, Array]:
    """A term's effects (R, levels, q), and their two covariances (R, levels, q, q)."""
    term = fit._terms[number]
    r, q = len(sigma2), term.z.shape[1]
    values = np.empty((r, term.levels, q))
    conditional = np.empty((r, term.levels, q, q))
    variances = np.empty_like(conditional)
    for one in blocks:
        levels, place = one.spots[number]
        within = one.k[:, :, place[:, :, None], place[:, None, :]]
        shift = (one.k @ one.x)[:, :, place]
        values[:, levels] = _predicted(one, sums)[:, :, place]
        conditional[:, levels] = within
        variances[:, levels] = within + shift @ inner[:, None, None] @ shift.swapaxes(-1, -2)
    size = sigma2[:, None, None, None]
    values = np.where(np.isnan(size[..., 0]), np.nan, values @ term.turn.T)
    conditional, variances = (
        size * (term.turn @ part @ term.turn.T) for part in (conditional, variances)
    )
    return values, conditional, variances

"""How near our optimum, standard errors and df come to dense arithmetic from many starts.

The judge shares nothing with the package: whole n x n matrices, exact derivatives in the entries
of the relative covariance (Harville 1977, sections 5.2 and 5.3), quasi-Newton from many starts,
then Newton to the last digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize

from rmresearch.numerics import lmm

__all__ = ["Errors", "Judge", "measure"]

STARTS = 12


@dataclass(frozen=True, slots=True)
class Errors:
    """The largest over all designs: criterion above the best known, SE and df relative."""

    criterion: float
    se: float
    df: float
    boundary: int


class Judge:
    """REML of y = x b + Z u + e by dense matrices; ``z`` one (n, q) per term, ``codes`` its groups.

    theta: the lower triangles of the terms' relative Cholesky factors; d: the covariances' entries.
    """

    def __init__(self, y: Any, x: Any, codes: list[Any], z: list[Any]) -> None:
        self.y, self.x, self.df = y, x, len(y) - x.shape[1]
        kernels, squares = [], []
        size = sum(one.shape[1] * (one.shape[1] + 1) // 2 for one in z)
        offset = 0
        for group, one in zip(codes, z, strict=True):
            same = (group[:, None] == group).astype(float)
            q = one.shape[1]
            place = {
                pair: offset + k for k, pair in enumerate(zip(*np.tril_indices(q), strict=True))
            }
            for r, c in place:
                kernel = same * np.outer(one[:, r], one[:, c])
                kernels.append(kernel if r == c else kernel + kernel.T)
                second = np.zeros((size, size))
                for k in range(c + 1):  # d_rc = sum over k of l_rk l_ck
                    a, b = place[r, k], place[c, k]
                    second[a, b] += 1.0
                    second[b, a] += 1.0
                squares.append(second)
            offset += len(place)
        self.kernels, self.squares = np.array(kernels), np.array(squares)

    def parts(self, theta: Any) -> tuple[Any, Any, Any, Any, float]:
        """Entries d's slopes (K, J), V0^-1 x, x'V0^-1x, P, and log|V0| + log|x'V0^-1x|."""
        slopes = self.squares @ theta
        v = np.eye(len(self.y)) + np.tensordot(slopes @ theta / 2.0, self.kernels, axes=1)
        inverse = np.linalg.inv(v)
        vx = inverse @ self.x
        inner = self.x.T @ vx
        p = inverse - vx @ np.linalg.solve(inner, vx.T)
        logs = float(np.linalg.slogdet(v)[1] + np.linalg.slogdet(inner)[1])
        return slopes, vx, inner, (p + p.T) / 2.0, logs

    def profiled(self, theta: Any) -> tuple[float, Any]:
        """lme4's REML criterion and its gradient."""
        slopes, _, _, p, logs = self.parts(theta)
        py = p @ self.y
        rss = float(self.y @ py)
        value = logs + self.df * (1.0 + np.log(2.0 * np.pi * rss / self.df))
        by_entry = [(p * k).sum() - self.df * (py @ k @ py) / rss for k in self.kernels]
        return value, np.array(by_entry) @ slopes

    def curvature(self, theta: Any, s2: float) -> tuple[Any, Any]:
        """Gradient and Hessian of the unprofiled criterion in (theta, s2)."""
        slopes, _, _, p, _ = self.parts(theta)
        py = p @ self.y
        pk, ky = p @ self.kernels, self.kernels @ py
        first = np.trace(pk, axis1=1, axis2=2) - ky @ py / s2
        second = -np.einsum("kij,lji->kl", pk, pk) + 2.0 * (ky @ p @ ky.T) / s2
        j, rss = len(theta), float(self.y @ py)
        gradient = np.append(first @ slopes, self.df / s2 - rss / s2**2)
        hessian = np.empty((j + 1, j + 1))
        hessian[:j, :j] = slopes.T @ second @ slopes + np.tensordot(first, self.squares, axes=1)
        hessian[:j, j] = hessian[j, :j] = (ky @ py / s2**2) @ slopes
        hessian[j, j] = -self.df / s2**2 + 2.0 * rss / s2**3
        return gradient, hessian

    def variance(self, theta: Any) -> float:
        """The residual variance that goes with ``theta``."""
        p = self.parts(theta)[3]
        return float(self.y @ p @ self.y) / self.df

    def best(self, rng: np.random.Generator) -> Any:
        """The best theta of many searches, polished."""
        size = self.squares.shape[-1]
        starts = [np.full(size, 0.5), *rng.normal(size=(STARTS - 1, size))]
        tried = [
            optimize.minimize(self.profiled, start, jac=True, options={"gtol": 1e-9}).x
            for start in starts
        ]
        theta = min(tried, key=lambda one: self.profiled(one)[0])
        for _ in range(8):
            gradient, hessian = self.curvature(theta, self.variance(theta))
            step = np.linalg.lstsq(hessian, gradient, rcond=1e-12)[0][:-1]
            if self.profiled(theta - step)[0] > self.profiled(theta)[0] + 1e-10:
                break
            theta = theta - step
        return theta

    def contrast(self, theta: Any, weights: Any) -> tuple[float, float]:
        """Standard error and Satterthwaite's df of a weighted sum of coefficients."""
        s2 = self.variance(theta)
        slopes, vx, inner, _, _ = self.parts(theta)
        lever = np.linalg.solve(inner, weights)
        unit, u = float(weights @ lever), vx @ lever
        gradient = np.append((s2 * ((self.kernels @ u) @ u)) @ slopes, unit)
        turned = np.linalg.lstsq(self.curvature(theta, s2)[1], gradient, rcond=1e-12)[0]
        return float(np.sqrt(s2 * unit)), (s2 * unit) ** 2 / float(gradient @ turned)


def measure(count: int, seed: int = 20) -> Errors:
    """``count`` random small designs: intercept, nested, slope in turn; rows missing at random."""
    worst, boundary = np.zeros(3), 0
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        y, x, codes, z = _design(rng, number % 3)
        terms = [lmm.Term(c, one) for c, one in zip(codes, z, strict=True)]
        found = lmm.fit(y, x, terms)
        boundary += bool(found.singular)
        judge = Judge(y, x, codes, z)
        theta = judge.best(rng)
        excess = max(float(found.criterion) - judge.profiled(theta)[0], 0.0)
        errors = [excess, 0.0, 0.0]
        for weights in np.eye(x.shape[1]):
            ours, (se, df) = found.contrast(weights), judge.contrast(theta, weights)
            errors[1] = max(errors[1], abs(float(ours.se) / se - 1.0))
            errors[2] = max(errors[2], abs(float(ours.df) / df - 1.0))
        worst = np.maximum(worst, errors)
    return Errors(*worst.tolist(), boundary)


def _design(rng: np.random.Generator, kind: int) -> tuple[Any, Any, list[Any], list[Any]]:
    """Outcome, fixed part, groups and effects of 6 to 14 pairs over 3 to 4 waves."""
    pairs, waves = int(rng.integers(6, 15)), int(rng.integers(3, 5))
    pair, role, wave = (one.ravel() for one in np.indices((pairs, 2, waves)))
    kept = rng.random(pair.size) < 0.9
    pair, role, wave = pair[kept], role[kept], wave[kept]
    time, arm, one = wave - 1.0, pair % 2, np.ones(pair.size)
    x = np.column_stack([one, time, arm, time * arm])
    person = 2 * pair + role
    scale = rng.choice([0.0, 0.3, 1.0], size=3)
    y = x @ rng.normal(size=4) + rng.normal(size=pair.size)
    y += scale[0] * rng.normal(size=pairs)[pair]
    y += scale[1] * rng.normal(size=2 * pairs)[person]
    y += scale[2] * rng.normal(size=pairs)[pair] * time
    codes = [pair, person] if kind == 1 else [pair]
    z = [np.column_stack([one, time])] if kind == 2 else [one[:, None]] * len(codes)
    return y, x, codes, z

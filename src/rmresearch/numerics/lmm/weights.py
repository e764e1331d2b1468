"""What estimating the variances adds to the errors of a mixed model's coefficients."""

from __future__ import annotations

import numpy as np

from rmresearch.numerics.contrast import Contrast, judged

__all__ = ["allowing"]


def allowing(plain: Contrast, own: Contrast, adjusted: Contrast) -> Contrast:
    """A CR2 contrast with an allowance for weights that were estimated.

    CR2 takes the weights of generalised least squares as known, and so understates the errors
    where few clusters tell them. Its variance is multiplied by what Kenward and Roger's adjustment
    multiplies the model's own with (``adjusted`` over ``own``), never by less than 1; df as CR2
    has them.

    >>> from rmresearch.numerics.contrast import judged
    >>> plain, own, adjusted = (judged(1.0, v, 10.0, False) for v in (0.25, 0.2, 0.22))
    >>> round(float(allowing(plain, own, adjusted).se) ** 2, 6)
    0.275
    """
    known = (np.asarray(own.se) > 0) & (np.asarray(adjusted.se) > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(known, (np.asarray(adjusted.se) / np.asarray(own.se)) ** 2, 1.0)
    variance = np.nan_to_num(np.asarray(plain.se)) ** 2 * np.maximum(ratio, 1.0)
    return judged(plain.estimate, variance, plain.df, np.isnan(plain.t))

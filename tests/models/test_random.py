"""The random part: lme4's grammar, refusals, and facts about groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.test_mixed import frame
from rmresearch.errors import FitError
from rmresearch.models import lmm
from rmresearch.models.random import parse


@pytest.mark.parametrize(
    ("text", "fixed", "random"),
    [
        ("y ~ a * b + (1 | g)", "y ~ a * b", [("1", "g", ("g",), True)]),
        ("y ~ (1|g)", "y ~ 1", [("1", "g", ("g",), True)]),
        (
            "y ~ (1 | a/b) + x",
            "y ~ x",
            [("1", "a", ("a",), True), ("1", "b:a", ("b", "a"), True)],
        ),
        ("y ~ x + (1 | a:b)", "y ~ x", [("1", "a:b", ("a", "b"), True)]),
        (
            "y ~ t + (1 + t | a/b/c)",
            "y ~ t",
            [
                ("1 + t", "a", ("a",), True),
                ("1 + t", "b:a", ("b", "a"), True),
                ("1 + t", "c:(b:a)", ("c", "b", "a"), True),
            ],
        ),
        (
            "y ~ (1 | (a:b)/c)",
            "y ~ 1",
            [("1", "a:b", ("a", "b"), True), ("1", "c:(a:b)", ("c", "a", "b"), True)],
        ),
        ("y ~ 0 + t + (t || g)", "y ~ 0 + t", [("t", "g", ("g",), False)]),
        ("y ~ t - 1 + (0 + t | g)", "y ~ t - 1", [("0 + t", "g", ("g",), True)]),
        (
            "log(y) ~ (x + z)^2 + I(a | b) + ((1 | `the group`)) + (1 | h)",
            "log(y) ~ (x + z)^2 + I(a | b)",
            [("1", "the group", ("the group",), True), ("1", "h", ("h",), True)],
        ),
        ("y ~ C(x, '(1 | g)')", "y ~ C(x, '(1 | g)')", []),
    ],
)
def test_grammar(text: str, fixed: str, random: list[Any]) -> None:
    left, terms = parse(text)
    assert left == fixed
    assert [(one.effects, one.group, one.columns, one.correlated) for one in terms] == random


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("score", "write one outcome, ~ and the design"),
        ("score ~ arm", "no random term such as .* use rm.ols"),
        ("score ~ arm + 1 | pair", "'1 | pair': a random term stands in round brackets"),
        ("score ~ arm * (1 | pair)", "round brackets of its own, between plus signs"),
        ("score ~ arm - (1 | pair)", r"- \(1 \| pair\): a random term cannot be subtracted"),
        ("score ~ (| pair)", "write effects | group"),
        ("score ~ (1 | )", "write effects | group"),
        ("score ~ (1 | pair | person)", "write effects | group"),
        ("score ~ (1 ||| pair)", "write effects | group"),
        ("score ~ (1 | pair + person)", r"not 'pair \+ person'. Crossed groups are terms"),
        ("score ~ (1 | C(pair))", "a computed group goes into the frame"),
        ("score ~ (0 | pair)", r"\(0 \| pair\): no effect stands left of the bar"),
        ("score ~ (wave || pair)", r"\(wave \|\| pair\): \|\| is for numbers"),
        ("score ~ (f(t) | pair)", r"\(f\(t\) \| pair\)' cannot be read: .*'f' is not defined"),
        ("score ~ arm + (1 | pairr)", r"in \(1 \| pairr\): no column 'pairr' \(did you mean 'pa"),
        (
            "score ~ wavee * arm + x + (tt | pair) + (1 | pair/persn)",
            r"in wavee \* arm, x, \(tt \| pair\), \(1 \| pair/persn\): no column 'wavee' \(did you "
            r"mean 'wave'\?\); no column 'x'; no column 'tt' .*; no column 'persn' \(did you mean "
            r"'person'\?\). There are: pair, person",
        ),
        ("scor ~ arm + (1 | pair)", r"in scor: no column 'scor' \(did you mean 'score'\?\)"),
        ("score ~ 0 + (1 | pair)", "no design"),
        ("score ~ (1 | pair) +", "'score ~ \\+' cannot be read"),
        ("score ~ arm + (1 | pair) +", "cannot be read"),
        ("score + t ~ arm + (1 | pair)", "one numeric column, not score, t"),
        ("score ~ day + (1 | pair)", "cannot be read: .*day holds dates: count days from a start"),
        ("score ~ (day | pair)", "cannot be read: .*day holds dates"),
    ],
)
def test_formulas_that_say_nothing(formula: str, words: str) -> None:
    rows = frame()
    rows["day"] = pd.to_datetime("2026-01-05") + pd.to_timedelta(rows["t"], unit="D")
    with pytest.raises(ValueError, match=words):
        lmm(formula, rows)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ddf": "satterthwait"}, r"ddf must be .* \(did you mean 'satterthwaite'\?\)"),
        ({"ddf": "z"}, "ddf must be 'satterthwaite' or 'kenward-roger', not 'z'"),
        ({"robust": "CR3"}, "robust must be None or 'CR2', not 'CR3'"),
        ({"ddf": "kenward-roger", "reml": False}, "need a REML fit"),
        ({"cluster": "pair"}, 'is for robust="CR2"'),
        ({"robust": "CR2", "cluster": "pairs"}, r"in cluster='pairs': no column 'pairs' .*'pair'"),
        ({"level": 95}, "level must lie between 0 and 1"),
    ],
)
def test_words_that_say_nothing(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        lmm("score ~ arm + (1 | pair)", frame(), **options)


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("score ~ arm + (1 | row)", r"\(1 \| row\) has 72 groups x 1 effects over 72 rows"),
        ("score ~ arm + (1 | one)", r"\(1 \| one\) has 1 group"),
        ("score ~ arm + (1 | pair) + (1 | pair)", r"\(1 \| pair\) cannot be told from \(1 \| pai"),
        ("score ~ t + (1 + arm | pair)", r"\(1 \+ arm \| pair\) cannot be told from its other eff"),
        ("score ~ arm + (t + I(2*t) | pair)", r"determine its effect 'I\(2 \* t\)'"),
        ("score ~ arm + (t + nought | pair)", r"its effect 'nought' is 0 in every row"),
        ("score ~ arm + (1 | fraction)", r"\(1 \| fraction\): 'fraction' holds fractions"),
        ("score ~ arm + (1 | endless)", r"'endless' holds fractions"),
        ("score ~ endless + (1 | pair)", r"not a finite number.*endless \(1 rows\)"),
        ("score ~ arm + (endless | pair)", r"not a finite number.*endless \(1 rows\)"),
        ("endless ~ arm + (1 | pair)", r"not a finite number.*endless \(1 rows\)"),
        ("score ~ place + (1 | pair)", "place: the 72 rows without missing values hold one value"),
        ("score ~ arm + (place | pair)", "place: the 72 rows"),
        (
            "score ~ void + (1 | pair)",
            "none of the 72 rows has a value in all of score, void, pair",
        ),
        ("score ~ t + I(2*t) + (1 | pair)", r"column 'I\(2 \* t\)' is determined by 't'"),
        ("score ~ C(pair) + (1 | pair)", r"\(1 \| pair\) \(its effect 'Intercept'\) repeats"),
    ],
)
def test_data_that_do_not_support_the_model(formula: str, words: str) -> None:
    rows = frame().assign(one=1, place="Lyon", void=np.nan, nought=0.0)
    rows["row"] = np.arange(72)
    rows["fraction"] = rows["pair"] / 7
    rows["endless"] = np.where(rows["row"] == 4, np.inf, rows["t"])
    with pytest.raises(FitError, match=words):
        lmm(formula, rows)


def test_two_waves_tell_a_level_from_an_uncorrelated_slope() -> None:
    """At t = 0 and 1 the covariance is (a + s, a; a, a + b + s): REML's is the sample's."""
    first, last = np.array([1.0, 4, 2, 6, 5, 8]), np.array([3.0, 2, 9, 6, 1, 11])
    rows = pd.DataFrame({"g": [*range(6)] * 2, "t": np.repeat([0, 1], 6), "score": [*first, *last]})
    sample = np.cov(first, last)
    found = lmm("score ~ t + (t || g)", rows).variances["variance"]
    wanted = [sample[0, 1], sample[1, 1] - sample[0, 0], sample[0, 0] - sample[0, 1]]
    assert min(wanted) > 0
    assert found.tolist() == pytest.approx(wanted, rel=1e-6)
    with pytest.raises(FitError, match="6 groups x 2 effects over 12 rows"):
        lmm("score ~ t + (t | g)", rows)


def test_no_frame() -> None:
    with pytest.raises(TypeError, match="data must be a pandas DataFrame, not dict"):
        lmm("score ~ arm + (1 | pair)", {"score": [1.0]})  # type: ignore[arg-type]


def test_no_rows() -> None:
    with pytest.raises(FitError, match="none of the 0 rows"):
        lmm("score ~ arm + (1 | pair)", frame().head(0))


def test_clusters_of_cr2() -> None:
    rows = frame()
    rows["half"] = rows["pair"] // 6
    rows.loc[3, "hole"] = np.nan
    formula = "score ~ t + (1 | pair/person)"
    with pytest.raises(FitError, match=r"cluster='who' cuts through .* units \(pair\)"):
        lmm(formula, rows, robust="CR2", cluster="who")
    with pytest.raises(FitError, match="cluster column 'hole' is empty in 72 of the 72 rows"):
        lmm(formula, rows, robust="CR2", cluster="hole")
    with pytest.raises(FitError, match=r'one unit, and CR2 needs .*ddf="kenward-roger"'):
        lmm("score ~ t + (1 | pair) + (1 | person)", rows, robust="CR2")
    coarse = lmm(formula, rows, robust="CR2", cluster="half")
    assert coarse.cluster == "half"
    assert coarse.to_frame()["df"].max() < 2
    # Two pairs that share a person are one unit; the others stay alone.
    rows.loc[rows["who"] == "p3", "who"] = "p1"
    linked = lmm("score ~ t + (1 | pair) + (1 | who)", rows, robust="CR2")
    joined = lmm(
        "score ~ t + (1 | pair) + (1 | who)",
        rows.assign(unit=rows["pair"].replace(1, 0)),
        robust="CR2",
        cluster="unit",
    )
    assert linked.cluster == "the rows that who and pair connect"
    pd.testing.assert_frame_equal(linked.to_frame(), joined.to_frame())


def notes(random: str, rows: pd.DataFrame) -> str:
    return "\n".join(lmm(f"score ~ arm + {random}", rows).notes)


def test_nothing_to_note() -> None:
    for random in ("(1 | pair/person)", "(1 | pair/who)", "(1 | pair) + (1 | who)"):
        assert notes(random, frame()) == ""


def test_whole_decimal_codes_are_read_and_said() -> None:
    rows = frame().assign(pair=frame()["pair"].astype(float))
    said = notes("(1 | pair)", rows)
    assert said == "'pair' is stored as decimal numbers; all are whole, and are read as codes"
    fit = lmm("score ~ arm + (1 | pair)", rows)
    assert fit.random_effects()["level"].tolist() == [str(k) for k in range(12)]


def test_groups_of_one_row_are_counted() -> None:
    rows = frame()
    rows = rows[(rows["t"] == 0) | (rows["pair"] > 2)]
    assert notes("(1 | pair/person)", rows) == (
        "(1 | person:pair) of (1 | pair/person): 6 of 24 groups have one row"
    )


def test_codes_that_start_anew_in_each_pair() -> None:
    """Nested they are what the slash is for; as a term of their own they are crossed."""
    rows = frame()
    said = (
        "'person' and 'pair' enter as crossed: the 2 values of 'person' recur across the 12 of "
        "'pair'; if they start anew in each, write (1 | pair/person)"
    )
    assert notes("(1 | pair) + (1 | person)", rows) == said
    # A set of five people among pairs of two: its codes fill few of the possible cells.
    five = [rows[(rows["pair"] == 3) & (rows["person"] == 1)].assign(person=k) for k in (3, 4, 5)]
    said = notes("(1 | pair) + (1 | person)", pd.concat([rows, *five]))
    assert said.startswith("'person' and 'pair' enter as crossed: the 5 values of 'person' recur")


def test_one_person_in_two_pairs() -> None:
    rows = frame()
    rows.loc[rows["who"] == "p9", "who"] = "p1"
    assert notes("(1 | pair/who)", rows) == (
        "(1 | who:pair) of (1 | pair/who): 1 of the 23 values of 'who' occur in more than one "
        "pair and count as different there; if they are the same, write (1 | pair) + (1 | who)"
    )
    assert notes("(1 | pair) + (1 | who)", rows) == ""

"""Every hard rule and every soft question by cases worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from rmresearch.numerics.admissible import (
    level_gap,
    named,
    nothing_shared,
    reporting_line,
    same_group,
)
from rmresearch.numerics.likeness import blend, closeness, common, overlap, same, taught

NAN = float("nan")


def sets(*texts: str) -> list[frozenset[str]]:
    return [frozenset(text.split()) for text in texts]


def test_level_gap() -> None:
    forbidden = level_gap(np.array([5.0, 4.0, NAN]), np.array([3.0, 1.0, NAN]), 2)
    # 5-3 = 2 is enough, 4-3 = 1 is not; an unknown level cannot be judged
    assert forbidden.tolist() == [[False, False, True], [True, False, True], [True, True, True]]


def test_level_gap_over_replicates() -> None:
    seniors, juniors = np.array([[5.0], [2.0]]), np.array([[3.0, 1.0], [3.0, 0.0]])
    forbidden = level_gap(seniors, juniors, 2)
    assert forbidden.tolist() == [[[False, False]], [[True, False]]]


def test_same_group() -> None:
    forbidden = same_group(np.array([0, 1, -1]), np.array([0, -1]))
    assert forbidden.tolist() == [[True, True], [False, True], [True, True]]


def test_nothing_shared() -> None:
    forbidden = nothing_shared(sets("de en", "fr", ""), sets("en", "fr it", ""))
    assert forbidden.tolist() == [[False, True, True], [True, False, True], [True, True, True]]


#: 0 board, 1 and 2 heads under it, 3 and 4 under 1, 5 under 2, 6 of another house, 7 no manager
TREE = np.array([-1, 0, 0, 1, 1, 2, 8, -1, -1])


@pytest.mark.parametrize(
    "senior, junior, forbidden",
    [
        (1, 3, True),  # the junior's own manager
        (0, 3, True),  # the manager's manager
        (1, 2, True),  # the same manager
        (1, 5, False),  # a junior of the colleague's
        (3, 1, True),  # the other way round: the senior reports to the junior
        (3, 0, True),
        (1, 6, False),
        (7, 6, False),
        (7, 0, False),  # two people without a manager do not share one
    ],
)
def test_reporting_line(senior: int, junior: int, forbidden: bool) -> None:
    made = reporting_line(np.array([senior]), np.array([junior]), TREE)
    assert made.tolist() == [[forbidden]]


def test_reporting_line_in_a_circle_ends() -> None:
    made = reporting_line(np.array([0, 3]), np.array([1, 2]), np.array([1, 0, -1, -1]))
    assert made.tolist() == [[True, False], [False, False]]


def test_named_pairs() -> None:
    assert named([(1, 0), (1, 0)], (2, 2)).tolist() == [[False, False], [True, False]]
    assert not named([], (2, 3)).any()


def test_closeness() -> None:
    # |2 - 5| = 3 of a range of 4: one quarter left
    assert closeness(np.array([2.0]), np.array([5.0, 2.0, NAN]), 1, 5) == pytest.approx(
        np.array([[0.25, 1.0, NAN]]), nan_ok=True
    )


def test_overlap() -> None:
    part = overlap(sets("chess sailing opera", ""), sets("chess opera jazz", "golf", ""))
    # {chess, opera} of {chess, sailing, opera, jazz}
    assert part == pytest.approx(np.array([[0.5, 0.0, NAN], [NAN] * 3]), nan_ok=True)


def test_same_and_anything() -> None:
    part = same(sets("video", "either"), sets("call", "video call", ""), frozenset({"either"}))
    assert part == pytest.approx(np.array([[0.0, 1.0, NAN], [1.0, 1.0, NAN]]), nan_ok=True)


def test_taught_is_a_share_of_what_is_wanted() -> None:
    part = taught(sets("ai video data"), sets("ai data chess golf", "chess", ""))
    assert part == pytest.approx(np.array([[2 / 3, 0.0, NAN]]), nan_ok=True)


def test_common_counts_against_plain_sets() -> None:
    rng = np.random.default_rng(2)
    words = np.array(list("abcdefgh"))
    people = [frozenset(rng.choice(words, rng.integers(0, 6), replace=False)) for _ in range(30)]
    naive = [[len(a & b) for b in people[10:]] for a in people[:10]]
    assert common(people[:10], people[10:]).tolist() == naive


def test_blend_by_hand() -> None:
    first = np.array([[1.0, NAN], [0.0, 0.5]])
    second = np.array([[0.0, 1.0], [1.0, 1.0]])
    score, shares = blend([first, second], [1, 3])
    # the missing answer counts (1 + 0 + .5)/3 = .5; weights are a quarter and three quarters
    assert shares[0] == pytest.approx(np.array([[0.25, 0.125], [0.0, 0.125]]))
    assert shares[1] == pytest.approx(np.array([[0.0, 0.75], [0.75, 0.75]]))
    assert score == pytest.approx(shares[0] + shares[1])


def test_silence_neither_helps_nor_harms() -> None:
    """Somebody who answered nothing has the same score with everybody: the mean."""
    rng = np.random.default_rng(1)
    part = rng.random((4, 5))
    part[2] = NAN
    score, _ = blend([part], [2.0])
    assert score[2] == pytest.approx(np.full(5, np.delete(part, 2, axis=0).mean()))


def test_weights_are_relative() -> None:
    parts = [np.array([[0.3]]), np.array([[0.9]])]
    assert blend(parts, [1, 2])[0] == pytest.approx(blend(parts, [10, 20])[0])


def test_a_question_that_nobody_answered_gives_nothing() -> None:
    score, _ = blend([np.full((2, 2), NAN), np.ones((2, 2))], [1, 1])
    assert score == pytest.approx(np.full((2, 2), 0.5))

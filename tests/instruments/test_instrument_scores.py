"""Every instrument scored by hand: inserted into a study, read as any study is, and scored.

Three seniors (A to C) and three juniors (D to F) give the same answers: A and D all of them, B and
E just enough for some score, C and F too few for most. Every expected score is worked out there.
"""

from __future__ import annotations

from fractions import Fraction

import pytest

import rmresearch as rm
from rmresearch.instruments import instrument, instruments, names_of
from rmresearch.io.inserting import insert

N = None
Answers = list[int | None]
Scores = dict[str, Fraction | int | None]

STUDY = """\
[study]
name = "by-hand"
title = "Scored by hand"
synthetic = true

[design]
kind = "single-group"

[[waves]]
name = "start"
label = "Start"
months = 0
baseline = true

[[waves]]
name = "month6"
label = "Month 6"
months = 6

[tables.participants]
file = "people.csv"

[tables.measures]
file = "answers.csv"
layout = "by-wave"
"""
#: answer scales of those whose source does not say it
RANGES = {
    "computer-self-efficacy-12": (1, 5),
    "deep-similarity": (1, 5),
    "leadership-self-efficacy": (1, 7),
    "mfq-9": (1, 5),
    "self-efficacy-12": (1, 5),
    "self-efficacy-17": (1, 5),
    "working-alliance": (1, 5),
}
#: instrument: the answers of A, B and C, each with the scores; "" is the whole
CASES: dict[str, list[tuple[Answers, Scores]]] = {
    "psychological-safety": [  # 1 to 7, so 8 minus the answer for items 1, 3, 5
        # 6 + 6 + 7 + 5 + 5 + 7 + 4 = 40
        ([2, 6, 1, 5, 3, 7, 4], {"": Fraction(40, 7)}),
        # four of seven: (8 - 7) + 4 + (8 - 1) + 5 = 17
        ([N, N, 7, 4, 1, 5, N], {"": Fraction(17, 4)}),
        ([1, 7, 1, N, N, N, N], {"": N}),  # three are less than half of seven
    ],
    "uwes-9": [
        # 5 + 4 + 3 + 6 + 2 + 1 + 0 + 4 + 5 = 30; 1, 2, 5: 5 + 4 + 2 = 11; 3, 4, 7: 3 + 6 + 0 = 9;
        # 6, 8, 9: 1 + 4 + 5 = 10
        (
            [5, 4, 3, 6, 2, 1, 0, 4, 5],
            {
                "": Fraction(30, 9),
                "vigour": Fraction(11, 3),
                "dedication": 3,
                "absorption": Fraction(10, 3),
            },
        ),
        # five of nine: 6 + 3 + 2 + 4 + 0 = 15; 6 + 3 + 0 = 9; two of three: 2 + 4 = 6
        (
            [6, 3, 2, 4, 0, N, N, N, N],
            {"": 3, "vigour": 3, "dedication": 3, "absorption": N},
        ),
        # two of nine; of dedication two of three: 6 + 1 = 7
        (
            [N, N, 6, 1, N, N, N, N, N],
            {"": N, "vigour": N, "dedication": Fraction(7, 2), "absorption": N},
        ),
    ],
    "mfq-9": [
        # 12 + 5 + 13 = 30
        (
            [5, 4, 3, 2, 1, 2, 4, 4, 5],
            {
                "": Fraction(30, 9),
                "career": 4,
                "psychosocial": Fraction(5, 3),
                "role_model": Fraction(13, 3),
            },
        ),
        # four of nine are too few; career two of three: 4 + 2 = 6; one of three elsewhere
        (
            [N, 4, 2, N, N, 3, 5, N, N],
            {"": N, "career": 3, "psychosocial": N, "role_model": N},
        ),
        # five of nine: 1 + 1 + 1 + 2 + 4 = 9; psychosocial 2 + 4 = 6
        (
            [1, 1, 1, N, 2, 4, N, N, N],
            {"": Fraction(9, 5), "career": 1, "psychosocial": 3, "role_model": N},
        ),
    ],
    "mca-21": [
        # 24 + 16 + 14 + 6 + 15 + 18 = 93
        (
            [7, 6, 5, 6, 4, 4, 3, 5, 2, 3, 4, 5, 1, 2, 3, 7, 7, 1, 6, 5, 7],
            {
                "": Fraction(93, 21),
                "expectations": 6,
                "development": 4,
                "communication": Fraction(14, 4),
                "understanding": 2,
                "diversity": 5,
                "independence": 6,
            },
        ),
        # eleven of 21: (1 + 1) + 2 + (3 + 5 + 7 + 1) + (4 + 6) + 2 + 7 = 39
        (
            [1, 1, N, N, 2, N, N, N, 3, 5, 7, 1, 4, N, 6, N, N, 2, 7, N, N],
            {
                "": Fraction(39, 11),
                "expectations": 1,
                "development": N,
                "communication": 4,
                "understanding": 5,
                "diversity": N,
                "independence": N,
            },
        ),
        # ten of 21 are less than half
        (
            [1, 1, N, N, N, N, N, N, 3, 5, 7, 1, 4, N, 6, N, N, 2, 7, N, N],
            {
                "": N,
                "expectations": 1,
                "development": N,
                "communication": 4,
                "understanding": 5,
                "diversity": N,
                "independence": N,
            },
        ),
    ],
    "working-alliance": [  # no score of the whole is published
        # 5 + 5 + 4 + 4 + 3 + 3 = 24; 1 + 2 + 3 + 4 + 5 + 3 = 18
        ([5, 5, 4, 4, 3, 3, 1, 2, 3, 4, 5, 3], {"quality": 4, "effectiveness": 3}),
        # three of six: 2 + 4 + 3 = 9; two of six
        ([2, N, N, 4, N, 3, N, N, N, N, 1, 5], {"quality": 3, "effectiveness": N}),
        # two of six; three of six: 4 + 4 + 1 = 9
        ([5, 5, N, N, N, N, 4, 4, 1, N, N, N], {"quality": N, "effectiveness": 3}),
    ],
    "deep-similarity": [
        ([1, 2, 3, 4, 5, 4, 3, 2], {"": 3}),  # 24 of eight
        ([5, 5, 5, 1, N, N, N, N], {"": 4}),  # 16 of four
        ([5, 5, 5, N, N, N, N, N], {"": N}),
    ],
    "self-efficacy-17": [  # 6 minus the answer for 2, 4, 5, 6, 7, 10, 11, 12, 14, 16, 17
        # 4 + 4 + 5 + 5 + 4 + 5 + 3 + 4 + 4 + 4 + 3 + 5 + 5 + 4 + 4 + 5 + 4 = 72
        ([4, 2, 5, 1, 2, 1, 3, 4, 4, 2, 3, 1, 5, 2, 4, 1, 2], {"": Fraction(72, 17)}),
        # nine of 17: 5 + 1 + 5 + 1 + 1 + 1 + 1 + 5 + 5 = 25
        ([5] * 9 + [N] * 8, {"": Fraction(25, 9)}),
        ([5] * 8 + [N] * 9, {"": N}),
    ],
    "self-efficacy-12": [  # 6 minus the answer for 1 to 3 and 9 to 12
        # 5 + 4 + 4 = 13; 4 + 5 + 3 + 4 + 4 = 20; 4 + 5 + 3 + 4 = 16; together 49
        (
            [1, 2, 2, 4, 5, 3, 4, 4, 2, 1, 3, 2],
            {
                "": Fraction(49, 12),
                "initiative": Fraction(13, 3),
                "effort": 4,
                "persistence": 4,
            },
        ),
        # six of twelve: 1 + 2 + 1 + 2 + 3 + 1 = 10; initiative 1 + 2 = 3; effort 1 + 2 + 3 = 6
        (
            [N, 5, 4, 1, N, 2, 3, N, 5, N, N, N],
            {
                "": Fraction(10, 6),
                "initiative": Fraction(3, 2),
                "effort": 2,
                "persistence": N,
            },
        ),
        # four of twelve, two of five, but two of three: 1 + 2 = 3
        (
            [N, 5, 4, 1, N, 2, N, N, N, N, N, N],
            {"": N, "initiative": Fraction(3, 2), "effort": N, "persistence": N},
        ),
    ],
    "self-efficacy-8": [
        ([5, 4, 3, 4, 5, 4, 3, 4], {"": 4}),  # 32 of eight
        ([1, 2, 3, 4, N, N, N, N], {"": Fraction(10, 4)}),
        ([5, 5, 5, N, N, N, N, N], {"": N}),
    ],
    "self-efficacy-ipip": [  # 6 minus the answer for 7 to 10
        # 4 + 4 + 5 + 3 + 4 + 5 = 25, and 4 + 5 + 4 + 3 = 16
        ([4, 4, 5, 3, 4, 5, 2, 1, 2, 3], {"": Fraction(41, 10)}),
        # five of ten: 5 + 1 + 5 + 5 + 2 = 18
        ([N, N, N, N, N, 5, 5, 1, 1, 4], {"": Fraction(18, 5)}),
        ([N, N, N, N, N, 5, 5, 1, 1, N], {"": N}),
    ],
    "assertiveness-ipip": [  # 6 minus the answer for 7 to 10
        # 2 + 3 + 4 + 3 + 2 + 4 = 18, and 1 + 2 + 3 + 4 = 10
        ([2, 3, 4, 3, 2, 4, 5, 4, 3, 2], {"": Fraction(28, 10)}),
        # five of ten: 1 + 1 + 1 + 1 + (6 - 5) = 5
        ([1, 1, 1, 1, N, N, 5, N, N, N], {"": 1}),
        ([1, 1, 1, 1, N, N, N, N, N, N], {"": N}),
    ],
    "leadership-self-efficacy": [
        ([7] * 7 + [4] * 7 + [1] * 7, {"": 4}),  # 49 + 28 + 7 = 84 of 21
        ([7, 5] * 5 + [6] + [N] * 10, {"": 6}),  # 60 + 6 = 66 of eleven
        ([7, 5] * 5 + [N] * 11, {"": N}),  # ten of 21
    ],
    "computer-self-efficacy-10": [
        ([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], {"": Fraction(55, 10)}),
        ([10, 10, 10, 5, 5, N, N, N, N, N], {"": 8}),  # 40 of five
        ([10, 10, 10, 5, N, N, N, N, N, N], {"": N}),
    ],
    "computer-self-efficacy-12": [
        ([1, 2, 3, 4, 5, 5, 4, 3, 2, 1, 3, 3], {"": 3}),  # 36 of twelve
        ([5, 2, 3, 4, 5, 5, N, N, N, N, N, N], {"": 4}),  # 24 of six
        ([5, 2, 3, 4, 5, N, N, N, N, N, N, N], {"": N}),
    ],
    "turnover-intention-6": [  # 6 minus the answer for 2 and 6
        # 2 + 2 + 3 + 2 + 3 + 1 = 13
        ([2, 4, 3, 2, 3, 5], {"": Fraction(13, 6)}),
        # three of six: (6 - 1) + 5 + (6 - 1) = 15
        ([N, 1, N, N, 5, 1], {"": 5}),
        ([N, 1, N, N, 5, N], {"": N}),
    ],
    "recommend": [([9], {"": 9}), ([0], {"": 0}), ([N], {"": N})],
    "satisfaction": [([4], {"": 4}), ([1], {"": 1}), ([N], {"": N})],
}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> rm.Study:
    """A study that asks all instruments, each inserted as the command inserts it."""
    folder = tmp_path_factory.mktemp("by-hand")
    (folder / "data").mkdir()
    (folder / "study.toml").write_text(STUDY, "utf-8")
    columns: list[str] = []
    for name in CASES:
        columns += insert(folder, instrument(name), bounds=RANGES.get(name)).items
    roles = ["senior"] * 3 + ["junior"] * 3
    # pseudonyms come in an order of their own: the level says who is who
    people = [f"{'ABCDEF'[place]},{role},{place}" for place, role in enumerate(roles)]
    (folder / "data" / "people.csv").write_text("\n".join(["person,role,level", *people]), "utf-8")
    lines = [",".join(["person", "wave", *columns])]
    for place, person in enumerate("ABCDEF"):
        given = [answer for cases in CASES.values() for answer in cases[place % 3][0]]
        lines.append(",".join([person, "month6", *("" if a is N else str(a) for a in given)]))
    (folder / "data" / "answers.csv").write_text("\n".join(lines), "utf-8")
    return rm.read_study(folder)


def test_every_instrument_has_its_case() -> None:
    assert sorted(CASES) == [one.name for one in instruments()]


@pytest.mark.parametrize("name", CASES)
def test_scores_by_hand(study: rm.Study, name: str) -> None:
    one, cases = instrument(name), CASES[name]
    people = study.participants
    for outcome in names_of(one):
        part = outcome.removeprefix(name.replace("-", "_")).removeprefix("_")
        wide = study.wide(outcome)["month6"].dropna().to_dict()
        expected = {}
        for person, role, place in zip(
            people["person"], people["role"], people["level"], strict=True
        ):
            score = cases[int(place) % 3][1][part]
            if score is not N and one.role in {"all", role}:
                expected[person] = float(score)
        assert wide == pytest.approx(expected, rel=1e-14), f"{outcome}: a mean of small integers"


@pytest.mark.parametrize("name", CASES)
def test_each_case_says_every_score(name: str) -> None:
    one = instrument(name)
    parts = [part.name for part in one.subscales if part.items]
    wanted = {*([""] if one.whole else []), *parts}
    for answers, scores in CASES[name]:
        assert len(answers) == one.items
        assert set(scores) == wanted

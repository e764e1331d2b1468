"""The one door: what leaves, what does not, and that nothing else can."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rmresearch.errors import PrivacyError
from rmresearch.privacy import Release, read_release, release
from rmresearch.result import Call, Cell, Check, Dropped, Estimate, Result, Table

from .studies import DEPARTMENTS, pilot

STUDY = pilot()
PEOPLE = sorted(STUDY.participants["person"])
SENIORS = [person for person in PEOPLE if person.startswith("s")]


def first(n, start=0):
    return frozenset(SENIORS[start : start + n])


def table(*rows, columns=None, name="t", note=""):
    columns = columns or tuple(f"c{i}" for i in range(len(rows[0])))
    return Table(name, "A table", columns, rows, note)


def label(text):
    return Cell(text, "label")


def let_out(
    *, tables=(), estimates=(), study=STUDY, audience="leadership", outcome="skill", **rest
):
    call = Call("describe", (("study", "pilot"), ("outcome", outcome)))
    result = Result(call, tuple(estimates), tuple(tables), **rest)
    return release({"answer": result}, study, audience=audience)


def cells(*row, columns=None, **options):
    """The released cells of a table of one row."""
    return let_out(tables=[table(row, columns=columns)], **options).tables[0].rows[0]


def estimate(value=0.314159, members=None, **fields):
    members = frozenset(SENIORS) if members is None else members
    form = {"outcome": "skill", "role": "senior", "wave": "after", "n_people": len(members)}
    return Estimate(value=value, members=members, **{**form, **fields})


# --- only release makes a Release ------------------------------------------------------------


def test_no_other_way_to_make_one():
    with pytest.raises(PrivacyError, match=r"privacy\.release"):
        Release(study="pilot", title="x", audience="leadership")
    made = let_out()
    with pytest.raises((PrivacyError, ValueError)):
        replace(made, title="forged")
    with pytest.raises(PrivacyError):
        pickle.dumps(made)
    with pytest.raises(PrivacyError):
        copy.copy(made)
    with pytest.raises(AttributeError):
        made.title = "forged"


def test_it_comes_back_from_its_text_and_only_unaltered():
    made = let_out(
        tables=[table((label("all"), Cell(3.21, "mean", None, first(19))), note="Who answered.")],
        estimates=[estimate(contrast="programme - later", low=0.1, high=0.5)],
        checks=(Check("cluster rule", True, "24 clusters"),),
        dropped=(Dropped("no answer", 3),),
    )
    text = made.to_json()
    assert read_release(text) == made
    assert read_release(text).to_json() == text
    for bad in (text.replace("3.2", "3.3"), "{}", "[]", "no json", text[:-20]):
        with pytest.raises(PrivacyError, match="not a release"):
            read_release(bad)


def test_members_and_reasons_never_leave():
    made = let_out(
        tables=[
            table(
                (label("all"), Cell(3.21, "mean", None, first(19)), Cell(2.0, "sd", None, first(3)))
            )
        ],
        estimates=[estimate(), estimate(members=first(3))],
    )
    assert {rule for _, rule in made.reasons} == {"S1"}
    text = made.to_json()
    assert not [person for person in PEOPLE if f'"{person}"' in text]
    assert "S1" not in text
    assert "members" not in text


# --- S9 and S1 -------------------------------------------------------------------------------


def test_the_marker_is_the_same_for_none_and_four():
    shown = cells(
        Cell(None, "mean", None, first(0)),
        Cell(3.3, "mean", None, first(4)),
        Cell(0, "count", None, first(0)),
        Cell(4, "count", None, first(4)),
    )
    assert shown[0] == shown[1]
    assert shown[2] == shown[3]
    assert shown[0].hidden
    assert shown[2].hidden


def test_what_was_not_measured_is_not_hidden():
    assert cells(Cell(None, "mean", None, first(12)))[0].hidden is False


def test_a_number_without_people_behind_it_is_hidden():
    assert cells(Cell(3.3, "mean"))[0].hidden
    assert let_out(estimates=[estimate(members=frozenset())]).estimates[0].hidden


def test_couples_count_by_the_scarcer_role():
    seniors_and_a_few_juniors = first(20) | {"j00", "j01"}
    assert cells(Cell(3.3, "mean", None, seniors_and_a_few_juniors))[0].hidden


# --- S0 --------------------------------------------------------------------------------------


def test_administrative_counts():
    row = (label("Programme"), Cell(24, "administrative"), Cell(4, "administrative"))
    row += (Cell(0, "administrative"), Cell(None, "administrative"))
    shown = [cell.value for cell in cells(*row)]
    assert shown == ["Programme", 24, "fewer than 5", "fewer than 5", None]
    exact = [cell.value for cell in cells(*row, audience="technical")]
    assert exact == ["Programme", 24, 4, 0, None]


@pytest.mark.parametrize("audience", ["leadership", "pulse", "technical"])
def test_never_by_department(audience):
    many = Cell(24, "administrative")
    assert cells(label("Sales"), many, audience=audience)[1].hidden
    assert cells(label("x"), many, columns=("Department", "n"), audience=audience)[1].hidden
    assert cells(label("x"), many, columns=("group", "Legal"), audience=audience)[1].hidden


# --- S4 --------------------------------------------------------------------------------------


def test_extremes_stay_with_the_analyst():
    row = (Cell(1.3, "interval", None, first(20)), Cell(3.3, "mean", None, first(20)))
    shown = cells(*row, columns=("Minimum", "mean"))
    assert (shown[0].hidden, shown[1].value) == (True, 3.3)
    assert cells(*row, columns=("Minimum", "mean"), audience="technical")[0].value == 1.3


@pytest.mark.parametrize("name", ["s00", "p03", "s-0123456789ab", "pair-0123456789ab"])
@pytest.mark.parametrize("audience", ["leadership", "technical"])
def test_no_row_names_a_person_or_a_pair(name, audience):
    row = (label(name), Cell(3.3, "mean", None, first(20)))
    made = let_out(tables=[table(row, (label("all"), row[1]))], audience=audience)
    assert [r[0].value for r in made.tables[0].rows] == ["all"]
    assert name not in made.to_json()
    assert let_out(estimates=[estimate(group=name)]).estimates[0].group == ""


@pytest.mark.parametrize("audience", ["leadership", "technical"])
@pytest.mark.parametrize("times, shown", [(1, None), (4, None), (5, "He shouted at Bob")])
def test_a_reason_that_few_pairs_gave_is_their_own_words(times, shown, audience):
    pairs = STUDY.pairs.copy()
    words = [" He shouted at Bob "] * times + ["moved"] * 6
    pairs["reason"] = pd.Series([*words, *[None] * (len(pairs) - len(words))], dtype="str")
    study = replace(STUDY, pairs=pairs)
    row = (label("He shouted at Bob"), Cell(7, "administrative"))
    left = cells(*row, columns=("reason", "pairs"), study=study, audience=audience)
    assert left[0].value == shown
    assert left[0].hidden is (shown is None)


def test_bins_need_five_and_distributions_ten():
    def counts(*sizes):
        starts = np.cumsum((0, *sizes))
        row = [Cell(n, "count", None, first(n, s)) for n, s in zip(sizes, starts, strict=False)]
        return [None if cell.hidden else cell.value for cell in cells(*row)]

    assert counts(5, 9, 4) == [5, 9, None]
    assert counts(5, 4) == [None, None]  # nine people have no distribution
    assert counts(12, 0, 0) == [None, None, None]  # everybody gave the same answer
    assert counts(5, 5) == [5, 5]


def test_a_distribution_may_run_down_a_column():
    rows = [(label(text), Cell(6, "count", None, first(6, 6 * i))) for i, text in enumerate("ab")]
    shown = let_out(tables=[table(*rows)]).tables[0].rows
    assert [row[1].value for row in shown] == [6, 6]
    assert let_out(tables=[table(rows[0])]).tables[0].rows[0][1].hidden


# --- S5, S6, S7 ------------------------------------------------------------------------------


def test_a_spread_of_zero_hides_the_level_too():
    who = first(20)
    shown = cells(Cell(3.3, "mean", None, who), Cell(0.0, "sd", None, who))
    assert [cell.hidden for cell in shown] == [True, True]
    assert let_out(estimates=[estimate(se=0.0)]).estimates[0].hidden


def test_yes_no_means_are_proportions():
    row = (label("uses"), Cell(0.954, "mean", None, first(20)))
    assert cells(*row)[1].value == "90% or more"
    made = let_out(estimates=[estimate(0.954, outcome="uses", low=0.8, high=1.0)]).estimates[0]
    assert (made.value, made.low, made.high) == ("90% or more", None, None)


def test_features_do_not_borrow_the_range_of_the_outcome():
    row = (label("Age"), Cell(43.26, "mean", None, first(20)))
    assert cells(*row, columns=("measure", "mean"))[1].value == 43  # two digits of an amount
    row = (label("Digital skill"), Cell(3.26, "mean", None, first(20)))
    assert cells(*row, columns=("measure", "mean"))[1].value == 3.3


def test_text_in_place_of_a_number_is_hidden():
    assert cells(Cell("3.3 (2.9 to 3.7)", "mean", None, first(20)))[0].hidden


def test_models_on_too_few_people_are_hidden():
    made = let_out(
        estimates=[
            estimate(members=first(14), contrast="programme - later", parameters=3),
            estimate(members=first(15), contrast="programme - later", parameters=3),
            estimate(contrast="programme - later", parameters=3, smallest_level=4),
        ]
    )
    assert [one.hidden for one in made.estimates] == [True, False, True]
    assert [rule for _, rule in made.reasons] == ["S6", "S6"]


def test_a_table_does_not_tell_what_such_a_model_may_not():
    who = first(14)
    model = estimate(0.3149, low=-0.07, high=0.7, members=who, contrast="a - b", parameters=3)
    row = (
        label("skill"),
        Cell(0.3149, "contrast", None, who),
        Cell(-0.07, "interval", None, who),
        Cell(3.4, "mean", None, who),
        Cell(0.3149, "contrast", None, first(20)),  # somebody else's number
        Cell(None, "contrast", None, who),
    )
    shown = let_out(estimates=[model], tables=[table(row)]).tables[0].rows[0]
    assert [cell.hidden for cell in shown] == [False, True, True, False, False, False]
    alone = let_out(tables=[table(row)]).tables[0].rows[0]
    assert [cell.hidden for cell in alone] == [False] * 6


def test_estimates_are_rounded_with_their_intervals():
    made = let_out(
        estimates=[
            estimate(3.449, low=3.051, high=3.849),
            estimate(0.3149, contrast="programme - later", low=-0.0712, high=0.7051),
            estimate(0.4449, term="standardised", contrast="a - b", low=-0.1, high=1.0),
            estimate(266.06, outcome="profit", contrast="a - b", low=-93.7, high=625.9),
            estimate(1743.2, outcome="profit", low=1512.2, high=1974.8),
        ]
    ).estimates
    assert [(one.value, one.low, one.high) for one in made] == [
        (3.4, 3.1, 3.8),
        (0.31, -0.07, 0.71),
        (0.44, -0.1, 1.0),
        (266, -94, 626),
        (1700, 1500, 2000),
    ]


@pytest.mark.parametrize(
    "function, term, fields, shown",
    [
        ("reaction", "", {}, 0.77),  # a share of people, whatever the scale
        ("reaction", "mean", {"value": 4.141}, 4.1),
        ("attrition", "overall-attrition", {"contrast": "programme - later"}, 0.77),
        ("attrition", "", {"contrast": "leavers - stayers", "value": 0.123}, 0.12),
        ("pre_post", "reliably-worsened", {"value": 0.02}, "10% or fewer"),
        ("engagement", "still-paired", {"outcome": "", "value": 0.95}, "90% or more"),
        ("engagement", "meetings-per-pair", {"outcome": "", "value": 7.917}, 7.92),
        ("reliability", "alpha", {"value": 0.8349}, 0.83),
        ("compare_arms", "rerandomisation", {"value": 0.0031}, 0.003),
        ("compare_arms", "lin-adjusted", {"contrast": "a - b", "value": 0.3149}, 0.31),
        ("wave_means", "", {"value": 3.14}, 3.1),
    ],
)
def test_what_an_estimate_is_decides_its_form(function, term, fields, shown):
    one = estimate(**{"value": 0.7734, "term": term, **fields})
    made = release({"x": Result(Call(function), (one,))}, STUDY)
    assert made.estimates[0].value == shown


def test_counts_are_exact_for_the_estimate_of_record_only():
    made = let_out(
        estimates=[
            estimate(n_pairs=24, n_clusters=23),
            estimate(members=first(19), term="completers", n_clusters=19),
            estimate(members=first(7), n_clusters=7),
        ]
    ).estimates
    assert [(one.n_people, one.n_pairs, one.n_clusters) for one in made] == [
        (24, 24, 23),
        ("15 to 19", None, "15 to 19"),
        ("5 to 9", None, "5 to 9"),
    ]
    assert made[2].low is None


def test_intervals_of_means_need_ten():
    for n, end in [(9, None), (10, 3.0)]:
        made = let_out(estimates=[estimate(3.4, members=first(n), low=3.02, high=3.8)])
        assert made.estimates[0].low == end


# --- words -----------------------------------------------------------------------------------


def test_the_summary_names_no_small_number():
    few = let_out(estimates=[estimate(members=first(3))] * 2)
    assert few.hidden == (
        "Fewer than 5 values are not shown: too few people, pairs, juniors or seniors stand "
        "behind them.",
    )
    many = let_out(estimates=[estimate(members=first(3))] * 7)
    assert many.hidden[0].startswith("7 values are not shown")
    assert let_out(estimates=[estimate()]).hidden == ()


def test_notes_with_numbers_stay_with_the_analyst():
    row = (Cell(3.3, "mean", None, first(20)),)
    for note, kept in [("Who answered.", "Who answered."), ("2 people left.", "")]:
        assert let_out(tables=[table(row, note=note)]).tables[0].note == kept
    made = let_out(tables=[table(row, note="2 people left.")], audience="technical")
    assert made.tables[0].note == "2 people left."


def test_dropped_people_are_banded():
    dropped = (Dropped("no answer", 3), Dropped("left", 7))
    assert let_out(dropped=dropped).dropped == (
        ("answer", "no answer", "fewer than 5"),
        ("answer", "left", 7),
    )


def test_empty_results_make_an_empty_release():
    made = release({}, STUDY)
    assert (made.estimates, made.tables, made.hidden) == ((), (), ())
    assert read_release(made.to_json()) == made


# --- properties ------------------------------------------------------------------------------

KINDS = ("mean", "item-mean", "sd", "interval", "proportion", "contrast", "statistic", "count")
members = st.frozensets(st.sampled_from(PEOPLE), max_size=30)
kinds = st.sampled_from(KINDS)
shares = st.floats(0, 1) | st.sampled_from([0.0, 1.0])


def size(who):
    """The scarcest of people, juniors, seniors and pairs, counted by hand."""
    roles = [sum(one.startswith(role) for one in who) for role in "sj"]
    return min([len(who), len({one[1:] for one in who}), *(n for n in roles if n)])


@given(members, kinds, shares, st.sampled_from(["leadership", "pulse", "technical"]))
@example(frozenset(f"j{i:02d}" for i in range(10)), "statistic", 0.0078125, "leadership")
def test_no_small_cell_has_a_value(who, kind, value, audience):
    value = len(who) if kind == "count" else value
    shown = cells(label("skill"), Cell(value, kind, None, who), audience=audience)[1]
    needed = 5 if kind in {"mean", "contrast"} else 10
    if size(who) < needed:
        assert shown.hidden
        assert shown.value is None
    if shown.value is not None and kind in {"mean", "sd", "interval"}:
        assert shown.value == round(value, 1)
    if shown.value is not None and kind in {"contrast", "statistic"}:
        small = kind == "statistic" and 0 < value < 0.01  # S7 keeps a digit of a p-value
        assert shown.value == (float(f"{value:.1g}") if small else round(value, 2))
    if kind == "proportion" and not shown.hidden:
        extreme = {True: "90% or more", False: "10% or fewer"}
        whole = round(value, 2) if 0.1 < value < 0.9 else extreme[value >= 0.9]
        assert shown.value == whole


@given(members, st.floats(-4, 4), st.floats(0, 3), st.booleans(), st.integers(0, 6))
def test_no_small_estimate_and_no_small_interval(who, value, width, contrast, parameters):
    made = let_out(
        estimates=[
            estimate(
                value,
                members=who,
                low=value - width,
                high=value + width,
                contrast="programme - later" if contrast else "",
                parameters=parameters,
            )
        ]
    ).estimates[0]
    if size(who) < 5:
        assert made.hidden
    if size(who) < 10:
        assert made.low is None
        assert made.high is None
    if parameters and (len(who) - parameters < 10 or len(who) < 5 * parameters):
        assert made.hidden
    if made.value is not None:
        assert made.value == round(value, 2 if contrast else 1)
    if made.hidden:
        assert (made.value, made.low, made.n_people) == (None, None, None)


@given(members, st.integers(5, 30), st.integers(10, 40))
def test_raised_thresholds_hold(who, mean, interval):
    study = pilot(smallest_mean=mean, smallest_interval=interval)
    row = (label("skill"), Cell(3.31, "mean", None, who), Cell(0.8, "sd", None, who))
    shown = cells(*row, study=study)
    assert shown[1].hidden == (size(who) < mean)
    assert shown[2].hidden == (size(who) < interval)


@given(st.lists(members, min_size=1, max_size=4))
def test_no_pseudonym_is_ever_serialised(groups):
    rows = [(label("x"), Cell(3.3, "mean", None, who)) for who in groups]
    text = let_out(tables=[table(*rows)], estimates=[estimate(members=who) for who in groups])
    assert not [person for person in PEOPLE if person in json.dumps(text.as_dict())]


# --- the pilot that trust.md names -----------------------------------------------------------


def breakdown(study, answering, seed):
    """Arm, department and arm-by-department rows of the seniors who answered, as a report has.

    ``answering`` says how many of the three seniors of each arm and department answer.
    """
    rng = np.random.default_rng(seed)
    people = study.participants[study.participants["role"] == "senior"]
    parts = [
        group.iloc[rng.permutation(3)[: answering[(arm, department)]]]
        for (arm, department), group in people.groupby(["arm", "department"])
    ]
    answered = pd.concat(parts)
    scores = dict(zip(answered["person"], rng.uniform(2, 4.5, len(answered)), strict=True))

    def cells_of(group, name):
        who = frozenset(group["person"])
        values = [scores[one] for one in who]
        level = float(np.mean(values)) if values else None
        spread = float(np.std(values, ddof=1)) if len(values) > 1 else None
        return label(name), Cell(level, "mean", None, who), Cell(spread, "sd", None, who)

    rows = [cells_of(g, arm) for arm, g in answered.groupby("arm")]
    rows += [cells_of(g, d) for d, g in answered.groupby("department")]
    rows += [cells_of(g, f"{a}, {d}") for (a, d), g in answered.groupby(["arm", "department"])]
    who = frozenset(answered["person"])
    contrast = estimate(members=who, contrast="programme - later", low=-0.2, high=0.9, parameters=3)
    return let_out(study=study, tables=[table(*rows)], estimates=[contrast])


@pytest.mark.parametrize("seed", range(5))
def test_pilot_of_24_and_24_people_at_85_percent(seed):
    # 24 juniors and 24 seniors in two arms and four departments, three seniors in each arm of a
    # department. One senior a department is silent: 20 answer, 10 an arm, 5 a department.
    silent = dict(zip(DEPARTMENTS, ("programme", "later") * 2, strict=True))
    answering = {(a, d): 2 if silent[d] == a else 3 for a in ("programme", "later") for d in silent}
    made = breakdown(pilot(24), answering, seed)
    rows = {row[0].value: row[1:] for row in made.tables[0].rows}
    for arm in ("programme", "later"):
        assert not any(cell.hidden for cell in rows[arm])
    for department in DEPARTMENTS:
        level, spread = rows[department]
        assert not level.hidden
        assert spread.hidden
    crossed = [cells for name, cells in rows.items() if ", " in name]
    assert len(crossed) == 8
    assert all(cell.hidden for row in crossed for cell in row)
    assert made.estimates[0].value == 0.31
    assert (made.estimates[0].low, made.estimates[0].high) == (-0.2, 0.9)
    assert "too few people" in made.hidden[0]


def test_at_45_percent_almost_nothing_survives_and_the_release_says_why():
    # 11 of 24 seniors: 6 and 5 in the arms, 2 to 4 in a department
    answering = {(a, d): 1 for a in ("programme", "later") for d in DEPARTMENTS}
    answering |= {("programme", "Sales"): 2, ("programme", "IT"): 2, ("later", "Care"): 2}
    made = breakdown(pilot(24), answering, 0)
    rows = {row[0].value: row[1:] for row in made.tables[0].rows}
    shown = {name for name, cells in rows.items() for cell in cells if not cell.hidden}
    assert shown == {"programme", "later"}  # the two arms' means and nothing else
    assert all(cells[1].hidden for cells in rows.values())
    assert made.estimates[0].hidden
    assert any("too few people" in sentence for sentence in made.hidden)


# --- what a hidden mean takes along ------------------------------------------------------------


def leavers(gone, **options):
    """Released cells of leavers against stayers: 4.6 and 3.2, so 1.4 tells the one by the other."""
    stayed, both = first(20 - gone, start=gone), first(20)
    return cells(
        label("Digital skill, before"),
        Cell(4.6 if gone else None, "mean", None, first(gone)),
        Cell(3.2, "mean", None, stayed),
        Cell(1.4 if gone else None, "contrast", None, both),
        Cell(0.2 if gone else None, "interval", None, both),
        Cell(1.9 if gone else None, "statistic", None, both),
        columns=("characteristic", "leavers", "stayers", "difference", "low", "standardised"),
        **options,
    )


@pytest.mark.parametrize("audience", ["leadership", "technical"])
def test_a_difference_never_tells_a_hidden_mean(audience):
    for gone in (1, 4):
        shown = leavers(gone, audience=audience)
        assert [one.hidden for one in shown] == [False, True, False, True, True, True]
        assert {one.value for one in shown[3:]} == {None}
    assert leavers(0) == leavers(4)  # S9: nobody looks as four people do
    assert [one.value for one in leavers(8)[1:]] == [4.6, 3.2, 1.4, 0.2, 1.9]


def test_scores_before_are_rounded_as_the_outcome_is():
    shown = cells(
        label("Digital skill, before"),
        Cell(-0.08333, "contrast", None, first(20)),
        columns=("characteristic", "difference"),
    )
    assert shown[1].value == -0.08  # S7: contrasts to .01 on a scale of up to 10 points


UNEVEN = pilot()
#: three of the 24 seniors in the programme, the others waiting
UNEVEN.participants["arm"] = [
    "programme" if person in {"s00", "s01", "s02"} else "later"
    for person in UNEVEN.participants["person"]
]


def test_a_small_arm_hides_what_compares_it():
    everyone = frozenset(SENIORS)
    difference = cells(
        label("everyone assigned"),
        Cell(3.1, "mean", None, everyone - first(3)),
        Cell(0.52, "statistic", None, everyone),
        columns=("sample", "mean", "standardised difference"),
        study=UNEVEN,
    )
    assert [one.hidden for one in difference] == [False, False, True]
    for term in ("", "standardised", "baseline-difference", "win-probability"):
        one = estimate(contrast="programme - later", term=term)
        assert let_out(estimates=[one], study=UNEVEN).estimates[0].hidden
    # one number about everybody compares nothing
    assert not let_out(estimates=[estimate(term="alpha")], study=UNEVEN).estimates[0].hidden


def test_a_hidden_number_leaves_no_figure_in_its_method():
    one = estimate(members=first(3), term="reliability-corrected", method="reliability 0.83")
    shown = let_out(estimates=[one]).estimates[0]
    assert (shown.hidden, shown.method) == (True, "")

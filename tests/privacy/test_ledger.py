"""What was published is remembered without names or numbers, and no later release adds to it."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import pytest

from rmresearch.errors import PrivacyError, ReportError
from rmresearch.privacy import Ledger, read_release, release
from rmresearch.privacy.crowds import Crowds
from rmresearch.privacy.pseudonyms import Pseudonyms, pseudonymise
from rmresearch.result import Call, Cell, Result, Table

from .studies import pilot


def without(study, *ids):
    """The study after these people withdrew, with everything about them."""
    people, pairs, rows = study.participants, study.pairs, study.measures
    return replace(
        study,
        participants=people[~people["person"].isin(ids)].reset_index(drop=True),
        pairs=pairs[~(pairs["senior"].isin(ids) | pairs["junior"].isin(ids))],
        measures=rows[~rows["person"].isin(ids) & ~rows["rater"].isin(ids)],
    )


@pytest.fixture
def kept(tmp_path):
    """A function that reads the study with a key, and one that reads its ledger."""

    def read(study):
        return pseudonymise(study, Pseudonyms.of(tmp_path, "pilot", synthetic=False))

    read(pilot())
    return read, lambda: Ledger.read(tmp_path, pilot().design)


def seniors(study):
    people = study.participants
    return frozenset(people.loc[people["role"] == "senior", "person"])


def told(study, ledger=None, who=None, wave="after"):
    """A release of one mean of all seniors of the study, or of ``who``."""
    cell = Cell(3.3, "mean", None, seniors(study) if who is None else who)
    table = Table("t", "T", ("wave", "mean"), ((Cell(wave, "label"), cell),))
    result = Result(Call("describe", (("outcome", "skill"),)), (), (table,))
    return release({"a": result}, study, ledger=ledger)


def hidden(made):
    return made.tables[0].rows[0][1].hidden


def test_one_person_who_withdrew_is_not_told_by_two_releases(kept):
    read, ledger = kept
    first = told(read(pilot()), ledger())
    assert not hidden(first)
    ledger().record(first.published)
    later = read(without(pilot(), "s07"))
    assert hidden(told(later, ledger()))
    assert not hidden(told(later))  # what the ledger is for
    assert not hidden(told(later, ledger(), wave="before"))  # nothing about it was published
    assert not hidden(told(read(pilot()), ledger()))  # nobody left after all


def test_one_person_who_answered_late_is_not_told_either(kept):
    read, ledger = kept
    study = read(pilot())
    early = seniors(study) - {min(seniors(study))}
    ledger().record(told(study, ledger(), early).published)
    assert hidden(told(study, ledger()))
    assert not hidden(told(study, ledger(), early))
    five_more = frozenset(sorted(early)[:18])
    assert not hidden(told(study, ledger(), five_more))


def test_six_who_left_together_are_no_secret_once_their_pairs_are_many(kept):
    read, ledger = kept
    ledger().record(told(read(pilot()), ledger()).published)
    # all that is known of people since gone is their role: they count as one pair
    gone = [f"s{i:02d}" for i in range(6)]
    assert hidden(told(read(without(pilot(), *gone)), ledger()))
    many = [f"s{i:02d}" for i in range(12)]
    assert not hidden(told(read(without(pilot(), *many)), ledger()))


def test_the_same_again_is_no_new_entry(kept, tmp_path):
    read, ledger = kept
    made = told(read(pilot()), ledger())
    assert len(ledger().record(made.published).entries) == 1
    before = ledger().path.read_bytes()
    again = ledger().record(told(read(pilot()), ledger()).published)
    assert (len(again.entries), again.path.read_bytes()) == (1, before)
    other = told(read(pilot()), ledger(), wave="before")
    assert len(ledger().record(other.published).entries) == 2


def test_it_holds_no_pseudonym_and_no_number(kept):
    read, ledger = kept
    study = read(pilot())
    ledger().record(told(study, ledger()).published)
    path = ledger().path
    text = path.read_text("utf-8")
    everybody = Crowds(study).everybody.tolist()
    assert not [one for one in everybody if one in text or one.split("-")[1] in text]
    assert "3.3" not in text
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.name == ".rmresearch"
    (entry,) = json.loads(text)["releases"]
    assert len(entry["people"]) == 24
    assert [one[:2] for one in entry["sets"]] == [["skill", ["after"]]]


@pytest.mark.parametrize(
    "change",
    [
        lambda whole: whole["releases"].pop(),
        lambda whole: whole["releases"][0]["sets"].pop(),
        lambda whole: whole["releases"][0]["people"].pop(),
        lambda whole: whole.update(seal="0" * 64),
        lambda whole: whole.pop("seal"),
    ],
)
def test_a_ledger_that_was_changed_is_refused(kept, change):
    read, ledger = kept
    ledger().record(told(read(pilot()), ledger()).published)
    path = ledger().path
    whole = json.loads(path.read_text("utf-8"))
    change(whole)
    path.write_text(json.dumps(whole), "utf-8")
    with pytest.raises(PrivacyError, match="was changed, or sealed with another key"):
        ledger()


@pytest.mark.parametrize("content", ["", "[]", '{"releases": []}', "{"])
def test_a_damaged_ledger_is_refused(kept, content):
    _, ledger = kept
    ledger().path.write_text(content, "utf-8")
    with pytest.raises(PrivacyError, match=r"ledger\.json"):
        ledger()


def test_another_key_is_said(kept, tmp_path):
    read, ledger = kept
    ledger().record(told(read(pilot()), ledger()).published)
    (tmp_path / ".rmresearch" / "key").write_text("ab" * 32)
    with pytest.raises(PrivacyError, match="another key"):
        ledger()


def test_only_what_goes_with_earlier_releases_is_recorded(kept):
    read, ledger = kept
    study = read(pilot())
    stale = told(study, ledger(), seniors(study) - {max(seniors(study))})
    ledger().record(told(study, ledger()).published)
    before = ledger().path.read_bytes()
    with pytest.raises(PrivacyError, match="Make it again"):
        ledger().record(stale.published)
    with pytest.raises(PrivacyError, match="read from a file"):
        ledger().record(read_release(told(study).to_json()).published)
    assert ledger().path.read_bytes() == before


def test_releases_recorded_at_once_are_both_kept_or_one_is_told_to_wait(kept):
    read, ledger = kept
    study = read(pilot())
    made = [told(study, ledger(), wave=wave) for wave in ("before", "after")]
    refused = []

    def record(one):
        try:
            ledger().record(one.published)
        except ReportError:  # the other holds the lock
            refused.append(one)

    runs = [threading.Thread(target=record, args=(one,)) for one in made]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert len(ledger().entries) == 2 - len(refused)


def test_a_ledger_knows_each_state_that_it_had_and_no_other(kept, tmp_path):
    read, ledger = kept
    study = read(pilot())
    assert (ledger().state, ledger().held("")) == ("", True)
    ledger().record(told(study).published)
    first, older = ledger().state, ledger().path.read_bytes()
    ledger().record(told(study, wave="before").published)
    second, path = ledger().state, ledger().path
    assert first != second
    assert [ledger().held(one) for one in (first, second, "0" * 64)] == [True, True, False]
    path.write_bytes(older)  # a copy that was put back is sealed, and yet found out
    assert [ledger().held(one) for one in (first, second)] == [True, False]
    path.unlink()
    assert [ledger().held(one) for one in (first, second)] == [False, False]


def test_a_synthetic_study_keeps_none(tmp_path):
    design = replace(pilot().design, synthetic=True)
    ledger = Ledger.read(tmp_path, design)
    study = replace(pilot(), design=design)
    assert not hidden(told(study, ledger))
    assert ledger.record(told(study, ledger).published) == ledger
    assert list(tmp_path.iterdir()) == []


def test_reading_makes_nothing(tmp_path):
    assert Ledger.read(tmp_path, pilot().design).entries == ()
    assert list(tmp_path.iterdir()) == []

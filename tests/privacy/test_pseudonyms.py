"""Pseudonyms: keyed, per study, everywhere the same, and rows in an order of their own."""

import base64
import errno
import hashlib
import hmac
import os
import re
import stat

import numpy as np
import pandas as pd
import pytest

from rmresearch.errors import PrivacyError
from rmresearch.privacy import Pseudonyms, pseudonymise, pseudonyms
from rmresearch.study import Design, Outcome, Study, Wave

DESIGN = Design(
    name="pilot",
    title="Pilot",
    kind="single-group",
    unit="person",
    waves=(Wave("w0", "Before", 0, baseline=True), Wave("w1", "After", 6)),
    outcomes=(Outcome("skill", "Skill", "senior", ("q1", "q2"), low=1, high=5),),
)


def text(values):
    return pd.Series(values, dtype="str")


def make_study(order=None):
    """Two pairs; boss 9 manages both seniors and is no participant; one rater is missing."""
    none = pd.Series([None] * 4, dtype="str")
    participants = pd.DataFrame(
        {
            "person": text(["007", "1e5", "A", "B"]),
            "role": text(["senior", "junior", "senior", "junior"]),
            "arm": none,
            "department": text(["NA", "NA", "Sales", "Sales"]),
            "level": [3.0, 1.0, 2.0, 0.0],  # no two alike: tells people apart once renamed
            "manager": text(["9", "007", "9", None]),
            "stratum": none,
            "crossover_date": pd.to_datetime([None] * 4),
        }
    )
    pairs = pd.DataFrame(
        {
            "pair": text(["007", "p2"]),  # a pair may be called like a person
            "junior": text(["1e5", "B"]),
            "senior": text(["007", "A"]),
            "start": pd.to_datetime(["2026-01-05"] * 2),
            "end": pd.to_datetime([None] * 2),
            "reason": text([None, None]),
            "topic": text(["tools", None]),
        }
    )
    measures = pd.DataFrame(
        {
            "person": text(["007", "007", "A", "A", "A"]),
            "rater": text(["007", "1e5", "A", None, "9"]),
            "pair": text([None, "007", None, "p2", None]),
            "wave": text(["w0", "w0", "w0", "w1", "w1"]),
            "item": text(["q1", "q1", "q2", "q1", "q2"]),
            "value": [1.0, 2.0, 3.0, np.nan, 5.0],
        }
    )
    meetings = pd.DataFrame(
        {
            "pair": text(["p2", "007", "p2"]),
            "date": pd.to_datetime(["2026-02-01", "2026-02-03", None]),
            "wave": text([None, None, "w1"]),
            "held": [True, False, True],
            "minutes": [60.0, np.nan, 30.0],
        }
    )
    records = pd.DataFrame(
        {
            "person": text(["B", "A"]),
            "date": pd.to_datetime(["2026-05-01", "2026-04-01"]),
            "kind": text(["left", "promoted"]),
            "value": [np.nan, 1.0],
        }
    )
    tables = [participants, pairs, measures, meetings, records]
    if order is not None:
        tables = [t.sample(frac=1, random_state=order).reset_index(drop=True) for t in tables]
    return Study(*tables, design=DESIGN)


def key_of(fill, study="pilot"):
    return Pseudonyms(study, bytes([fill]) * 32)


def test_codes_are_the_hmac_spelt_in_32_signs():
    # Route of its own: HMAC by hashlib's definition, five low bits of each octet in Crockford's
    # alphabet.
    key = bytes(range(32))
    block = key + bytes(32)
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in block) + b"pilot\0person\x001e5").digest()
    digest = hashlib.sha256(bytes(b ^ 0x5C for b in block) + inner).digest()
    expected = "".join("0123456789abcdefghjkmnpqrstvwxyz"[octet % 32] for octet in digest[:12])
    assert Pseudonyms("pilot", key).codes(["1e5"]) == [expected]
    assert hmac.digest(key, b"pilot\0person\x001e5", "sha256") == digest
    assert base64.b16encode(digest)  # 32 octets
    assert len(digest) == 32


def test_one_id_has_one_pseudonym_wherever_it_stands():
    study = make_study()
    new = pseudonymise(study, key_of(1))
    renamed = new.participants.set_index("level")["person"]
    old = zip(study.participants["person"], study.participants["level"], strict=True)
    person = {one: renamed[level] for one, level in old}
    by_old = {
        "seniors": {person["007"], person["A"]},
        "juniors": {person["1e5"], person["B"]},
    }
    assert set(new.pairs["senior"]) == by_old["seniors"]
    assert set(new.pairs["junior"]) == by_old["juniors"]
    assert all(re.fullmatch(r"s-[0-9a-z]{12}", one) for one in by_old["seniors"])
    assert all(re.fullmatch(r"j-[0-9a-z]{12}", one) for one in by_old["juniors"])
    managers = new.participants.set_index("person")["manager"]
    assert managers[person["1e5"]] == person["007"]
    boss = managers[person["A"]]
    assert boss == managers[person["007"]]
    assert boss.startswith("o-")
    assert boss in set(new.measures["rater"])
    assert set(new.meetings["pair"]) == set(new.pairs["pair"])
    assert all(one.startswith("pair-") for one in new.pairs["pair"])
    assert {one.removeprefix("pair-") for one in new.pairs["pair"]}.isdisjoint(
        one[2:] for one in new.participants["person"]
    )


def test_everything_but_ids_and_order_is_kept():
    study = make_study()
    new = pseudonymise(study, key_of(1))
    ids = {"person", "rater", "pair", "junior", "senior", "manager"}
    for name in ("participants", "pairs", "measures", "meetings", "records"):
        old_table, new_table = getattr(study, name), getattr(new, name)
        assert list(new_table.columns) == list(old_table.columns)
        assert list(new_table.dtypes) == list(old_table.dtypes)
        assert list(new_table.index) == list(range(len(old_table)))
        for column in new_table:
            if column in ids:
                assert new_table[column].isna().sum() == old_table[column].isna().sum()
                assert new_table[column].nunique() == old_table[column].nunique()
                assert set(new_table[column].dropna()).isdisjoint(old_table[column].dropna())
            else:
                key = lambda s: [repr(one) for one in s]  # noqa: E731
                assert sorted(key(new_table[column])) == sorted(key(old_table[column]))
    assert study.participants["person"].tolist() == ["007", "1e5", "A", "B"]  # input untouched


def test_order_depends_on_the_key_and_not_on_the_input():
    first = pseudonymise(make_study(), key_of(1))
    again = pseudonymise(make_study(order=3), key_of(1))
    for name in ("participants", "pairs", "measures", "meetings", "records"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(again, name))
    assert first.participants["person"].is_monotonic_increasing
    orders = {
        tuple(pseudonymise(make_study(), key_of(k)).participants["department"]) for k in range(12)
    }
    assert len(orders) > 1


def test_another_study_and_another_key_give_other_pseudonyms():
    ids = ["007", "A"]
    seen = [
        key_of(1).codes(ids),
        key_of(2).codes(ids),
        key_of(1, "second").codes(ids),
        key_of(1).codes(ids, "pair"),
    ]
    assert len({code for codes in seen for code in codes}) == 8


def test_study_name_and_id_cannot_run_into_each_other():
    assert key_of(1, "a").codes(["b"]) != key_of(1, "ab").codes([""])


def test_key_is_made_once_private_and_ignored_by_git(tmp_path):
    first = Pseudonyms.of(tmp_path, "pilot", synthetic=False)
    path = tmp_path / ".rmresearch" / "key"
    assert len(bytes.fromhex(path.read_text())) == 32
    assert (path.parent / ".gitignore").read_text() == "*\n"
    assert Pseudonyms.of(tmp_path, "pilot", synthetic=False) == first
    assert Pseudonyms.of(tmp_path, "pilot", synthetic=False, create=False) == first
    assert path.read_text().strip() not in repr(first)
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        path.chmod(0o644)
        Pseudonyms.of(tmp_path, "pilot", synthetic=False)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_is_written_where_nothing_may_be(tmp_path):
    one = Pseudonyms.of(tmp_path, "pilot", synthetic=False, create=False)
    two = Pseudonyms.of(tmp_path, "pilot", synthetic=False, create=False)
    assert one.key != two.key
    synthetic = Pseudonyms.of(tmp_path, "pilot", synthetic=True)
    assert synthetic == Pseudonyms.of(tmp_path / "elsewhere", "pilot", synthetic=True)
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_cannot_be_made_is_said_with_its_place(tmp_path):
    (tmp_path / ".rmresearch").write_text("a file where the folder should be", "utf-8")
    with pytest.raises(PrivacyError, match=r"\.rmresearch.key could not be made or read.*copy"):
        Pseudonyms.of(tmp_path, "pilot", synthetic=False)


def test_a_key_on_a_full_disk_is_said_with_its_place(tmp_path, monkeypatch):
    def full(_handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PrivacyError, match=r"\.rmresearch.key could not be made or read"):
        Pseudonyms.of(tmp_path, "pilot", synthetic=False)
    assert not (tmp_path / ".rmresearch" / "key").exists()


@pytest.mark.parametrize("content", [b"", b"abcd\n", b"z" * 64, b"\xff\xfe\x00"])
def test_damaged_key_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / ".rmresearch" / "key"
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(PrivacyError, match="is damaged"):
        Pseudonyms.of(tmp_path, "pilot", synthetic=False)
    assert path.read_bytes() == content


def test_ids_that_collide_get_longer_codes(monkeypatch):
    monkeypatch.setattr(pseudonyms, "LENGTH", 1)  # 32 codes for 40 ids: some must collide
    codes = key_of(1).codes([str(one) for one in range(40)])
    assert len(set(codes)) == 40
    assert {len(code) for code in codes} <= {1, 32}
    assert 32 in {len(code) for code in codes}


def test_study_without_pairs_meetings_records_or_people():
    study = make_study()
    empty = Study(
        *(getattr(study, t).iloc[:0] for t in ("participants", "pairs", "measures")),
        study.meetings.iloc[:0],
        study.records.iloc[:0],
        design=DESIGN,
    )
    new = pseudonymise(empty, key_of(1))
    assert all(len(getattr(new, t)) == 0 for t in ("participants", "pairs", "measures"))
    assert new.participants["person"].dtype == "str"


def test_analyses_see_the_same_study():
    study, new = make_study(), pseudonymise(make_study(), key_of(1))
    assert sorted(study.scores("skill")["value"]) == sorted(new.scores("skill")["value"])
    assert sorted(study.clusters().value_counts()) == sorted(new.clusters().value_counts())


@pytest.mark.slow
def test_many_people_keep_their_rows():
    n, m = 10_000, 100_000
    rng = np.random.default_rng(1)
    study = make_study()
    ids = text([f"{one:06d}" for one in range(n)])
    participants = study.participants.sample(n, replace=True, random_state=1).assign(
        person=ids.to_numpy(), manager=ids.to_numpy()[::-1]
    )
    who = ids.take(rng.integers(0, n, m)).to_numpy()
    measures = study.measures.sample(m, replace=True, random_state=1).assign(person=who, rater=who)
    big = Study(participants, study.pairs, measures, study.meetings, study.records, design=DESIGN)
    new = pseudonymise(big, key_of(1))
    assert new.participants["person"].nunique() == n
    assert len(new.measures) == m
    answered = pd.Series(who).value_counts().sort_values().to_numpy()
    assert (new.measures["person"].value_counts().sort_values().to_numpy() == answered).all()

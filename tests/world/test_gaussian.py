"""Gaussian designs: their covariances are those declared, and their studies say what they hold."""

from __future__ import annotations

import numpy as np
import pytest

from rmresearch.world.gaussian import OUTCOME, Gaussian, draw_gaussian

MANY = 20_000


def covariance(given: Gaussian) -> np.ndarray:
    """Cov of everybody's scores (senior x wave, flattened), written out from the model."""
    waves, n = given.waves, given.seniors
    sets = np.repeat(np.arange(len(given.sizes)), given.sizes)
    place = np.concatenate([np.arange(size) for size in given.sizes])
    full = np.zeros((n * waves, n * waves))
    for i in range(n):
        for j in range(n):
            together = sets[i] == sets[j]
            alone = given.unpaired and sets[i] >= given.programme
            shared = float(together and not alone)
            if given.tie == "ring" and together and i != j:
                size = given.sizes[sets[i]]
                steps = abs(int(place[i]) - int(place[j])) % size
                # neighbours share one of two juniors; in a ring of three everybody is a neighbour
                shared = 0.5 if steps in {1, size - 1} else 0.0
            for s in range(waves):
                for t in range(waves):
                    value = shared * (given.set_sd**2 + given.slope_sd**2 * s * t)
                    if i == j:
                        value += given.person_sd**2 + given.noise_sd**2 * (s == t)
                    full[i * waves + s, j * waves + t] = value
    return full


@pytest.mark.parametrize(
    "given",
    [
        Gaussian(programme=1, comparison=1, people=2, waves=3, set_sd=0.8, slope_sd=0.3),
        Gaussian(programme=1, comparison=1, people=4, tie="ring", set_sd=1.0, slope_sd=0.4),
        Gaussian(programme=1, comparison=2, people=3, unpaired=True, set_sd=0.9, slope_sd=0.5),
        Gaussian(programme=1, comparison=1, people=3, tie="department", set_sd=0.6),
    ],
    ids=["pair with slope", "ring", "unpaired comparison", "department"],
)
def test_scores_have_the_covariance_of_the_model(given: Gaussian) -> None:
    scores = draw_gaussian(given, MANY, seed=5).scores.reshape(MANY, -1)
    found, wanted = np.cov(scores.T), covariance(given)
    # Var of a sample covariance of normal numbers: (s_ii s_jj + s_ij^2) / n; 4.5 of its roots
    # for up to 144 entries fail once in a thousand runs of another seed
    spread = np.sqrt((np.outer(np.diag(wanted), np.diag(wanted)) + wanted**2) / MANY)
    assert (np.abs(found - wanted) < 4.5 * spread).all()


def test_everybody_drifts_and_the_programme_adds_in_straight_lines() -> None:
    given = Gaussian(programme=2, comparison=3, waves=3, drift=1.0, effect=0.5, noise_sd=1e-6,
                     set_sd=0.0, person_sd=0.0)  # fmt: skip
    scores = draw_gaussian(given, 1, seed=0).scores[0]
    assert scores[:4] == pytest.approx(np.tile([0.0, 0.75, 1.5], (4, 1)), abs=1e-5)
    assert scores[4:] == pytest.approx(np.tile([0.0, 0.5, 1.0], (6, 1)), abs=1e-5)


def test_truth_says_so() -> None:
    given = Gaussian(programme=2, comparison=3, waves=3, drift=1.0, effect=0.5,
                     set_sd=0.6, person_sd=0.8, noise_sd=0.0001)  # fmt: skip
    rows = {row.key[2:6]: row for row in draw_gaussian(given, 2, seed=0).truths()}
    everyone = "everyone assigned, as assigned"
    between = rows["wave1", "programme - comparison", "", everyone]
    assert between.latent.tolist() == between.as_reported.tolist() == [0.25, 0.25]
    # the SD before is sqrt(.36 + .64)
    assert between.latent_sd == pytest.approx([0.25, 0.25])
    assert rows["wave2", "wave2 - start", "programme", everyone].latent.tolist() == [1.5, 1.5]
    both = "people who answered both waves"
    assert rows["wave2", "wave2 - start", "comparison", both].latent.tolist() == [1.0, 1.0]


def test_people_drop_out_for_good_evenly_and_never_before_the_start() -> None:
    given = Gaussian(programme=50, comparison=50, waves=4, dropout=0.3)
    there = np.isfinite(draw_gaussian(given, 200, seed=3).scores)
    assert there[..., 0].all()
    assert (there[..., 1:] <= there[..., :-1]).all()
    n = there[..., 0].size
    for wave, share in enumerate([1.0, 0.9, 0.8, 0.7]):
        assert abs(there[..., wave].mean() - share) <= 4 * np.sqrt(share * (1 - share) / n)


def test_a_replicate_is_the_same_however_many_are_drawn() -> None:
    given = Gaussian(programme=3, comparison=4, waves=3, slope_sd=0.2, dropout=0.4)
    few, many = (draw_gaussian(given, n, seed=9).scores for n in (2, 7))
    assert np.array_equal(few, many[:2], equal_nan=True)


@pytest.mark.parametrize(
    ("given", "sizes", "pairs"),
    [
        (Gaussian(programme=2, comparison=2, people=2), [3, 3, 3, 3], 8),
        (Gaussian(programme=1, comparison=2, people=4, tie="ring"), [8, 8, 8], 24),
        (Gaussian(programme=2, comparison=2, people=3, tie="department"), [6, 6, 6, 6], 12),
        (Gaussian(programme=2, comparison=3, people=2, unpaired=True), [1, 1, 1, 3, 3], 4),
        (Gaussian(programme=3, people=1), [2, 2, 2], 3),
    ],
    ids=["sets", "rings", "departments", "unpaired", "pairs of one group"],
)
def test_a_study_has_the_clusters_of_its_description(
    given: Gaussian, sizes: list[int], pairs: int
) -> None:
    drawn = draw_gaussian(given, 3, seed=1)
    study = drawn.study(2)
    assert sorted(study.clusters().value_counts().tolist()) == sizes
    assert len(study.pairs) == pairs
    assert not study.pairs.duplicated(["junior", "senior"]).any()
    seniors = study.participants[study.participants["role"] == "senior"]
    # whoever shares a cluster by the codes shares it in the study, and no one else
    codes = study.clusters()[seniors["person"]].to_numpy()
    same = codes[:, None] == codes
    assert (same == (drawn.cluster[:, None] == drawn.cluster)).all()
    wide = study.wide(OUTCOME).reindex(seniors["person"])
    assert np.array_equal(wide.to_numpy(), drawn.scores[2])
    if given.comparison:
        names = [("programme", "comparison")[code] for code in drawn.arm]
        assert seniors["arm"].tolist() == names
    everyone = study.participants.set_index("person")["arm"]
    assert (study.pairs["junior"].map(everyone) == study.pairs["senior"].map(everyone)).all()


def test_impossible_designs_are_refused_all_at_once() -> None:
    with pytest.raises(ValueError, match=r"(?s)people is 0.*dropout is 2") as error:
        Gaussian(people=0, dropout=2.0)
    assert "legal" in str(error.value)
    with pytest.raises(ValueError, match="3 or more in a ring"):
        Gaussian(people=2, tie="ring")
    with pytest.raises(ValueError, match="whole number from 1"):
        draw_gaussian(Gaussian(), 0, seed=1)

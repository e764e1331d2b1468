"""How wrong a method must be: biases from the scenario's coefficients, in points of the score.

What selection, drift, flattery, spillover and stopping do follows from the world's equations
(`answered`, `selection`). What non-response does is the difference between two truths of the
world: about those who answered, and about everybody. No estimate enters a prediction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from rmresearch.numerics.proportions import wilson
from rmresearch.whatif.tally import Key
from rmresearch.whatif.validation.worlds import World
from rmresearch.world.truth import (
    ANSWERED_BOTH,
    AS_ASSIGNED,
    COMPARISON,
    PROGRAMME,
    TruthRow,
    arms_contrast,
    wave_name,
)

__all__ = ["Given"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What predictions are made from: the world, the outcome, and the truths (replicate,)."""

    world: World
    outcome: str
    truths: Mapping[Key, TruthRow]

    def row(
        self, contrast: str = "", group: str = "", estimand: str = AS_ASSIGNED, role: str = ""
    ) -> TruthRow:
        """The truth about the last wave; without ``contrast``, between arms; without ``role``, of
        whom the scale is asked.
        """
        wanted = (contrast or arms_contrast(self.world.scenario), group, estimand)
        wave, role = wave_name(self.world.month), role or self.world.scale(self.outcome).role
        for row in self.truths.values():
            if (row.role, row.wave, row.contrast, row.group, row.estimand) == (role, wave, *wanted):
                return row
        raise KeyError(f"no truth about {wanted}")

    @property
    def change(self) -> str:
        """The contrast of the change from the start to the last wave."""
        return f"{wave_name(self.world.month)} - {wave_name(0)}"

    @property
    def gain(self) -> float:
        """What the programme adds to the true score on average, in SD."""
        return float(self.row(group=PROGRAMME).latent_sd.mean())

    # what each thing does, in points

    def drift(self) -> float:
        """What selection and the trend do to the programme's people without the programme."""
        who = self.world.volunteers(self.outcome)
        return who.mean(self.world.month) - who.mean(0)

    def flattery(self) -> float:
        """What people in the programme rate themselves above what is true."""
        return self._added(self.gain, self.world.scenario.nature.self_inflation)

    def spilt(self) -> float:
        """What comparison people gain from the programme, taken off the difference."""
        setting = self.world.scenario.design
        return -self._added(0.0, setting.spillover * self.gain)

    def answering(self, group: str = PROGRAMME) -> float:
        """What it does that some answer and others do not, to the change of an arm."""
        both, every = (
            self.row(self.change, group, estimand).as_reported
            for estimand in (ANSWERED_BOTH, AS_ASSIGNED)
        )
        return float(np.nanmean(both - every))

    def stopping(self) -> float:
        """What leaving out pairs that stopped early adds, everybody else being average."""
        chances = self.world.stops
        learnt = np.array([self.world.learnt(1 + month) for month in range(len(chances))])
        return self._added(self.gain, self.gain * (learnt[-1] / float(chances @ learnt) - 1.0))

    def _added(self, before: float, more: float) -> float:
        who, month = self.world.volunteers(self.outcome), self.world.month
        return who.mean(month, before + more) - who.mean(month, before)

    # biases of methods, against the effect as reported

    def of_pre_post(self) -> float:
        """A single group's change, read as the programme's effect."""
        return self.drift() + self.answering()

    def of_randomised(self) -> float:
        """Arms made by lot: what spills over, and who answers."""
        return self.spilt() + self.answering() - self.answering(COMPARISON)

    def of_completers(self) -> float:
        """Pairs that ran as planned against everybody in the comparison."""
        return self.of_randomised() + self.stopping()

    def of_pool(self, slope: float) -> float:
        """Volunteers against the eligible pool, adjusted by ``slope`` points for each before."""
        ours, theirs = (one(self.outcome) for one in (self.world.volunteers, self.world.compared))
        month = self.world.month
        after, before = (ours.mean(at) - theirs.mean(at) for at in (month, 0))
        return after - slope * before + self.of_randomised()

    def slope(self) -> float:
        """The slope of the outcome on the baseline within arms of equal size."""
        sides = [one(self.outcome) for one in (self.world.volunteers, self.world.compared)]
        month = self.world.month
        return sum(one.covariance(0, month) for one in sides) / sum(
            one.covariance(0, 0) for one in sides
        )

    def alpha(self) -> float:
        """The reliability of the baseline, as alpha has it, among volunteers."""
        return self.world.volunteers(self.outcome).alpha()

    def level_covers(self) -> float:
        """How often the interval of an arm's mean score holds that of such arms elsewhere.

        Its variance counts people as independent; those of a department are not.
        """
        scenario, who = self.world.scenario, self.world.volunteers(self.outcome)
        month = self.world.month
        people = self.world.n * scenario.nature.response
        a_point = self._added(0.0, 0.1) / 0.1
        shared = a_point**2 * scenario.nature.department_share / scenario.design.departments
        apart = who.covariance(month, month) - shared
        short = np.sqrt(apart / (apart + people * shared))
        df = people - 1.0
        return float(2.0 * stats.t.cdf(stats.t.isf(0.025, df) * short, df) - 1.0)

    def shares_cover(self) -> float:
        """How often Newcombe's interval of two shares holds their difference (1998, method 10).

        Every count of leavers in the two arms weighs as two binomials have it, but for none in
        either, which gives no answer.
        """
        n, ours, theirs = self.world.n, *self.world.leavers
        x = np.arange(n + 1)
        ends = np.array([wilson(k, n) for k in x.tolist()])
        low, high, share = ends[:, 0], ends[:, 1], x / n
        gap = share[:, None] - share
        least = gap - np.hypot((share - low)[:, None], high - share)
        most = gap + np.hypot((high - share)[:, None], share - low)
        chance = np.outer(stats.binom.pmf(x, n, ours), stats.binom.pmf(x, n, theirs))
        chance[0, 0] = 0.0
        held = (least <= ours - theirs) & (ours - theirs <= most)
        return float(chance[held].sum() / chance.sum())

    def of_alpha(self) -> float:
        """How low alpha is in few people: the mean of 1 / F, F having n - 1 df below (Feldt 1965).

        People of both arms who answered every item before the start.
        """
        nature, items = self.world.scenario.nature, self.world.scale(self.outcome).items
        people = self.world.scenario.sets
        counts = np.arange(4, people + 1)
        whole = nature.response_start * (1.0 - nature.item_skip) ** items
        chance = stats.binom.pmf(counts, people, whole)
        return float(-(1.0 - self.alpha()) * (chance @ (2.0 / (counts - 3))) / chance.sum())

    def satisfied(self) -> float:
        """The share of seniors who would answer 4 or 5 of 5, could all be asked."""
        wish, _ = self._satisfaction()
        return float(stats.norm.cdf(wish))

    def of_reaction(self) -> float:
        """How much larger that share is among those who answer, nothing having been gained."""
        nature, (mean, sd) = self.world.scenario.nature, self.world.felt
        wish, like = self._satisfaction()
        pull, own = nature.quality_on_response, np.hypot(1.0, nature.response_person)
        spread = np.hypot(own, pull * sd)
        answers = (stats.norm.ppf(nature.response) * own + pull * mean) / spread
        r = np.sqrt(nature.satisfaction_quality) * pull * sd**2 / (like * spread)
        both = stats.multivariate_normal([0.0, 0.0], [[1.0, r], [r, 1.0]]).cdf([wish, answers])
        return float(both / stats.norm.cdf(answers) - stats.norm.cdf(wish))

    def _satisfaction(self) -> tuple[float, float]:
        """How far, in SD, people on average are beyond what a 4 takes; and the SD."""
        nature, (mean, sd) = self.world.scenario.nature, self.world.felt
        middle = 1.0 - nature.satisfaction_top - nature.satisfaction_bottom
        # what is neither end falls on 2, 3 and 4 as 1 : 2 : 4
        bound = stats.norm.ppf(nature.satisfaction_bottom + middle * 3.0 / 7.0)
        share = nature.satisfaction_quality
        spread = np.sqrt(1.0 - share + share * sd**2)
        return float((np.sqrt(share) * mean - bound) / spread), float(spread)

    def answer_both(self) -> float:
        """The chance that somebody in the programme answers at both ends, nothing being gained."""
        nature = self.world.scenario.nature
        person = nature.response_person**2
        together = person / (1.0 + person)
        cuts = stats.norm.ppf([nature.response_start, nature.response])
        cov = [[1.0, together], [together, 1.0]]
        both = float(stats.multivariate_normal([0.0, 0.0], cov).cdf(cuts))
        return both * (1.0 - nature.leaving_rate) ** self.world.month

    def rate_of_pre_post(self) -> float:
        """How often a single group's change differs from 0 at 5%, by the noncentral t."""
        who, month = self.world.volunteers(self.outcome), self.world.month
        spread = who.covariance(0, 0) + who.covariance(month, month) - 2 * who.covariance(0, month)
        # Where nobody answered twice there is no such change, and no test.
        moved = float(np.nanmean(self.row(self.change, PROGRAMME, ANSWERED_BOTH).as_reported))
        counts = np.arange(2, self.world.n + 1)
        chance = stats.binom.pmf(counts, self.world.n, self.answer_both())
        shift = np.asarray(moved * np.sqrt(counts / spread), float)
        power = two_sided(shift, np.asarray(counts - 1, float), 0.05)
        return float(chance @ power / chance.sum())

    def rate_of_family(self, outcomes: int, flattered: int) -> float:
        """How often Holm's family sees anything where people flatter themselves and no more.

        Taken as independent outcomes, each adjusted for its baseline, of which ``flattered`` are
        self-rated; the first step of Holm is Bonferroni's.
        """
        who, month = self.world.volunteers(self.outcome), self.world.month
        explained = who.covariance(0, month) ** 2 / who.covariance(0, 0)
        people = 2.0 * self.world.n * self.answer_both()
        se = np.sqrt((who.covariance(month, month) - explained) * 4.0 / people)
        level = 0.05 / outcomes
        seen = two_sided(np.array([self.flattery() / se]), np.array([people - 3.0]), level)[0]
        return float(1.0 - (1.0 - seen) ** flattered * (1.0 - level) ** (outcomes - flattered))


def two_sided(shift: Array, df: Array, level: float) -> Array:
    """The power of a two-sided t test whose statistic is shifted by ``shift``.

    >>> float(two_sided(np.array([0.0]), np.array([9.0]), 0.05)[0].round(6))
    0.05
    """
    critical = stats.t.isf(level / 2.0, df)
    return np.asarray(stats.nct.sf(critical, df, shift) + stats.nct.cdf(-critical, df, shift))

"""The questions of a plan, each with its estimand, and the plan that they make."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from rmresearch.files import sha256_text, to_json

__all__ = ["Plan", "Question"]

#: keys that came later: a plan without any keeps the hash it always had
LATER = ("by", "covariates", "junior_outcome")


@dataclass(frozen=True, slots=True)
class Question:
    """One pre-specified question: whose which outcome, when, against what, and why it is asked.

    ``contrast`` is "arm - comparison" or "wave - baseline"; "" stands for every contrast of the
    analysis; ``by`` the moderator whose groups are told apart (subgroups) or the feature in which
    pairs are compared (match_quality; "" is every one); ``covariates`` what else arms are made
    alike in (compare_arms only); ``junior_outcome`` what juniors' scores are of, where ``outcome``
    is the seniors' (dyadic only; "" is the same). ``never_met``, ``left`` and ``crossed_over`` say
    what happens to such people.
    """

    id: str
    analysis: str
    role: str
    outcome: str
    wave: str
    contrast: str
    population: str
    scale: str
    primary: bool
    why: str
    never_met: str
    left: str
    crossed_over: str
    by: str = ""
    covariates: tuple[str, ...] = ()
    junior_outcome: str = ""

    @property
    def as_computed(self) -> bool:
        """Whether it asks for the estimand that the analyses estimate: everyone, as assigned."""
        return (
            self.population == "everyone-assigned"
            and self.never_met == "as-assigned"
            and self.left == "as-assigned"
            and self.crossed_over == "until-then"
        )

    def asks(self, analysis: str, *, role: str, outcome: str, wave: str, contrast: str) -> bool:
        """Whether this question is the one that such an estimate answers.

        What the question leaves open ("", or role "all") fits anything. A question about another
        population, or that treats people otherwise than the analyses do, is answered by none.
        """
        return (
            self.analysis == analysis
            and self.as_computed
            and self.role in {"all", role}
            and self.outcome in {"", outcome}
            and self.wave in {"", wave}
            and self.contrast in {"", contrast}
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """The questions of a study; Holm's correction runs over those about a difference."""

    title: str
    questions: tuple[Question, ...]

    @property
    def primary(self) -> Question:
        """The one question that decides."""
        return next(question for question in self.questions if question.primary)

    def as_dict(self) -> dict[str, Any]:
        """The plan as plain values: what is hashed, whatever the file's order and comments."""
        found = asdict(self)
        found["questions"] = sorted(found["questions"], key=lambda question: question["id"])
        for question in found["questions"]:
            for key in LATER:
                if not question[key]:
                    del question[key]
        return found

    @property
    def sha256(self) -> str:
        """The hash of what the plan says."""
        return sha256_text(to_json(self.as_dict()))

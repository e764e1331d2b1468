"""The structural equations in words, with the coefficients by their names.

The page docs/world.md and ``rmresearch simulate --explain`` show them; a test holds the names
against the scenario's, so that no coefficient is left out and none is invented.
"""

from __future__ import annotations

__all__ = ["ABOUT", "ABSENT", "EQUATIONS"]

ABOUT = (
    "A cohort is a reverse-mentoring programme and the study around it, drawn person by person and "
    "month by month: who volunteers, who meets whom, how the two get on, whether they meet, what "
    "they learn, what of it lasts, and what surveys and records make of it.",
    "Everybody is drawn twice from the same luck, with the programme and without it, so what the "
    "programme did is known exactly, person by person: as it is (latent) and as people report it. "
    "Two scenarios under one seed share the luck of all that both have as many of: people, months, "
    "planned meetings, waves. Then nothing but what differs makes the difference between them; "
    "else chance adds to it.",
    "For reverse mentoring itself no credible controlled estimate exists. The sizes are priors: "
    "set from mentoring at large where there is a figure, assumed where there is none.",
)

#: each part with its sentences; names of coefficients stand in backticks
EQUATIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Who takes part",
        (
            "Every eligible person has a current skill (seniors: digital skill; juniors: "
            "leadership confidence), a performance and a time poverty, each with mean 0 and SD 1 "
            "and unrelated to the others.",
            "Log odds of applying = those of `volunteering_rate` + "
            "`skill_on_senior_volunteering` (juniors: `skill_on_junior_volunteering`) × skill + "
            "`performance_on_volunteering` × performance + `time_on_volunteering` × time poverty + "
            "`sponsor_on_volunteering` × (`sponsor` − ½).",
            "A place is filled from `eligible` people: by one of those who applied, by the keenest "
            "where nobody did, by anybody where `application` is assigned.",
        ),
    ),
    (
        "True scores without a programme",
        (
            "Score = what the set shares (variance `pair_share`) + what the department shares "
            "(`department_share`) + a part that comes and goes (`state_share`, correlated "
            "`state_monthly` from month to month) + a stable part (the rest) + `trend` × months.",
            "The stable parts of a person's scales follow the one that volunteering goes by, with "
            "correlation `outcome_correlation`. Seniors who volunteer are low at the moment, so "
            "they drift back to their mean, whatever the programme does.",
            "What seniors do with digital tools = `transfer` × what they can + habit. How juniors "
            "lead = `confidence_on_leadership` × their confidence + habit.",
        ),
    ),
    (
        "Who meets whom, and how they fit",
        (
            "Pairs are made within a site by `matching`. By rules, greedy and optimal keep "
            "`level_gap` and `other_department`. Greedy and optimal go by similar interests and by "
            "what an application form learns of values (`values_asked`); people who choose for "
            "themselves weigh a similar background by `background_on_choice` and interests by "
            "the rest, and much is attraction that nobody can foresee.",
            "Compatibility = `values_on_compatibility` × similarity of values + "
            "`interests_on_compatibility` × that of interests + `background_on_compatibility` × "
            "that of backgrounds + what nobody can know in advance (SD 1 in all).",
            "Intimidation = the junior's own + `level_on_intimidation` × (levels apart − 3) + "
            "`group_on_intimidation` in a group.",
            "Psychological safety = `confidentiality_on_safety` × (`confidentiality` − ½) + "
            "`intimidation_on_safety` × intimidation + `resistance_on_safety` × the senior's "
            "resistance + `conflict_on_safety` where both are of one department or fewer than two "
            "levels apart.",
            "Disclosure = `safety_on_disclosure` × safety + chance. Mentoring skill = the junior's "
            "own + `training_on_mentoring` × (`training` − ½).",
        ),
    ),
    (
        "Relationship quality and meetings, month by month",
        (
            "Level of quality = `compatibility_on_quality` × compatibility + "
            "`disclosure_on_quality` × disclosure + `mentoring_on_quality` × mentoring skill + "
            "`communication_on_quality` × (`communication_fit` − ½) + `context_on_quality` in one "
            "department + chance of SD `quality_residual`.",
            "Quality = level + ups and downs. These keep `quality_monthly` of last month's, gain "
            "`meetings_on_quality` × (share of planned meetings held − `meeting_rate`) and chance "
            "of SD `quality_shock`; `adapting_on_quality` × (`pulse_and_adapt` − ½) closes that "
            "part of the gap of pairs below average.",
            "Log odds that a planned meeting (`cadence` a month, for `duration` months) is held = "
            "those of `meeting_rate` + `agenda_on_meetings` × (`agenda` − ½) + "
            "`quality_on_meetings` × last month's quality + `time_on_meetings` × the two people's "
            "time poverty. It lasts about `meeting_minutes`; `log_completeness` of them are "
            "logged.",
            "A pair stops early with chance `ending_rate` × exp(`quality_on_ending` × quality + "
            "`time_on_ending` × time poverty) a month, and when one of the two leaves.",
        ),
    ),
    (
        "Learning",
        (
            "Dose of a meeting held = `learning_per_meeting` × exp(`quality_on_learning` × quality "
            "+ `clarity_on_learning` × (`goal_clarity` − ½) + `group_on_dose` in a group or "
            "`reciprocal_on_dose` in reciprocal mentoring).",
            "Doses wait: in a month `uptake` of what waits is practised, and closes the part "
            "1 − exp(−practised) of what is left to learn (0 nothing to 1 full). Once the meetings "
            "have stopped, `fade` of what was learnt is lost every month.",
            "Gain on a scale = its full gain × learning × (1 + `skill_on_gain` × score at the "
            "start + `performance_on_gain` × performance). Full gains of seniors: "
            "`digital_skill_gain`, `inclusion_awareness_gain`; of juniors, times the two-way "
            "exchange (`two_way`, in reciprocal mentoring 1): `leadership_confidence_gain`, "
            "`visibility_gain` (× exp(`challenge_on_visibility`) in a team challenge). "
            "`format` says which holds, `juniors` how many meet one senior.",
        ),
    ),
    (
        "The organisation",
        (
            "Engagement gained = learning × (`engagement_gain` + `quality_on_engagement` × "
            "quality); juniors: + `visibility_on_engagement` × visibility gained. Performance "
            "gained by juniors = `junior_performance_gain` × learning.",
            "A person leaves with chance `leaving_rate` × exp(`engagement_on_leaving` × engagement "
            "gained) a month, and is promoted with chance `promotion_rate` × "
            "exp(`performance_on_promotion` × performance; juniors: + `visibility_on_promotion` × "
            "visibility gained).",
            "Comparison people gain `spillover` of what colleagues of their role and department "
            "in the programme gain.",
        ),
    ),
    (
        "What people answer",
        (
            "Answer to an item = `item_center` ± up to half of `item_difficulty` + `item_spread` × "
            "(true score, share `item_reliability` + the item's own, share `item_stable` + "
            "chance), rounded, from 1 to 5: with a floor and a ceiling.",
            "Programme people rate themselves `self_inflation` above what is true; full learning "
            "makes seniors judge themselves by a standard stricter by `response_shift`; looking "
            "back they remember their start as worse by `recall_bias`. Ratings by the partner "
            "carry the rater's leniency (`rater_share`); those by people who do not know the arm "
            "see a demonstration that follows skill by `demonstration_validity`, and differ in "
            "severity by `blind_severity`.",
            "Satisfaction = relationship quality (share `satisfaction_quality`) + the rater's own "
            "(`rater_share`) + chance, cut so that `satisfaction_top` answer 5 and "
            "`satisfaction_bottom` 1 at average quality; `promoters` recommend with 9 or 10.",
            "How well the two match is said to be `compatibility_on_match` × compatibility + "
            "`quality_on_match` × quality + `support_on_match` × learning, about `pair_center`: "
            "partly an outcome. Goals reached = `goal_level` ± up to half of `goal_difficulty` by "
            "topic + `gain_on_goals` × the senior's gain + chance of SD `goal_spread`, −2 to 2.",
            "Who answers: a probit about `response_start` before the start and `response` after, "
            "people differing by `response_person`; in the programme + `quality_on_response` × "
            "quality + `gain_on_response` × gain. `item_skip` of the items are left out. Monthly "
            "pulses start from `pulse_response` and tire by `pulse_fatigue` a month.",
        ),
    ),
    (
        "What is recorded, and what it costs juniors",
        (
            "Uses of the tools a month: counts about `tool_use_rate` × exp(`behaviour_on_tool_use` "
            "× what seniors do), people differing by `tool_use_spread`. A line manager's rating = "
            "`performance_center` + `performance_spread` × (performance, correlation "
            "`performance_seen`, + chance).",
            "Burden of juniors while the pair meets = `burden_gain` × exp("
            "`intimidation_on_burden` × intimidation + `safety_on_burden` × safety; where they "
            "teach inclusion + `exclusion_on_burden` + `background_on_burden` × what sets them "
            "apart).",
            "Harm reported in a month: chance `harm_rate`, and while the pair meets + "
            "`harm_added` × exp(`intimidation_on_harm` × intimidation + `safety_on_harm` × "
            "safety).",
        ),
    ),
)

#: what the world leaves out
ABSENT = (
    "Line managers, teams and budgets act on nobody; departments differ by luck alone.",
    "Traits are unrelated to one another: performance, time, skill, values, resistance.",
    "Effects add up on the scale on which they are written; levers do not depend on one another "
    "except where an equation multiplies them.",
    "Levers are strengths that somebody else must judge: nothing says what training at .8 costs or "
    "consists of.",
    "Trends are straight, the same for everybody; there are no seasons, layoffs or new tools.",
    "Everybody tells the truth about what happened: logs miss meetings, but invent none.",
)

#: what the sources' short names stand for
SOURCES: tuple[tuple[str, str], ...] = (
    (
        "S 0",
        "“Reverse mentoring” and how it can help drive change, Google Apps user community post",
    ),
    ("S 1", "Three steps to pulling off a successful reverse mentoring program, Mentor Resources"),
    ("S 2", "Why every CEO should consider reverse mentoring, PushFar, 2023"),
    ("S 3", "Reverse mentoring: turning the tables for better results, HR Daily Community, 2018"),
    ("S 4", "A management blog post on reverse mentoring with summer interns, after Phil McKinney"),
    (
        "Brooks et al. 2018",
        "Brooks, Donovan and Johnson, Mentors or teachers? Microenterprise training in Kenya, "
        "American Economic Journal: Applied Economics 10(4), 196-221; months recomputed from its "
        "data",
    ),
    (
        "Eby et al. 2013",
        "An interdisciplinary meta-analysis of the potential antecedents, correlates, and "
        "consequences of protégé perceptions of mentoring, Psychological Bulletin 139(2), 441-476; "
        "mostly cross-sectional, both sides of a correlation told by the mentee",
    ),
    (
        "Tuma and Dolan 2024",
        "What makes a good match? Predictors of quality mentorship among doctoral students, "
        "CBE-Life Sciences Education; both told by the mentee",
    ),
    (
        "similarity over time",
        "Distinguishing stable from changing components of psychological similarity in "
        "undergraduates’ mentoring relationships over time, preprint, doi:10.31234/osf.io/vwh9f",
    ),
    (
        "mentoring meta-analyses",
        "Eby, Allen, Evans, Ng and DuBois 2008, Does mentoring matter? A multidisciplinary "
        "meta-analysis comparing mentored and non-mentored individuals, Journal of Vocational "
        "Behavior 72(2), 254-267: small effects; DuBois, Portillo, Rhodes, Silverthorn and "
        "Valentine 2011, How effective are mentoring programs for youth?, Psychological Science in "
        "the Public Interest 12(2), 57-91: .21",
    ),
    (
        "mentor training, 283 pairs",
        "Pfund et al. 2014, Training mentors of clinical and translational research scholars: a "
        "randomized controlled trial, Academic Medicine 89(5), 774-782",
    ),
    (
        "mentor training 2023",
        "American Journal of Tropical Medicine and Hygiene 2023, 109(2), 489-494, table 2, "
        "doi:10.4269/ajtmh.22-0726: mean 4.75, then 5.71 by mentors; 5.55, then 5.92 by mentees",
    ),
    (
        "sales-centre experiment",
        "Sandvik, Saouma, Seegert and Stanton 2021, Should workplace programs be voluntary or "
        "mandatory? Evidence from a field experiment on mentorship, NBER working paper 29148; its "
        "version with +17% (the first, under another title, has 18%); now Management Science 2025, "
        "doi:10.1287/mnsc.2024.07524",
    ),
    (
        "ReMEDI",
        "Reverse Mentoring for Equality, Diversity and Inclusion; Raza and Onyesoh 2020, Reverse "
        "mentoring for senior NHS leaders: a new type of relationship, Future Healthcare Journal "
        "7(1), 94-96, who tell of one case of theirs; the programme as such was one-to-one",
    ),
    (
        "Stajkovic and Luthans 1998",
        "Self-efficacy and work-related performance: a meta-analysis, Psychological Bulletin "
        "124(2), 240-261",
    ),
    (
        "Viswesvaran et al. 1996",
        "Viswesvaran, Ones and Schmidt, Comparative analysis of the reliability of job performance "
        "ratings, Journal of Applied Psychology 81(5), 557-574",
    ),
    (
        "8,128 ratings",
        "ratings of strangers in a public speed-dating experiment, recomputed: Fisman, Iyengar, "
        "Kamenica and Simonson 2006, Gender differences in mate selection, Quarterly Journal of "
        "Economics 121(2), 673-697",
    ),
    (
        "99 army companies",
        "7,382 soldiers, data bh1996 of R’s package multilevel: Bliese and Halverson 1996, "
        "Individual and nomothetic models of job stress, Journal of Applied Social Psychology "
        "26(13), 1171-1189",
    ),
    (
        "course surveys",
        "22 single items before and after a course, 225 people: Field, Bucknell course-based "
        "research surveys 2021-24, recomputed",
    ),
)

"""Common claims about going backward, the evidence, and the wording an app may use.

Findings and grades are those of docs/evidence.md. The grade "none" means that there is no measurement to grade.
"""

from typing import Final, Literal, TypedDict

from retrorun.models.physiology import direction, uncertainty


class Claim(TypedDict):
    """A common claim, the finding, and the wording an app may and must not use."""

    id: str
    claim: str
    finding: str
    evidence: Literal["A", "B", "C", "D", "none"]
    sources: list[str]
    may_say: str
    must_not_say: str


class MuscleRole(TypedDict):
    """The role of a joint or muscle group going backward, and the grade of the evidence."""

    finding: str
    evidence: Literal["A", "B", "C", "D", "none"]
    sources: list[str]


def _one_person() -> str:
    """Return the range of one person's running ratio at equal speed, as in an answer."""
    score = uncertainty.standard_score(uncertainty.DEFAULT_INTERVAL)
    study = direction.DOCUMENTED_STUDY_CV * uncertainty.widening(score, studies=direction.DOCUMENTED_STUDIES)
    factor = uncertainty.spread_factor(uncertainty.root_sum_square(uncertainty.PERSON_RATIO_CV["run"], study), score)
    ratio = direction.DOCUMENTED_RUNNING_RATIO
    return f"{uncertainty.DEFAULT_INTERVAL * 100:g} % interval is {ratio / factor:.2f} to {ratio * factor:.2f}"


def _claim(
    key: str,
    claim: str,
    finding: str,
    grade: Literal["A", "B", "C", "D", "none"],
    sources: str,
    may: str,
    must_not: str,
) -> Claim:
    return {
        "id": key,
        "claim": claim,
        "finding": finding,
        "evidence": grade,
        "sources": sources.split(),
        "may_say": may,
        "must_not_say": must_not,
    }


CLAIMS: Final = (
    _claim(
        "uplift_equal_speed",
        "Backward running burns 30 % more at the same speed.",
        "Most studies support it. One study, of 10 people, found no significant difference. For one person the "
        f"estimated range is about 1.0 to 1.7 times (this service's {_one_person()}).",
        "B",
        "williford1998 masumoto2023 wright2001 rasica2020 paes2016",
        "At the same speed, backward running takes about 30 % more energy on average. People differ widely.",
        "You burn 30 % more: without the words at the same speed, or as a promise to one person.",
    ),
    _claim(
        "uplift_equal_effort",
        "Backward running burns 30 % more at the same heart rate, effort or oxygen uptake.",
        "Not supported. At equal oxygen uptake the energy is equal by definition. We found no study that held heart "
        "rate equal. Lines through the group means of two studies give less energy backward at the same heart rate: "
        "0.76 to 0.85 times forward from 132 to 168 beats a minute (Williford 1998, 13 people, walking and running "
        "mixed; beyond 146 beats the forward line is extrapolated), and 0.750 to 0.755 times (Kim & Choi 2001, 20 "
        "people walking). It may also be no lower. We found no measurement at equal felt effort. We use the value at "
        "equal heart rate, because felt effort followed heart rate in practically the same way in both directions (10 "
        "women walking).",
        "D",
        "williford1998 kim2001 korean_walking masumoto2023",
        "At the same oxygen uptake you go slower backward and use the same energy each minute.",
        "30 % more at the same heart rate or effort.",
    ),
    _claim(
        "burns_double",
        "Backward running burns double, or three to six times as much.",
        "There are no data for it, and every measurement of running contradicts it. Walking reached 1.48 times in one "
        "study.",
        "none",
        "williford1998 masumoto2023 wright2001 rasica2020 kim2001 korean_walking",
        "Running, about 30 % more at the same speed.",
        "Any multiple of two or more.",
    ),
    _claim(
        "knee_cap_load",
        "Backward running loads the knee-cap less at the same speed.",
        "It was lower in 85 % of 20 people in one study. One of two studies at running speed reports no significant "
        "difference (8 people). At 1 m/s there was no difference.",
        "C",
        "roos2012 ren2015 sussman2000",
        "At common running speeds the estimated peak knee-cap force is lower backward in most people.",
        "That it protects the knee, heals it, or is free of pain.",
    ),
    _claim(
        "knee_cap_numbers",
        "Knee-cap force is 3.0 body weights backward against 5.6 forward.",
        "These are real numbers from five people, but the speeds differed. They do not show an effect of direction.",
        "none",
        "flynn1995",
        "Nothing: the speeds were not matched.",
        "The two numbers side by side as an effect of direction.",
    ),
    _claim(
        "impact",
        "Backward running has lower impact.",
        "Not supported. Two studies found 1.04 and 1.11 times the ground force of forward running.",
        "C",
        "roos2012 cavagna2012",
        "Peak ground force is about the same or a little higher backward.",
        "Less impact, softer, or gentler.",
    ),
    _claim(
        "achilles_pain",
        "There is little or no pain with an ankle or Achilles injury.",
        "Not supported. One trial without a comparison group used walking and running backward on a treadmill at -8 "
        "degrees to load the tendon. 14 of 15 people finished, with no adverse event.",
        "D",
        "brslope2021",
        "In one trial without a comparison group, 15 people walked and ran backward on a -8 degree treadmill. 14 "
        "finished, with no adverse event. That does not prove that it helps or does not hurt.",
        "That an injured ankle or tendon will not hurt.",
    ),
    _claim(
        "knee_osteoarthritis",
        "Going backward helps knee osteoarthritis.",
        "Backward walking added to rehabilitation lowered pain (13 trials, standardised difference -1.0). These were "
        "trials of walking, not running.",
        "C",
        "lin2025 alghadir2019",
        "Backward walking within a rehabilitation programme lowered knee pain in trials.",
        "That backward running treats arthritis.",
    ),
    _claim(
        "economy",
        "Training backward improves forward running economy.",
        "The energy cost of running forward fell 2.5 % after 10 weeks (8 people). In another study the oxygen of "
        "running forward fell 30 % after 6 weeks of running backward, and that of running backward 32 % (13 women). "
        "The two studies differ so much that the size of the effect is unknown.",
        "C",
        "ordway2016 terblanche2005",
        "After weeks of backward training, forward running took 2.5 % less energy in one small study (8 people) and "
        "30 % less oxygen in another (13 women). How much it is for you is unknown.",
        "You will run faster.",
    ),
    _claim(
        "muscles",
        "Going backward shifts work between muscles.",
        "Active muscle volume for each unit of ground force is 10 % higher (SEM 3, 4 people, at 3 m/s). Electrical "
        "activity of the front of the thigh (rectus femoris) is 113.5 % higher, averaged over levels of weight support "
        "(13 people). The knee drives and the ankle absorbs (5 people backward, one forward).",
        "C",
        "wright2001 masumoto2023 devita1991",
        "In one study of 4 people, backward running used more muscle for the same force.",
        "Which muscles grow, or how much.",
    ),
    _claim(
        "brain",
        "Going backward trains the brain by its novelty.",
        "It is plausible. We found no measurement.",
        "none",
        "",
        "It is a new skill to learn.",
        "Any promise for memory or the brain.",
    ),
    _claim(
        "surface",
        "Going backward is kinder on trail or on road.",
        "We found no measurement. Falls are the added risk.",
        "none",
        "",
        "Choose a clear, even surface, because you do not see where you go.",
        "That one surface is kinder.",
    ),
    _claim(
        "watch_calories",
        "The calories that a watch computes from heart rate are right for going backward.",
        "Not supported. We found no measurement of a watch going backward. A widely used equation from heart rate "
        "(Keytel 2005) gives 1.36, 1.26 and 1.75 times forward, where oxygen gives 1.28, 1.15 and 1.48. That is 6, 9 "
        "and 18 % too high (computed from the means of two studies).",
        "D",
        "keytel2005 williford1998 kim2001",
        "Calories from heart rate may be too high for going backward.",
        "That the calories of a watch prove how much backward burns.",
    ),
    _claim(
        "hundred_steps",
        "100 steps backward equal 1000 forward, or one lap backward equals six forward.",
        "There are no data for it, and every measurement contradicts it.",
        "none",
        "williford1998 masumoto2023 wright2001 rasica2020 kim2001 korean_walking",
        "At the same speed backward running takes about 30 % more energy.",
        "That a backward step or lap is worth any number of forward ones.",
    ),
    _claim(
        "weight_support_treadmill",
        "On a treadmill that carries part of the body weight, backward running still burns 30 % more.",
        "Not supported. At 20 and 50 % support one study of 13 people found no effect of direction on oxygen uptake, "
        "although backward felt harder (2.8 points).",
        "D",
        "masumoto2023",
        "With a fifth or more of the weight carried, one study found no difference between directions.",
        "30 % more on a weight-support treadmill.",
    ),
    _claim(
        "higher_step_rate",
        "A higher step rate lowers knee load and costs nothing.",
        "With 10 % more steps, oxygen uptake, heart rate and cost rose in both directions. Felt effort did not.",
        "C",
        "masumoto2020 lenhart2014",
        "A higher step rate lowers the estimated knee-cap force and takes more energy.",
        "That it costs nothing.",
    ),
)
"""The common claims about going backward."""

MUSCLE_ROLES: Final[tuple[MuscleRole, ...]] = (
    {
        "finding": "Active muscle volume for each unit of ground force is 1.10 times that of forward running (SEM "
        "0.03, 4 people, at 3 m/s).",
        "evidence": "C",
        "sources": ["wright2001"],
    },
    {
        "finding": "The ankle is the main joint of propulsion and of shock absorption (walking, slower than forward; "
        "one study).",
        "evidence": "C",
        "sources": ["lee2013"],
    },
    {
        "finding": "Running backward, the knee drives (3.60 N.m/kg, 12.40 W/kg) and the ankle absorbs (-6.77 W/kg, "
        "moment 1.92 N.m/kg, smaller than forward), the reverse of forward (5 people backward, one of them forward). "
        "Another study has a much smaller knee moment: 124 N.m, about 1.8 N.m/kg (20 people).",
        "evidence": "C",
        "sources": ["devita1991", "roos2012"],
    },
    {
        "finding": "Electrical activity of the front of the thigh (rectus femoris) is 113.5 % higher, averaged over "
        "levels of weight support.",
        "evidence": "C",
        "sources": ["masumoto2023"],
    },
)
"""The roles of joints and muscles going backward."""

CAUTION: Final = (
    "Load numbers are estimates from small laboratory studies of healthy adults. They were not measured on you. They "
    "are no diagnosis and no injury prediction. A lower estimated knee load does not mean less pain. Backward running "
    "may load calf, Achilles tendon and forefoot more, and it adds a risk of falling. Adults only."
)
"""The caution that every app that shows a load must give, in its own words."""


class Evidence(TypedDict):
    """The common claims about going backward, with the evidence."""

    caution: str
    claims: list[Claim]
    muscle_roles: list[MuscleRole]


def evidence() -> Evidence:
    """Return the claims, the muscle roles and the caution.

    Examples
    --------
    >>> evidence()["claims"][0]["evidence"]
    'B'
    """
    return {"caution": CAUTION, "claims": list(CLAIMS), "muscle_roles": list(MUSCLE_ROLES)}

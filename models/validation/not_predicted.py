"""List why no equation predicts some quantities of the timing and load tables."""

from typing import Final

NOT_PREDICTED: Final[dict[str, str]] = {
    # gait.csv
    "flight_time": "no output; cadence and contact time of the same steps are compared",
    "duty_factor": "no output; cadence and contact time of the same steps are compared",
    "aerial_time": "no output, and a mean over speeds",
    "mass_specific_vertical_stiffness": "no output",
    "preferred_walk_run_transition": "used unchanged, in a warning",
    "energetically_optimal_transition": "no output",
    "VO2_pre_practice": "litres per minute without body mass; no model of practice",
    "VO2_post_4wk_practice": "litres per minute without body mass; no model of practice",
    # load.csv and load_findings.csv
    "knee_moment_peak": "newton metres per kilogram, only backward: no equation gives a moment",
    "ankle_moment_peak": "newton metres per kilogram, only backward: no equation gives a moment",
    "knee_flexion_at_peak_knee_moment": "no output",
    "cop_location_on_foot_at_peak_knee_moment": "no output",
    "com_peak_upward_acceleration": "compared as the peak ground force derived from it",
    "active_muscle_volume_per_force_ratio_BR/FR": "no output",
    "metabolic_rate_ratio_BR/FR_measured": "compared as a row of ratios.csv",
    "contact_time_ratio_BR/FR": "compared as a row of gait.csv",
    "ankle_plantarflexor_moment_peak": "no output",
    "vgrf_impact_peak": "the impact peak is not an indicator",
    "valr": "loading rate is not an indicator: it does not predict injury",
    "vgrf_peak_from_1/duty_factor_RMSE": "an error of another method",
    "normal_active_peak_change": "disputed by Alcantara 2022: no grade term, but a spread that grows with slope",
    "peak_joint_moments_change": "a finding in words; it bounds the grades of the knee-cap force",
    "pfj_peak_stress_change_FFS_vs_RFS": "foot strike is not an input",
    "pfj_stress_time_integral_change_FFS_vs_RFS": "foot strike is not an input",
    "achilles_impulse_per_step_change_nonRFS_vs_RFS": "foot strike is not an input",
    "achilles_avg_loading_rate_change_nonRFS_vs_RFS": "foot strike is not an input",
    "achilles_peak_stress_change_step_rate_+5%": "a direction, and stress",
}
"""The reason why no equation predicts a quantity, by its name in the table."""

NOT_PREDICTED_BEGINNING: Final[dict[str, str]] = {
    "pfj_stress_per": "stress over the contact area, not force",
    "tibiofemoral_": "no indicator of the tibiofemoral joint",
    "tibial_bending": "no indicator of bending",
    "knee_adduction": "no indicator of adduction",
    "knee_flexion_moment": "a direction, without a number",
    "knee_OA": "pain or disability: no model",
    "VISA-A": "symptoms: no model",
    "normal_impact": "the impact peak is not an indicator",
    "braking_peak": "no indicator along the ground",
    "propulsive_peak": "no indicator along the ground",
    "ankle_power": "a direction, without a number",
    "main_propulsion": "a finding in words",
}
"""The same, by the beginning of the name."""


def reason_not_predicted(quantity: str) -> str | None:
    """Return why no equation predicts a quantity of this name, or None.

    Examples
    --------
    >>> reason_not_predicted("valr"), reason_not_predicted("cadence")
    ('loading rate is not an indicator: it does not predict injury', None)
    """
    if quantity in NOT_PREDICTED:
        return NOT_PREDICTED[quantity]
    return next((why for word, why in NOT_PREDICTED_BEGINNING.items() if quantity.startswith(word)), None)

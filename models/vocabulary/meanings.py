"""The meaning of each word of a request and an answer."""

from typing import Final

from retrorun.models.vocabulary.quantities import RUNNING_FROM_M_S

MEANINGS: Final[dict[str, str]] = {
    "value": "The estimate.",
    "low": "Lower end of the range.",
    "high": "Upper end of the range.",
    "evidence_grades": "The evidence grade of each quantity that is not a load, and the conditions for it.",
    "quantity": "The quantity with this grade.",
    "where": "The conditions for this grade.",
    "evidence": (
        "Evidence grade: A several consistent measured studies; B a meta-analysis or consistent modelled "
        "data; C few, small, indirect or conflicting studies (C-: very few); D extrapolation or a choice of "
        "this project; none: no measurement to grade."
    ),
    "gait": f"Running or walking, the same in both directions. Default: running from {RUNNING_FROM_M_S:g} m/s.",
    "equal": "The quantity that is the same in both directions, besides the duration.",
    "energy_model": "The forward energy equation.",
    "estimate_energy_model": "The forward energy equation. all adds `equations`.",
    "equations": "With energy_model all: the energies by each equation. The rest is by the default one.",
    "in_range": "Whether speed and slope are inside the data of the equation.",
    "reason": "Why the equation has no energies here.",
    "record": "How its oxygen uptakes compare with published ones, from GET /validation.",
    "direction_model": "The source of the ratio backward to forward.",
    "sex": "Sex for the resting energy equation. Give age_y and height_m too.",
    "overground": "Add the drag of still air. Default: false.",
    "strict": "Refuse, instead of warn, if an energy estimate would be outside its data or implausible.",
    "per": "What a plot of energy shows: second for power, km for the energy of a kilometre. Default: second.",
    "theme": ("Colours of a plot. auto: the reader's preference where possible, else light. Default: light."),
    "include": (
        "summary, energy, timing, load, ratio: the answer has only those you list. The others are added to it."
    ),
    "view": "How much the answer shows. Default: standard.",
    "answer_include": "Parts to add. An empty list leaves the summary out.",
    "severity": (
        "safety: you can get hurt if you do not know it. limit: the answer is outside its data, or a part of it is "
        "missing. note: how it was made. Safety comes first."
    ),
    "docs": "Link to this warning in the list of messages.",
    "params": "The values in the text, by name, for a translation.",
    "about": "JSON Pointers to the parts of this answer that the warning concerns.",
    "items": "Bouts, each as in POST /estimate. An invalid one does not stop the others.",
    "columns": "Inputs of POST /estimate as columns, one row per bout. A column of one value is for all rows.",
    "fields": "Columns to return: the path in the answer, joined with underscores. Default: all.",
    "workout_include": "Parts to add. An empty list leaves the summary out.",
    "track_include": "Parts to add. An empty list leaves the summary out.",
    "track_backward": "Ranges of time that you did backward. Default: all forward.",
    "track_sport": "as_foot answers a file of any sport as walking and running. Default: only sessions on foot.",
    "track_grades": (
        "Ranges of time with their slopes, for a recording without altitudes. The rest is level. In place of grade."
    ),
    "track": "What was cleaned, paused, left out and smoothed in the recording.",
    "measured": "What the watch measured, and how much narrower the ranges became.",
    "profile": "Speed, slope and level speed of each segment.",
    "points": "Points in the file.",
    "unusable_points": (
        "Points that are not used: without a time, without a position and distance, or with a time that does "
        "not fit the others."
    ),
    "redated_points": "Points whose time was wrong although the way continues. They are dated anew.",
    "sessions": (
        "The sessions of the file, the oldest first: activities, or parts of one with its own sport, or between breaks "
        "of more than an hour. There is at least one."
    ),
    "used": (
        "Whether the session is in the totals. It is not if it is not on foot, at the time of another, or unusable."
    ),
    "sport": "Sport of the session as the file names it, in our words. Missing if the file names none.",
    "removed_spikes": "Removed points: they are off the track, and faster to reach than anybody sprints.",
    "removed_altitudes": (
        "Removed altitudes: they are on another level than those before and after them, and no foot climbs between."
    ),
    "jumps": "Places where the track continues elsewhere, faster than anybody sprints. They are left out.",
    "gaps": "Times of more than a minute without a point in which you did not move. They count as pauses.",
    "sparse_intervals": "Times of more than a minute without a point in which you moved at the speed of a foot.",
    "pauses": "Pauses in the recording: consecutive segments that are slower than walking and do not climb.",
    "distance_source": (
        "Source of the speeds: the distance of the device if the file has all of it and the positions do not "
        "contradict it, otherwise the positions. Without both: the speed of the points, or the distance of the session."
    ),
    "smoothing": "How elevation and positions are smoothed.",
    "segment_start_s": "Start of each segment, counted from the first point with time and place [s].",
    "segment_duration_s": "Duration of each segment [s].",
    "segment_speed_m_s": "Mean speed of each segment [m/s].",
    "segment_grade": "Rise over run of each segment, smoothed [1].",
    "segment_direction": "Direction of each segment.",
    "segment_level_speed_m_s": (
        "Level speed of each segment in its direction [m/s]: the speed on level ground that takes as much energy per "
        "second. An empty object if it is unknown."
    ),
    "intensity": "Absolute intensity by MET: light below 3, moderate from 3, vigorous from 6.",
    "load": "Joint-load indicators.",
    "forward": "The bout going forward. In a workout: the parts done forward.",
    "backward": "The bout going backward. In a workout: the parts done backward.",
    "ratio": "Backward over forward, each with its own range. In a workout: reversed over as given.",
    "assumed": "Every input that you left out, with the value that was used.",
    "warnings": "Where the answer leaves its data, what is missing and why, and how to read it.",
    "models": "The equations that were used, their version and a hash of their coefficients.",
    "references": "The sources of the numbers in this answer, by their id in GET /references.",
    "spread": "The parts of the spread of total energy, as coefficients of variation.",
    "model_cv": "How far the forward equation may be from the mean of a group.",
    "person_cv": "How far one person may be from a group, forward.",
    "conversion_cv": "The spread of kilocalories per litre of oxygen.",
    "ratio_person_cv": "How far the backward ratio of one person may be from that of a group.",
    "ratio_study_cv": (
        "How far studies of the ratio differ. This is unscaled; for the ends of a range it is multiplied by t over z."
    ),
    "ratio_studies": "The number of studies behind ratio_study_cv. t has one degree of freedom less.",
    "personal_forward_cv": "The forward spread that remains with own measurements, except conversion_cv.",
    "personal_backward_cv": "The backward spread that remains with own measurements, except conversion_cv.",
    "personal_ratio_cv": "The spread of the ratio that remains with own measurements.",
    "personal_forward_study_cv": "The part of personal_forward_cv between studies, before t over z widens it.",
    "personal_backward_study_cv": "The part of personal_backward_cv between studies, before t over z widens it.",
    "personal_ratio_study_cv": "The part of personal_ratio_cv between studies, before t over z widens it.",
    "input_cv": "The spread from the errors that you gave for speed and body mass.",
    "personal": "Personal factors, as POST /estimate returned them. They replace measurements.",
    "forward_factor": "Your forward energy over that of the model, shrunk towards 1.",
    "backward_factor": "Your backward energy over that of the model, shrunk towards 1.",
    "measurements": "Your own measurements. They add a personal factor.",
    "direction": "Forward or backward. Default: forward.",
    "segments": "Segments, in the order of the workout.",
    "repeat": "How often the segments beside it are done.",
    "index": "Place among the segments that move, from 0. Each listed segment counts once.",
    "times": "How often it is done. Its numbers are for one time.",
    "covered": "Share of the moving time in which this is known. The total includes only this time [1].",
    "totals": "The workout as given, pauses included. In a plan: its bouts without the rest.",
    "reversed": "The same workout with every segment in the other direction, at the same speeds.",
    "run": "For running.",
    "walk": "For walking.",
    "version": "Version of the service and its models.",
    "coefficients": "Coefficients, in the order of the letters of the equation.",
    "hash": "Short hash of everything in GET /models but the version. The header RetroRun-Models has it too.",
    "summary": "What the answer says, in up to three sentences for people.",
    "headline": "The main number in words.",
    "knee": "What it means for the knee-cap, or that this is unknown.",
    "text": "The sentence in English. To translate it, fill params into your own text of its code.",
    "code": (
        "Stable word for programs. The part of a warning's code before the point is its kind. energy, timing, "
        "load: an estimate is outside its data. absent: something is missing. caution: read this before you "
        "use the answer."
    ),
    "message": "A sentence for people.",
    "id": "Stable key.",
    "claim": "The claim in common words.",
    "claims": "Common claims, each with its finding.",
    "finding": "What the evidence shows.",
    "sources": "Sources, by their id in GET /references.",
    "may_say": "Wording that an app may use.",
    "must_not_say": "What an app must not say.",
    "caution": "A caution. Every app that shows a load must give it, in its own words.",
    "muscle_roles": "The roles of joints and muscles going backward.",
    "energy_models": "The forward energy equations.",
    "direction_models": "The ratios backward to forward at equal speed.",
    "backward_over_forward": "The ratio of gross energy at equal speed, the same on every slope [1].",
    "constants": "Every constant of the models.",
    "equation": "The equation, with letters for its coefficients in order.",
    "speed_range_m_s": "Speeds of the data [m/s]. One number: there is no upper end.",
    "grade_range": "Slopes of the data, rise over run [1].",
    "defined": "Slopes on which the equation has an answer, if not all.",
    "published_error": "Its published error.",
    "sample": "The people whose data are behind it.",
    "standing": (
        "published: in the publisher's page or abstract; secondary: transcribed by a third party; derived: "
        "arithmetic on published numbers; choice: a decision of this project."
    ),
    "study_cv": "Spread of the ratio between studies, a coefficient of variation [1].",
    "studies": "The number of studies behind the spread.",
    "name": "Public name. It stays the same when the code is moved.",
    "group": "The group of the constant. The name begins with it.",
    "number": "The value of the constant.",
    "meaning": "The meaning of the constant, with its unit.",
    "citation": "Short citation.",
    "doi": "Digital object identifier, if it was checked.",
    "goal": "The most active energy in duration_s, the lowest value of indicator for active_energy_kcal, or the most "
    "time backward in duration_s.",
    "indicator": "The load to minimise: a peak, or the impulse over all bouts.",
    "limits": "Highest values of a plan: the impulse over all bouts together, the others at any time.",
    "bouts": (
        "Up to three bouts, each done `times` times: first one time of each backward, then of each forward, then rest. "
        "A bout that is too far for one answer is split into equal parts."
    ),
    "binding": (
        "What limits the plan: duration_s, longest_backward_s, recovery_s, experience, a limit, your own speed or "
        "maximum, or speed_range, which is the end of the data or of what is plausible."
    ),
    "probabilities": (
        "How likely one person stays within each limit. Missing if only a range is known, or above 0.995."
    ),
    "limit": "Name of the limit.",
    "forward_only": "The best plan only forward. It repeats the plan if that is the best of all.",
    "backward_only": "The best plan only backward. It repeats the plan if that is the best of all.",
    "experience": (
        "How long you have gone backward. Adds weeks, and limits the time backward: never to 6 min, weeks to 15 min."
    ),
    "fixed_speeds": "Go exactly at speed_high_m_s and backward_speed_high_m_s. Default: false.",
    "place": "Where you go backward. Adds practical advice.",
    "weeks": "The way to the plan over four weeks: our choice, evidence grade D. Missing without experience.",
    "week": "Number of the week, from 1.",
    "Week.sessions": "Sessions in the week.",
    "speed": "Ratio of speeds, and of distances.",
    "total_energy": "Ratio of total energies, and of metabolic powers, oxygen uptakes and METs.",
    "active_energy": "Ratio of active energies. It is larger, because rest is the same both ways.",
    "cadence": "Ratio of cadences, and of steps.",
    "contact_time": "Ratio of contact times.",
    "find": (
        "bout: that of an energy, at a speed or for a duration. speed: that of an oxygen uptake, MET or power. "
        "equal_cost_speed: the speed backward with the energy of one forward, or the reverse. level_speed: the level "
        "speed with the energy of one on a slope. speed_range: the speeds at which a load is at most your value. "
        "probability: how likely one person is above it."
    ),
    "speed_ranges": "The speeds at which the load stays at or below your value. Both ends are included.",
    "probability": (
        "How likely one person is above your value, or not. Missing if only a range is known, or beyond the range "
        "of 99 in 100 people."
    ),
    "more_than": "Probability that one person is above your value [1].",
    "at_most": "Probability that one person is at or below your value [1].",
    "unattainable": "The target is not possible in this direction. This is the possible range.",
    "target": "Name of the target or bound that you gave.",
    "unit": "Unit of the numbers beside it.",
    "nearest": "The possible value nearest to the target. It is missing if a request cannot have it.",
    "peak_vertical_force": "Ratio of peak vertical forces.",
    "patellofemoral_peak_force": "Ratio of peak patellofemoral forces.",
    "patellofemoral_impulse_per_km": "Ratio of patellofemoral impulses per kilometre.",
    "achilles_relative_load": "Ratio of Achilles loads: only a range, no value.",
}
"""The meaning of each word that is not a number of `models.vocabulary.quantities`. A key of `Ratio` means the ratio. A
word that has another meaning in another shape has that shape before it."""


VALIDATION_MEANINGS: Final[dict[str, str]] = {
    "group_interval": "Probability inside every range here.",
    "coverage": "How many of the measured values each model covers, and the conclusion.",
    "conclusion": "The conclusion about the model, in a sentence.",
    "Coverage.comparisons": (
        "Number of comparisons. A direction model is compared only with the rows of ratios.csv, one per study "
        "and gait. Backward energies of an energy equation are compared only with `documented`."
    ),
    "Coverage.model": "The model.",
    "summary": "Bias, error and coverage of each model on each indicator, by gait and direction.",
    "misses": "Measured values outside the group range, with the cause if it is known.",
    "comparisons": "Each value from the literature, a mean or a table value, beside our estimate.",
    "Summary.comparisons": "Number of comparisons.",
    "Summary.studies": "Number of studies and tables behind them.",
    "not_predicted": "Rows of the tables that no model predicts, and why. Missing if you choose a model or indicator.",
    "spreads": "Published spreads between people, beside the person part of the model. Missing if you filter.",
    "spreads_left_out": "Published spreads that are not of people per kilogram. Missing if you filter.",
    "pooling": "Random-effects analysis of the running ratios. Missing if you filter.",
    "table": "Name of the table with the measurement.",
    "rows": "Rows of the table behind it. The first row after the header is 1.",
    "row": "Row of the table. The first row after the header is 1.",
    "study": "The study, as named in the table.",
    "n": "Sample size, if there is one.",
    "gait": "Gait of the row.",
    "direction": "Direction of the row. A ratio backward over forward is backward.",
    "model": "The model. Energy and direction models have a name; the others have the name of their result.",
    "direction_model": "Source of the ratio, if a backward energy is compared.",
    "indicator": "What is compared, by its name in an answer. Without a unit in the name it is backward over forward.",
    "unit": "Unit of measured, predicted and error.",
    "measured": "The value from the literature.",
    "predicted": "Our estimate.",
    "error": "Predicted minus measured, in the unit.",
    "relative_error": "The error over the size of the measured value.",
    "group_spread": (
        "How far the mean of a group may be from the model, as a coefficient of variation: model, study "
        "(backward) and person over the root of n. For timing and load: the spread of the model over the root "
        "of n. Missing if the sample size is unknown and there is no other spread."
    ),
    "standard_score": "Logarithm of predicted over measured, in standard deviations of the group range.",
    "inside": "Whether the measured value is inside the group range. Missing if there is no range.",
    "in_range": "Whether speed and slope are inside the range of the equation.",
    "fitted": "Whether the coefficients were fitted to this row or chosen with it. Such a row proves little.",
    "fitted_comparisons": "How many of them were used to fit the coefficients.",
    "out_of_range": "How many of them are outside the range of the equation.",
    "standing": "Standing of the measured value: published, secondary or derived.",
    "note": "A note on this comparison.",
    "quantity": "The quantity of the row, as named in the table.",
    "reason": "Why no model predicts it.",
    "name": "The miss in words.",
    "cause": "The cause, as far as it is known.",
    "bias": "Mean error, in the unit.",
    "root_mean_square_error": "Root mean square error, in the unit.",
    "mean_absolute_percentage_error": "Mean of the absolute relative errors, in percent.",
    "judged": "Comparisons that have a group range.",
    "covered": "Comparisons inside the group range.",
    "share_covered": "Covered over judged.",
    "share_low": "Lower end of the exact (Clopper-Pearson) interval of that share, if rows are independent.",
    "share_high": "Upper end of the exact (Clopper-Pearson) interval of that share, if rows are independent.",
    "published_cv": "Published standard deviation over the mean.",
    "model_cv": "Person part of the model.",
    "published_over_model": "Published over model.",
    "SpreadComparison.low": "Lower end of that ratio, by the chi-square interval of a standard deviation of n.",
    "SpreadComparison.high": "Upper end of that ratio, by the chi-square interval of a standard deviation of n.",
    "holds_one": "Whether that interval includes 1.",
    "analysis": "With the standard errors of the table. Missing with fewer than two.",
    "by_correlation": "The same, with the assumed standard errors computed again for other correlations.",
    "without_standard_error": "Studies without a standard error. Only the unweighted mean can use them.",
    "not_pooled": "The study that found no significant difference, and how its weak bound would change the mean.",
    "correlation": "Assumed correlation of the forward and backward cost of a person.",
    "studies": "The studies, with standard errors and weights.",
    "backward_over_forward": "Ratio of gross energy at equal speed. In an analysis: its mean.",
    "low": "Lower end of the interval of the mean (Hartung-Knapp).",
    "high": "Upper end of the interval of the mean (Hartung-Knapp).",
    "prediction_low": "Lower end of the interval for the ratio of another study, k - 2 degrees of freedom.",
    "prediction_high": "Upper end of the interval for the ratio of another study, k - 2 degrees of freedom.",
    "tau": "Standard deviation of the logs between studies (DerSimonian-Laird).",
    "heterogeneity_q": "Cochran's Q. Its degrees of freedom are the number of studies less one.",
    "se_log": "Standard error of the logarithm of the ratio.",
    "se_basis": "Source of the standard error, or why it is missing.",
    "weight": "Share of the study in the mean.",
    "bound": "The ratio that was assumed for it.",
    "pooled": "Unweighted log mean of the table.",
    "pooled_with_bound": "Unweighted log mean with the bound.",
    "sd_log_with_bound": "Standard deviation of the logs with the bound.",
}
"""By field, or by shape and field if a field has another meaning in another shape."""

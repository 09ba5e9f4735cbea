"""The help of the commands that ask a question. It imports nothing of them, so that the help is fast."""

from typing import Final, NamedTuple


class QuestionHelp(NamedTuple):
    """The help of a command that asks one of the service's questions."""

    description: str
    """The list of commands shows its first sentence."""
    examples: tuple[str, ...]
    """The usage line shows the first one."""


QUESTION_HELP: Final = {
    "estimate": QuestionHelp(
        "Estimate one bout (a run or a walk). Give --mass and two of --speed, --duration and --distance.",
        (
            "--mass 70kg --speed 10km/h --duration 20min",
            "--mass 154lb --speed 8:30min/mile --distance 3.1mi --age 34 --sex female --height 5ft6",
            "--mass 70kg --speed 5:30min/km --distance 10km --grade 5% --equal metabolic_rate --json",
        ),
    ),
    "solve": QuestionHelp(
        "Find the bout, speed or range of speeds that meets a target, or how likely a bout exceeds a value. Choose "
        "with --find what you look for. Give the target with its own option, for example --total-energy 300kcal.",
        (
            "--find bout --mass 70kg --total-energy 300kcal --speed 9km/h",
            "--find speed --mass 70kg --oxygen-uptake 35ml/kg/min --gait run",
            "--find equal-cost-speed --mass 70kg --speed 5:30min/km",
            "--find level-speed --mass 70kg --speed 9km/h --grade 5%",
            "--find speed-range --mass 70kg --patellofemoral-peak-force 4BW --gait run",
            "--find probability --mass 70kg --speed 9km/h --duration 20min --total-energy 250kcal",
        ),
    ),
    "plan": QuestionHelp(
        "Plan the best mix of forward and backward. For --goal most-energy, give --duration: the plan uses the most "
        "active energy in that time. For --goal most-backward, give it too: the plan has the most time backward. "
        "For --goal least-load, give --active-energy and --indicator: the plan has the least of that load.",
        (
            "--goal most-energy --mass 70kg --duration 20min --limit patellofemoral-impulse-per-bout=900",
            "--goal least-load --mass 70kg --active-energy 150kcal --indicator peak-vertical-force",
            "--goal most-energy --mass 70kg --duration 20min --limit peak-vertical-force=3 --confidence 90%",
            "--goal most-backward --mass 70kg --duration 30min --longest-backward 30s --experience never",
        ),
    ),
    "workout": QuestionHelp(
        "Add up a workout from a file, as given and reversed. FILE is JSON (the body of POST /workout), a GPX, TCX or "
        "FIT file from a watch, or such files in a ZIP archive, which are answered one by one. The content decides "
        "which, not the name. Use - to read standard input. An option replaces the value in a JSON workout.",
        (
            "intervals.json",
            "morning.fit --mass 70kg --backward 10:00-20:00 --backward 31:00-",
            "october.zip --mass 70kg",
        ),
    ),
}

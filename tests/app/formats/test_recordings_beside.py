"""Recordings beside the repository, if there are any, against the table beside them.

The folder is `../shared/recordings`. Recordings of people are not kept in the repository. The table is a CSV file in
the folder with the column `file`, and at least one of `distance_m`, `total_energy_kcal`, `ascent_m` and `code`, the
code of a refusal. An empty cell is not compared. `body_mass_kg` is 70 unless the table has it.
"""

import csv
from pathlib import Path
from typing import Any

import pytest

from retrorun.app.formats.watch_files import read_watch_file
from retrorun.models.track.track import track
from retrorun.models.vocabulary.errors import EstimateError
from tests.recordings import fit_file, gpx_file, recorded

FOLDER = Path(__file__).parents[4] / "shared" / "recordings"
WITHIN = 0.01
"""Relative difference to the table."""
NUMBERS = ("distance_m", "total_energy_kcal", "ascent_m")


def answer_of(path: Path, body_mass_kg: float) -> dict[str, Any]:
    """Return the numbers or the code of a refusal for a recording."""
    try:
        points, sessions = read_watch_file(path.read_bytes())
        answer = track(points, sessions, body_mass_kg=body_mass_kg)
    except EstimateError as error:
        return {"code": error.code}
    totals, report = answer["totals"], answer["track"]
    return {
        "distance_m": totals["distance_m"],
        "total_energy_kcal": totals["total_energy_kcal"]["value"],
        "ascent_m": report.get("ascent_m", 0.0),
    }


def differences(folder: Path) -> list[str]:
    """Return what differs from the tables of a folder, and files without a row."""
    found = []
    tables = sorted(folder.glob("*.csv"))
    named = set()
    for table in tables:
        with table.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                named.add(row["file"])
                answer = answer_of(folder / row["file"], float(row.get("body_mass_kg") or 70.0))
                wanted: dict[str, Any] = {name: float(row[name]) for name in NUMBERS if row.get(name)}
                if row.get("code"):
                    wanted["code"] = row["code"]
                assert wanted, f"{row['file']}: the table says nothing to compare"
                found += [
                    f"{row['file']}: {name}"
                    for name, value in wanted.items()
                    if answer.get(name) != (value if name == "code" else pytest.approx(value, rel=WITHIN, abs=1.0))
                ]
    others = (path.name for path in folder.iterdir() if path.suffix in {".fit", ".gpx", ".tcx", ".gz", ".zip"})
    return found + [f"{name}: not in a table" for name in sorted(others) if name not in named]


def test_every_recording_beside_the_repository_has_the_numbers_of_its_table() -> None:
    assert differences(FOLDER) == [] if FOLDER.is_dir() else not FOLDER.exists()


def test_a_difference_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "run.fit").write_bytes(fit_file(recorded(600)))
    (tmp_path / "ride.gpx").write_bytes(gpx_file(recorded(60)).replace(b"<trkseg>", b"<type>ride</type><trkseg>"))
    table = tmp_path / "table.csv"
    table.write_text("file,distance_m,code\nrun.fit,1498,\nride.gpx,,not_on_foot_sport\n", encoding="utf-8")
    assert differences(tmp_path) == []
    table.write_text("file,distance_m,code\nrun.fit,1400,\nride.gpx,100,planned\n", encoding="utf-8")
    assert differences(tmp_path) == ["run.fit: distance_m", "ride.gpx: distance_m", "ride.gpx: code"]
    (tmp_path / "other.tcx").write_bytes(b"")
    assert differences(tmp_path)[-1] == "other.tcx: not in a table"

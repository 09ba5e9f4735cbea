"""`retrorun bulk` reads inputs from columns with other names and units, and the same value for all rows."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from retrorun.app.bulk.columns import Column, Unclear, columns_of
from retrorun.app.bulk.run import Options, run
from retrorun.app.bulk.source import BadFile
from retrorun.app.cli.main import main
from retrorun.app.formats.record_batches import input_schema, output_schema
from retrorun.models.columns.names import FIELDS, NUMBERS, WORDS
from retrorun.models.estimate.estimate import estimate

FIELD = "forward_total_energy_kcal"
KINDS = ("csv", "jsonl", "parquet")


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "out.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def command(folder: Path, kind: str, *more: str) -> list[str]:
    return ["bulk", str(folder / f"in.{kind}"), str(folder / "out.csv"), "--workers", "1", "--fields", FIELD, *more]


def energy(**bout: Any) -> float:
    return estimate(**bout)["forward"]["total_energy_kcal"]["value"]


class TestHeadings:
    @pytest.mark.parametrize(
        ("heading", "cell", "name", "want"),
        [
            ("Distance (km)", 3, "distance_m", 3000.0),
            ("distance[KM]", 3, "distance_m", 3000.0),
            ("Distance [mi]", 2, "distance_m", 3218.688),
            ("distance_miles", 2, "distance_m", 3218.688),
            ("Distance km", 3, "distance_m", 3000.0),
            ("Total Distance, m", 3000, "distance_m", 3000.0),
            ("Weight (lb)", 154, "body_mass_kg", 69.85322498),
            ("Body Mass (kg)", 70, "body_mass_kg", 70.0),
            ("mass_lbs", 154, "body_mass_kg", 69.85322498),
            ("Elapsed Time", 1200, "duration_s", 1200.0),
            ("Moving Time", 1200, "duration_s", 1200.0),
            ("Moving Time (min)", 20, "duration_s", 1200.0),
            ("duration_min", 20, "duration_s", 1200.0),
            ("Time in minutes", 20, "duration_s", 1200.0),
            ("Time [h]", 0.5, "duration_s", 1800.0),
            ("speed_km_h", 9, "speed_m_s", 2.5),
            ("Average Speed (m/s)", 2.5, "speed_m_s", 2.5),
            ("Avg Speed(km / h)", 9, "speed_m_s", 2.5),
            ("speed_mph", 5, "speed_m_s", 2.2352),
            ("Grade (%)", 5, "grade", 0.05),
            ("grade_percent", -5, "grade", -0.05),
            ("Age (years)", 40, "age_y", 40.0),
            ("Height [cm]", 180, "height_m", 1.8),
            ("BODY_MASS_KG", 70, "body_mass_kg", 70.0),
            ("\ufeffbody_mass_kg", 70, "body_mass_kg", 70.0),
        ],
    )
    def test_a_plain_name_with_its_unit_is_an_input(self, heading: str, cell: float, name: str, want: float) -> None:
        column = columns_of([heading], (), {}, {})[heading]
        assert column.input == name
        assert float(cell * column.size) == pytest.approx(want, rel=1e-15)

    @pytest.mark.parametrize(
        "heading",
        [
            *("Distance", "Weight", "Time", "Speed", "Height", "distance_furlong", "Distance (furlong)", "Time (UTC)"),
            *(
                "Pace (min/km)",
                "Average Pace",
                "Heart Rate (bpm)",
                "Max Speed (km/h)",
                "Distance (kg)",
                "note (km)",
                "km",
            ),
            *("", "()", "(km)", "Distance ()", "Distance (km) (2)", "Elapsed Time (moving)"),
        ],
    )
    def test_anything_else_is_not(self, heading: str) -> None:
        assert not columns_of([heading], (), {}, {})

    @pytest.mark.parametrize("name", [*NUMBERS, *WORDS])
    def test_any_input_can_be_mapped(self, name: str) -> None:
        assert columns_of(["their column"], (), {name: "their column"}, {})["their column"] == Column(name)

    @pytest.mark.parametrize(
        ("name", "heading", "want"),
        [
            ("distance_m", "Strecke (km)", 1000),
            ("distance_m", "dist_km", 1000),
            ("distance_m", "x", 1),
            ("speed_sd_m_s", "error [km/h]", 1 / 3.6),
            ("duration_s", "run_min", 60),
            ("weight_support", "support (%)", 0.01),
            ("oxygen_uptake_max_ml_kg_min", "VO2max (ml/kg/min)", 1),
        ],
    )
    def test_a_mapped_column_is_converted_from_the_unit_that_it_states(
        self, name: str, heading: str, want: float
    ) -> None:
        assert float(columns_of([heading], (), {name: heading}, {})[heading].size) == pytest.approx(want, rel=1e-15)

    @pytest.mark.parametrize(
        ("headings", "keep", "maps", "constants", "said"),
        [
            (["Elapsed Time", "Moving Time"], (), {}, {}, "both duration_s. Choose one with --map duration_s="),
            (["distance_m", "Distance (km)"], (), {}, {}, "both distance_m"),
            (["a (furlong)"], (), {"distance_m": "a (furlong)"}, {}, "unit in brackets is unknown"),
            (["Pace (min/km)"], (), {"speed_m_s": "Pace (min/km)"}, {}, "unit in brackets is unknown"),
            (["a"], (), {"distance_m": "a", "duration_s": "a"}, {}, "another --map has this column"),
            (
                ["Weight (lb)"],
                (),
                {},
                {"body_mass_kg": 70.0},
                "--set body_mass_kg: the file has it in the column Weight",
            ),
            (["a"], (), {"body_mass_kg": "a"}, {"body_mass_kg": 70.0}, "--set body_mass_kg: the file has it"),
            (["Speed (m/s)", "Time (s)", "Distance (m)"], (), {}, {}, "Choose two with --map"),
            (["Speed (m/s)", "Time (s)"], (), {}, {"distance_m": 1.0}, "Choose two with --map"),
        ],
        ids=range(9),
    )
    def test_what_is_not_clear_is_an_error(
        self, headings: list[str], keep: Any, maps: Any, constants: Any, said: str
    ) -> None:
        with pytest.raises(Unclear) as caught:
            columns_of(headings, keep, maps, constants)
        assert said in str(caught.value)

    def test_a_chosen_column_wins_over_a_plain_name(self) -> None:
        headings = ["Elapsed Time", "Moving Time", "Distance (km)", "Average Speed (m/s)"]
        found = columns_of(headings, (), {"duration_s": "Moving Time", "distance_m": "Distance (km)"}, {})
        assert [*found] == ["Moving Time", "Distance (km)"]

    def test_a_kept_column_is_no_input_unless_it_is_named_as_one(self) -> None:
        headings = ["Elapsed Time", "Weight (lb)", "grade"]
        assert [*columns_of(headings, headings, {}, {})] == ["grade"]
        assert columns_of(headings, headings, {"body_mass_kg": "Weight (lb)"}, {})["Weight (lb)"].unit == "lb"


class TestRuns:
    @pytest.mark.parametrize("kind", KINDS)
    def test_units_are_converted_in_every_kind_of_file(
        self, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        rows = [
            {"run": f"r{place}", "Weight (lb)": 154, "speed_km_h": 9, "Zeit (min)": 20 + place} for place in range(3)
        ]
        write(tmp_path / f"in.{kind}", rows)
        more = ["--map", "duration_s=Zeit (min)", "--keep", "run,speed_km_h"]
        assert main(command(tmp_path, kind, *more, "--map", "speed_m_s=speed_km_h", "--partition-rows", "2")) == 0
        found = rows_of(tmp_path)
        assert [row["run"] for row in found] == ["r0", "r1", "r2"]
        assert [row["speed_km_h"] for row in found] == ["9"] * 3
        for place, row in enumerate(found):
            bout = {"body_mass_kg": 154 * 0.45359237, "speed_m_s": 2.5, "duration_s": (20 + place) * 60.0}
            assert float(row[FIELD]) == pytest.approx(energy(**bout), rel=1e-12)
        said = capsys.readouterr().out
        assert "body_mass_kg is 'Weight (lb)' in lb" in said
        assert "speed_m_s is 'speed_km_h' in km/h" in said

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_value_for_all_rows(self, kind: str, tmp_path: Path) -> None:
        write(tmp_path / f"in.{kind}", [{"duration_s": seconds} for seconds in (600.0, 1200.0)])
        more = ["--set", "body_mass_kg=154lb", "--set", "speed_m_s=9km/h", "--set", "grade=-5%", "--set", "gait=run"]
        assert main(command(tmp_path, kind, *more)) == 0
        bout = {"body_mass_kg": 154 * 0.45359237, "speed_m_s": 2.5, "grade": -0.05}
        want = [energy(duration_s=seconds, **bout) for seconds in (600.0, 1200.0)]
        assert [float(row[FIELD]) for row in rows_of(tmp_path)] == pytest.approx(want, rel=1e-12)

    @pytest.mark.parametrize("kind", KINDS)
    def test_one_personal_factor_for_all_rows(self, kind: str, tmp_path: Path) -> None:
        bout: dict[str, Any] = {"body_mass_kg": 70.0, "speed_m_s": 2.5, "duration_s": 1200.0}
        own: list[Any] = [{"speed_m_s": 2.5, "oxygen_uptake_ml_kg_min": 33.0, "direction": "backward"}]
        factor: dict[str, Any] = dict(estimate(**bout, measurements=own)["personal"]["run"])
        factor.pop("made_with")
        assert factor["covariance"] < 0.0, "a number in exponent form or below zero is also read"
        write(tmp_path / f"in.{kind}", [bout | {"mine": factor.pop("forward_log")}])
        more = [word for name, value in factor.items() for word in ("--set", f"personal_run_{name}={value}")]
        assert main(command(tmp_path, kind, *more, "--map", "personal_run_forward_log=mine")) == 0
        assert float(rows_of(tmp_path)[0][FIELD]) == pytest.approx(energy(**bout, measurements=own), rel=1e-12)

    @pytest.mark.parametrize("kind", KINDS)
    def test_values_for_all_inputs_and_bad_rows_beside_them(self, kind: str, tmp_path: Path) -> None:
        write(tmp_path / f"in.{kind}", [{"id": "a"}, {"id": "b"}])
        if kind == "csv":
            (tmp_path / "in.csv").write_text("id\na\nb,c\n", encoding="utf-8")
        more = ["--set", "body_mass_kg=70", "--set", "speed_m_s=2.5", "--set", "duration_s=1200"]
        assert main(command(tmp_path, kind, *more, "--keep", "id")) == 0
        statuses = [row["status"] for row in rows_of(tmp_path)]
        assert statuses == ["ok", "not_a_row" if kind == "csv" else "ok"]

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (["--set", "body_mass_kg=7"], "--set body_mass_kg: Give 30 to 250 kg."),
            (["--set", "body_mass_kg=lots"], "--set body_mass_kg: Give it with its unit, kg, lb or st"),
            (["--set", "body_mass_kg=nan"], "--set body_mass_kg: Give it with its unit"),
            (["--set", "body_mass_kg="], "--set body_mass_kg: Give it with its unit"),
            (["--set", "gait=hop"], "--set gait: Give one of: run, walk."),
            (["--set", "personal_run_forward_log=5"], "--set personal_run_forward_log: Give -1.1 to 1.1."),
            (["--set", "personal_walk_direction_model=own"], "Give one of: documented, pooled."),
            (["--set", "body_mas_kg=70"], "Did you mean body_mass_kg?"),
            (["--set", "70"], "give it as name=value"),
            (["--set", "grade=5%", "--set", "grade=5%"], "--set grade: Give it once."),
            (["--set", "duration_s=20:00"], "Give it as h:mm:ss: 0:20:00 is 20 min, 20:00:00 is 20 h."),
            (["--set", "duration_s=1200"], "--set duration_s: the file has it in the column duration_s"),
            (["--map", "distance=x"], "--map distance: unknown input. Did you mean distance_m?"),
            (["--map", "distance_m=absent"], "no column absent. Check the names after --map"),
            (["--map", "grade=who", "--map", "grade=duration_s"], "--map grade: give it once"),
            (["--map", "distance_m"], "give it as name=value"),
        ],
        ids=range(16),
    )
    def test_a_wrong_option_is_named_and_writes_nothing(
        self, options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        write(tmp_path / "in.csv", [{"speed_m_s": 2.5, "duration_s": 1200, "who": "x"}])
        try:
            code = main(command(tmp_path, "csv", *options, "--ignore-others"))
        except SystemExit as left:
            code = int(str(left.code))
        text = capsys.readouterr().err
        assert (code, said in text) == (2, True), text
        assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]

    @pytest.mark.parametrize("kind", KINDS)
    def test_other_columns_are_left_out_if_you_say_so(self, kind: str, tmp_path: Path) -> None:
        write(
            tmp_path / f"in.{kind}", [{"status": "x", "body_mass_kg": 70, "a": [1], "speed_m_s": 2.5, "duration_s": 60}]
        )
        if kind == "csv":
            (tmp_path / "in.csv").write_text("a,body_mass_kg,a,speed_m_s,duration_s\n1,70,2,2.5,60\n", encoding="utf-8")
        if kind != "jsonl":
            assert main(command(tmp_path, kind)) == 2
        assert main(command(tmp_path, kind, "--ignore-others")) == 0
        assert [row["status"] for row in rows_of(tmp_path)] == ["ok"]

    def test_a_row_of_json_with_the_input_twice_is_rejected(self, tmp_path: Path) -> None:
        rows = [{"t (min)": 20, "speed_m_s": 2.5}, {"t (min)": 20, "duration_s": 60, "speed_m_s": 2.5}]
        write(tmp_path / "in.jsonl", [*rows, rows[0] | {"body_mass_kg": 80}])
        more = ["--map", "duration_s=t (min)", "--set", "body_mass_kg=70", "--ignore-others"]
        assert main(command(tmp_path, "jsonl", *more)) == 0
        found = [(row["status"], row["status_field"]) for row in rows_of(tmp_path)]
        assert found == [("ok", ""), ("conflicting_inputs", "duration_s"), ("conflicting_inputs", "body_mass_kg")]

    def test_times_with_hours_are_read_in_any_column_of_durations(self, tmp_path: Path) -> None:
        for heading in ("duration_s", "Elapsed Time", "duration_min"):
            cells = ["0:20:00", " 00:20:00 ", "20" if "min" in heading else "1200", "20:00", "0:20:60", "", "1:00"]
            lines = [f"body_mass_kg,speed_m_s,{heading}", *(f"70,2.5,{cell}" for cell in cells)]
            (tmp_path / "in.csv").write_text("\n".join(lines), encoding="utf-8")
            assert main(command(tmp_path, "csv")) == 0
            found = rows_of(tmp_path)
            assert [row["status"] for row in found] == ["ok"] * 3 + ["not_a_number"] * 2 + [
                "required",
                "not_a_number",
            ]
            want = energy(body_mass_kg=70, speed_m_s=2.5, duration_s=1200)
            assert [float(row[FIELD]) for row in found[:3]] == pytest.approx([want] * 3, rel=1e-12)

    @pytest.mark.parametrize("cell", ["1,200", "70,5", "1 200", "1200s", "5:30"])
    def test_numbers_that_are_not_clear_are_rejected(self, cell: str, tmp_path: Path) -> None:
        (tmp_path / "in.csv").write_text(f'body_mass_kg,speed_m_s,duration_s\n70,2.5,"{cell}"\n', encoding="utf-8")
        assert main(command(tmp_path, "csv")) == 0
        assert [row["status"] for row in rows_of(tmp_path)] == ["not_a_number"]

    def test_rejected_rows_have_the_columns_of_the_file(self, tmp_path: Path) -> None:
        write(tmp_path / "in.csv", [{"Weight (lb)": 1.5, "speed_m_s": 2.5, "duration_s": 60}])
        assert main(command(tmp_path, "csv")) == 0
        with (tmp_path / "out.rejected.csv").open(encoding="utf-8", newline="") as file:
            heading, row = csv.reader(file)
        assert heading[3:] == ["Weight (lb)", "speed_m_s", "duration_s"]
        assert row == ["1", "out_of_range", "body_mass_kg", "1.5", "2.5", "60"]

    def test_parts_of_a_run_with_other_columns_are_not_mixed_in(self, tmp_path: Path) -> None:
        write(tmp_path / "in.csv", [{"a": 1200, "b": 600, "speed_m_s": 2.5}] * 4)

        def stop(_: object) -> None:
            raise KeyboardInterrupt

        options = Options(workers=1, partition_rows=1, fields=(FIELD,), ignore_others=True)
        options = options._replace(maps=(("duration_s", "a"),), constants=(("body_mass_kg", 70.0),))
        for other in (
            options._replace(maps=(("duration_s", "b"),)),
            options._replace(constants=(("body_mass_kg", 80.0),)),
        ):
            with pytest.raises(KeyboardInterrupt):
                run(tmp_path / "in.csv", tmp_path / "out.csv", options, stop)
            assert run(tmp_path / "in.csv", tmp_path / "out.csv", other).resumed_rows == 0
            (tmp_path / "out.csv").unlink()

    def test_the_advice_names_the_unit(self, tmp_path: Path) -> None:
        write(tmp_path / "in.csv", [{"Weight": 70, "speed_m_s": 2.5, "duration_s": 60}])
        with pytest.raises(BadFile) as caught:
            run(tmp_path / "in.csv", tmp_path / "out.csv", Options(workers=1))
        assert "'Weight' looks like body_mass_kg (in kg)" in str(caught.value)
        assert "--map body_mass_kg=Weight" in str(caught.value)


class TestListFields:
    def test_every_column_has_its_unit_and_meaning(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["bulk", "--list-fields"]) == 0
        lines = capsys.readouterr().out.splitlines()
        names = [line.split(" ")[0] for line in lines if line and not line.startswith((" ", "Columns"))]
        assert names == [*input_schema().names, "status", "status_field", *FIELDS]
        text = " ".join(" ".join(lines).split())
        for field in (*input_schema(), *output_schema()):
            assert " ".join(field.metadata[b"description"].decode().split()) in text
        assert "forward_total_energy_kcal [kcal]" in lines
        assert "age_y [years]" in lines
        assert "ratio_total_energy" in lines
        for choices in WORDS.values():
            assert f"One of: {', '.join(choices)}." in text

    def test_files_are_needed_for_anything_else(self, capsys: pytest.CaptureFixture[str]) -> None:
        for arguments, missing in (([], "INPUT, OUTPUT"), (["in.csv"], "OUTPUT")):
            with pytest.raises(SystemExit):
                main(["bulk", *arguments])
            assert f"required: {missing};" in capsys.readouterr().err

    def test_options_may_stand_between_the_files(self, tmp_path: Path) -> None:
        write(tmp_path / "in.csv", [{"speed_m_s": 2.5, "duration_s": 60}])
        words = ["bulk", str(tmp_path / "in.csv"), "--set", "body_mass_kg=70", str(tmp_path / "out.csv")]
        assert main([*words, "--fields", FIELD, "--workers", "1"]) == 0

    @pytest.mark.parametrize("columns", ["1", "60", "200"])
    def test_a_terminal_of_any_width_will_do(
        self, columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("COLUMNS", columns)
        assert main(["bulk", "--list-fields"]) == 0
        assert "duration_s [s]" in capsys.readouterr().out.splitlines()

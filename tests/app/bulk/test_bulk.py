"""`retrorun bulk`: the rows of the service from any kind of file, and nothing lost when a run ends early."""

import csv
import io
import json
import os
import pty
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tqdm import tqdm

from retrorun.app.bulk import run as bulk_run
from retrorun.app.bulk.command import show
from retrorun.app.bulk.part import Work, compute_block
from retrorun.app.bulk.run import Options, Progress, run
from retrorun.app.bulk.source import BadFile, Block, Source
from retrorun.app.cli.main import main
from retrorun.models.columns.names import FIELDS, OUTPUTS
from robustness.agreement import COLUMNS, Row, bouts, disagreements, table_of

KINDS = ("parquet", "csv", "jsonl")
NUMBERS = {name for name, output in OUTPUTS.items() if not output.choices}
BOUTS = bouts(300)
INPUT_COLUMNS = COLUMNS.names
KILLS = int(os.environ.get("RETRORUN_TEST_KILLS", "4"))


def write(path: Path, rows: list[Row], keep: dict[str, Any] | None = None) -> Path:
    """Write bouts as a file. Its ending decides the kind."""
    rows = [row | {name: cells[number] for name, cells in (keep or {}).items()} for number, row in enumerate(rows)]
    if path.suffix == ".parquet":
        schema = COLUMNS
        for name, cells in (keep or {}).items():
            schema = schema.append(pa.field(name, pa.array(cells).type))
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), path, row_group_size=37)
    elif path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [*INPUT_COLUMNS, *(keep or {})])
            writer.writeheader()
            writer.writerows(rows)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def read(path: Path) -> list[Row]:
    """Return the rows of an output, its warnings as lists."""
    if path.suffix == ".parquet":
        rows: list[Row] = pq.read_table(path).to_pylist()
        return rows
    if path.suffix == ".jsonl":
        return [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]
    with path.open(newline="", encoding="utf-8") as file:
        return [
            {name: float(cell) if name in NUMBERS else cell for name, cell in row.items() if cell}
            | (
                {"warnings": row["warnings"].split()}
                if row.get("warnings") is not None and row["status"] == "ok"
                else {}
            )
            for row in csv.DictReader(file)
        ]


class TestAgreement:
    @pytest.mark.parametrize("kind", KINDS)
    def test_rows_are_those_of_the_service(self, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        source, output = write(tmp_path / f"in.{kind}", BOUTS), tmp_path / f"out.{kind}"
        assert main(["bulk", str(source), str(output), "--workers", "1", "--partition-rows", "64"]) == 0
        assert not list(disagreements(BOUTS, read(output)))
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
            [source.name, output.name, "out.rejected.csv"]
        )
        assert capsys.readouterr().out.startswith("300 rows: ")

    @pytest.mark.parametrize("kinds", [("parquet", "csv"), ("csv", "jsonl"), ("jsonl", "parquet")])
    def test_a_kind_becomes_another(self, kinds: tuple[str, str], tmp_path: Path) -> None:
        source, output = write(tmp_path / f"in.{kinds[0]}", BOUTS[:60]), tmp_path / f"out.{kinds[1]}"
        run(source, output, Options(partition_rows=16, workers=1))
        assert not list(disagreements(BOUTS[:60], read(output)))

    def test_processes_keep_the_order_of_rows(self, tmp_path: Path) -> None:
        source, output = write(tmp_path / "in.parquet", BOUTS), tmp_path / "out.parquet"
        outcome = run(source, output, Options(partition_rows=20, workers=2, fields=("gait", "forward_met")))
        assert outcome.rows == 300
        assert not list(disagreements(BOUTS, read(output), ["gait", "forward_met"]))

    @pytest.mark.parametrize("kind", KINDS)
    def test_kept_columns_come_before_the_estimates(self, kind: str, tmp_path: Path) -> None:
        labels = [f'runner "{number}", ü' for number in range(40)]
        source, output = write(tmp_path / f"in.{kind}", BOUTS[:40], {"who": labels}), tmp_path / f"out.{kind}"
        run(source, output, Options(partition_rows=16, workers=1, fields=("forward_met",), keep=("who",)))
        rows = read(output)
        assert [row["who"] for row in rows] == labels
        assert next(iter(rows[0])) == "who"
        assert not list(disagreements(BOUTS[:40], rows, ["forward_met"]))

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_file_without_rows_gives_one_without_rows(self, kind: str, tmp_path: Path) -> None:
        source, output = write(tmp_path / f"in.{kind}", []), tmp_path / f"out.{kind}"
        assert run(source, output, Options(workers=1)).rows == 0
        assert not read(output)
        if kind == "parquet":
            assert pq.read_schema(output).names == ["status", "status_field", *FIELDS]

    def test_parquet_keeps_units_and_the_hash_of_the_coefficients(self, tmp_path: Path) -> None:
        source, output = write(tmp_path / "in.parquet", BOUTS[:50]), tmp_path / "out.parquet"
        run(source, output, Options(partition_rows=10, workers=1))
        schema = pq.read_schema(output)
        assert schema.field("forward_total_energy_kcal").metadata[b"ucum"] == b"kcal"
        assert len(schema.metadata[b"hash"]) == 12


class TestRejectedRows:
    def test_each_has_its_row_its_reason_and_its_input(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        good = "70,2.5,1200,run"
        bad = ["7,2.5,1200,run", "70,fast,1200,run", "70,2.5,1200", "70,2.5,1200,hop", "7_0,2.5,1200,", ",2.5,1200,"]
        source = tmp_path / "in.csv"
        lines = ["body_mass_kg,speed_m_s,duration_s,gait", good, bad[0], "", *bad[1:3], good, *bad[3:], good]
        source.write_text("\r\n".join(lines), encoding="utf-8-sig")
        arguments = ["bulk", str(source), str(tmp_path / "out.csv"), "--partition-rows", "3", "--workers", "1"]
        assert main([*arguments, "--fields", "forward_met"]) == 0
        said = capsys.readouterr().out
        assert said.startswith("9 rows: 3 estimated, 6 rejected.\n")
        assert "2  not_a_number" not in said
        with (tmp_path / "out.rejected.csv").open(encoding="utf-8") as file:
            assert list(csv.reader(file)) == [
                ["row", "status", "status_field", "body_mass_kg", "speed_m_s", "duration_s", "gait"],
                ["2", "out_of_range", "body_mass_kg", "7", "2.5", "1200", "run"],
                ["3", "not_a_number", "speed_m_s", "70", "fast", "1200", "run"],
                ["4", "not_a_row", "", "", "", "", ""],
                ["6", "not_a_choice", "gait", "70", "2.5", "1200", "hop"],
                ["7", "not_a_number", "body_mass_kg", "7_0", "2.5", "1200", ""],
                ["8", "required", "body_mass_kg", "", "2.5", "1200", ""],
            ]
        rows = read(tmp_path / "out.csv")
        assert [row["status"] for row in rows].count("ok") == 3
        assert all(("forward_met" in row) == (row["status"] == "ok") for row in rows)

    def test_lines_that_are_not_bouts(self, tmp_path: Path) -> None:
        good = {"body_mass_kg": 70, "speed_m_s": 2.5, "duration_s": 1200}
        bad = [good | {"speed_m_s": "2.5"}, good | {"gait": 1}, good | {"sped": 1}, [1], good | {"interval": True}]
        source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
        lines = [json.dumps(row) for row in (good, *bad)] + ["{", '{"body_mass_kg": NaN}', "\udcff", json.dumps(good)]
        source.write_text("\n".join(lines), encoding="utf-8", errors="surrogateescape")
        outcome = run(source, output, Options(workers=1, fields=("forward_met",)))
        assert [row["status"] for row in read(output)] == [
            "ok",
            *("not_a_number", "not_a_choice", "unknown_field", "not_an_object", "not_a_number"),
            *("not_an_object", "not_finite", "not_an_object", "ok"),
        ]
        assert outcome.rejected["not_a_number", "speed_m_s"] == outcome.rejected["not_a_number", "interval"] == 1

    def test_a_quote_that_is_not_closed_takes_no_other_row(self, tmp_path: Path) -> None:
        source = tmp_path / "in.csv"
        source.write_text('body_mass_kg,speed_m_s,duration_s\n70,2.5,1200\n"70,2.5,1200\n70,2.5,1200\n', "utf-8")
        run(source, tmp_path / "out.csv", Options(workers=1, fields=("forward_met",)))
        assert [row["status"] for row in read(tmp_path / "out.csv")] == ["ok", "not_a_row", "ok"]

    def test_no_file_is_left_of_an_earlier_run(self, tmp_path: Path) -> None:
        source, output = tmp_path / "in.csv", tmp_path / "out.csv"
        for mass, left in (("7", True), ("70", False)):
            source.write_text(f"body_mass_kg,speed_m_s,duration_s\n{mass},2.5,1200\n", encoding="utf-8")
            run(source, output, Options(workers=1))
            assert (tmp_path / "out.rejected.csv").exists() == left


class TestErrors:
    @pytest.mark.parametrize(
        ("header", "arguments", "said"),
        [
            ("body_mass_kg,sped_m_s,duration_s", [], "speed_m_s"),
            ("body_mass_kg,speed_m_s,duration_s,who", [], "unknown column who. To copy the column: --keep who"),
            ("Distance,Weight,duration_s", [], "Needed: body_mass_kg and two of "),
            ("Distance,Weight,duration_s", [], "'Distance' looks like distance_m (in m)"),
            ("Distance,Weight,duration_s", [], "'Weight' looks like body_mass_kg (in kg)"),
            ("speed_m_s,duration_s", [], "body_mass_kg"),
            ("body_mass_kg,speed_m_s", [], "at least two"),
            ("body_mass_kg,speed_m_s,speed_m_s", [], "twice"),
            ("body_mass_kg,speed_m_s,duration_s", ["--keep", "who"], "no column who"),
            ("body_mass_kg,speed_m_s,duration_s,gait", ["--keep", "gait"], "--keep gait"),
            ("body_mass_kg,speed_m_s,duration_s", ["--fields", "forward_mett"], "forward_met"),
            ("body_mass_kg,speed_m_s,duration_s", ["--scheduler", "tcp://127.0.0.1:1"], "--engine dask"),
            ("", [], "body_mass_kg"),
            ("body_mass_kg,speed_m_s,duration_s,run id,who", ["--keep", "who"], "--keep 'who,run id'"),
            ("body_mass_kg;speed_m_s;duration_s", [], "by commas"),
            ("body_mass_kg\tspeed_m_s\tduration_s", [], "by commas"),
            ("body_mass_kg,speed_m_s,duration_s,\udcff", [], "UTF-8"),
        ],
    )
    def test_a_wrong_command_writes_nothing_and_one_line_says_what_to_fix(
        self, header: str, arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        source = tmp_path / "in.csv"
        source.write_text(header and f"{header}\n", encoding="utf-8", errors="surrogateescape")
        assert main(["bulk", str(source), str(tmp_path / "out.csv"), *arguments]) == 2
        assert said in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == [source]

    def test_files_that_are_missing_or_of_no_known_kind(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        source = write(tmp_path / "in.csv", BOUTS[:3])
        (tmp_path / "no.parquet").write_bytes(b"no")
        (tmp_path / "directory.csv").mkdir()
        write(tmp_path / "in.rejected.csv", BOUTS[:3])
        before = sorted(tmp_path.iterdir())
        for arguments, code in (
            (["in.csv", "in.csv"], 2),
            (["in.csv", "out.xlsx"], 2),
            (["in.csv", "directory.csv"], 2),
            (["in.rejected.csv", "in.parquet"], 2),
            (["no.parquet", "out.csv"], 2),
            (["absent.csv", "out.csv"], 1),
            (["in.csv", "absent/out.csv"], 1),
        ):
            assert main(["bulk", *(str(tmp_path / name) for name in arguments)]) == code
            assert capsys.readouterr().err.startswith("retrorun: ")
        assert sorted(tmp_path.iterdir()) == before
        assert source in before

    def test_lists_are_not_kept_in_csv(self, tmp_path: Path) -> None:
        source = write(tmp_path / "in.parquet", BOUTS[:2], {"splits": [[1], [2]]})
        options = Options(workers=1, keep=("splits",), fields=("forward_met",))
        with pytest.raises(BadFile, match="--keep splits"):
            run(source, tmp_path / "out.csv", options)
        run(source, tmp_path / "out.jsonl", options)
        assert [row["splits"] for row in read(tmp_path / "out.jsonl")] == [[1], [2]]

    def test_a_damaged_file_is_named(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        source = tmp_path / "in.parquet"
        pq.write_table(table_of(BOUTS), source, write_page_checksum=True)
        damaged = bytearray(source.read_bytes())
        damaged[2000] ^= 1
        source.write_bytes(damaged)
        assert main(["bulk", str(source), str(tmp_path / "out.parquet"), "--workers", "1"]) == 2
        assert capsys.readouterr().err.startswith("retrorun: Cannot read in.parquet: ")
        assert not (tmp_path / "out.parquet").exists()

    def test_two_runs_do_not_write_one_output(self, tmp_path: Path) -> None:
        source, output = write(tmp_path / "in.csv", BOUTS[:40]), tmp_path / "out.csv"
        tried: list[Progress] = []

        def report(far: Progress) -> None:
            tried.append(far)
            with pytest.raises(BadFile, match="Another run"):
                run(source, output, Options(workers=1, fields=("forward_met",)))

        run(source, output, Options(workers=1, partition_rows=20), report)
        assert len(tried) == 2
        assert not list(disagreements(BOUTS[:40], read(output)))

    def test_blanks_around_cells_are_passed_over(self, tmp_path: Path) -> None:
        source = tmp_path / "in.csv"
        source.write_text("body_mass_kg , speed_m_s, duration_s, gait\n 70, 2.5 , 60, run\n70,2.5,60, \n", "utf-8")
        assert not run(source, tmp_path / "out.csv", Options(workers=1, fields=("gait",))).rejected

    def test_a_missing_library_is_named_with_the_command_that_installs_it(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setitem(sys.modules, "retrorun.app.bulk.command", None)
        assert main(["bulk", "in.csv", "out.csv"]) == 1
        said = capsys.readouterr().err
        assert "requirements/bulk.txt" in said
        assert "retrorun[bulk]" in said


class TestResuming:
    def interrupted(self, source: Path, output: Path, options: Options, parts: int) -> None:
        """Run until a number of parts are done."""
        left = iter(range(parts))

        def report(_: Progress) -> None:
            if next(left, None) is None:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run(source, output, options, report)

    @pytest.mark.parametrize("kind", KINDS)
    def test_finished_parts_are_kept(self, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        source, output = write(tmp_path / f"in.{kind}", BOUTS), tmp_path / f"out.{kind}"
        options = Options(partition_rows=30, workers=1)
        self.interrupted(source, output, options, 3)
        assert not output.exists()
        computed: list[int] = []

        def noted(block: Block, work: Work) -> Any:
            computed.append(block.place)
            return compute_block(block, work)

        monkeypatch.setattr(bulk_run, "compute_block", noted)
        far: list[Progress] = []
        outcome = run(source, output, options, far.append)
        assert min(computed) >= 3
        assert sorted(set(computed)) == computed
        assert outcome.resumed_rows > 60
        assert far[-1].share == pytest.approx(1)
        assert far[-1].rows == 300
        assert far[-1].resumed_rows == outcome.resumed_rows
        assert not list(disagreements(BOUTS, read(output)))

    def test_a_part_that_lost_its_content_is_computed_again(self, tmp_path: Path) -> None:
        source, output = write(tmp_path / "in.csv", BOUTS), tmp_path / "out.csv"
        options = Options(partition_rows=30, workers=1)
        self.interrupted(source, output, options, 4)
        (first, *_) = sorted((tmp_path / "out.csv.parts").rglob("*0.csv"))
        first.write_bytes(b"")
        whole = len(list((tmp_path / "out.csv.parts").rglob("*.done.json"))) - 1
        assert run(source, output, options).resumed_rows == whole * 30
        assert not list(disagreements(BOUTS, read(output)))

    @pytest.mark.parametrize("change", ["input", "fields", "rows"])
    def test_parts_of_other_runs_are_not_mixed_in(self, change: str, tmp_path: Path) -> None:
        source, output = write(tmp_path / "in.csv", BOUTS), tmp_path / "out.csv"
        options = Options(partition_rows=30, workers=1, fields=("forward_met",))
        self.interrupted(source, output, options, 5)
        rows = BOUTS
        if change == "input":
            rows = BOUTS[::-1]
            write(source, rows)
        elif change == "fields":
            options = options._replace(fields=("backward_met",))
        else:
            options = options._replace(partition_rows=50)
        outcome = run(source, output, options)
        assert outcome.resumed_rows == 0
        assert not list(disagreements(rows, read(output), options.fields or ()))
        assert not (tmp_path / "out.csv.parts").exists()

    def test_parts_depend_on_the_coefficients(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        source = write(tmp_path / "in.csv", BOUTS[:1])
        before = bulk_run.fingerprint(source, tmp_path / "out.csv", Options())
        assert before == bulk_run.fingerprint(source, tmp_path / "out.csv", Options())
        monkeypatch.setattr(bulk_run, "models_hash", lambda: "another")
        assert before != bulk_run.fingerprint(source, tmp_path / "out.csv", Options())

    def test_ctrl_c_ends_all_processes_with_one_line(self, tmp_path: Path) -> None:
        source, output = write(tmp_path / "in.csv", BOUTS * 10), tmp_path / "out.csv"
        command = [sys.executable, "-m", "retrorun.app.cli", "bulk", str(source), str(output)]
        command += ["--workers", "2", "--partition-rows", "10"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
            deadline = time.monotonic() + 30
            while not list(tmp_path.rglob("*.done.json")) and time.monotonic() < deadline:
                time.sleep(0.01)
            os.killpg(process.pid, signal.SIGINT)
            _, said = process.communicate(timeout=30)
        assert (process.returncode, said) == (1, "retrorun: Stopped. Run the same command again to continue.\n")
        assert not output.exists()

    def test_kills_at_any_moment_lose_and_double_nothing(self, tmp_path: Path) -> None:
        """RETRORUN_TEST_KILLS sets how many: `make test-kills` does twenty."""
        many = BOUTS * 10
        source, output = write(tmp_path / "in.csv", many), tmp_path / "out.parquet"
        whole = tmp_path / "whole.parquet"
        arguments = ["--partition-rows", "50", "--fields", "forward_met,warnings"]
        run(source, whole, Options(partition_rows=50, workers=1, fields=("forward_met", "warnings")))
        rejected = (tmp_path / "whole.rejected.csv").read_bytes()
        chance = random.Random(os.environ.get("RETRORUN_TEST_SEED", "1"))
        killed = 0
        for attempt in range(KILLS):
            workers = "2" if attempt % 4 == 3 else "1"
            command = [
                sys.executable,
                "-m",
                "retrorun.app.cli",
                "bulk",
                str(source),
                str(output),
                *arguments,
                "--workers",
                workers,
            ]
            with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
                parts = tmp_path / "out.parquet.parts"
                deadline = time.monotonic() + 30
                while not parts.exists() and process.poll() is None and time.monotonic() < deadline:
                    time.sleep(0.005)
                time.sleep(chance.uniform(0, 0.4))
                assert not output.exists() or pq.read_table(output).num_rows == len(many)
                process.send_signal(signal.SIGKILL)
            killed += process.returncode == -signal.SIGKILL
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            assert pq.read_table(output).equals(pq.read_table(whole))
            assert (tmp_path / "out.rejected.csv").read_bytes() == rejected
            assert not parts.exists()
            output.unlink()
        assert killed >= KILLS // 2


class TestFiles:
    def test_each_part_is_a_row_group_and_numbers_have_no_dictionary(self, tmp_path: Path) -> None:
        source, output = write(tmp_path / "in.csv", BOUTS), tmp_path / "out.parquet"
        run(source, output, Options(partition_rows=40, workers=1))
        found = pq.read_metadata(output)
        assert [found.row_group(place).num_rows for place in range(found.num_row_groups)] == [40] * 7 + [20]
        columns = [found.row_group(0).column(place) for place in range(found.num_columns)]
        for column in columns:
            assert column.has_dictionary_page == (column.physical_type != "DOUBLE"), column.path_in_schema
        assert pq.read_table(output, filters=[("forward_met", ">", 10.0)]).num_rows

    @pytest.mark.parametrize("row_group", [1, 7, 64, 1000])
    def test_blocks_do_not_depend_on_row_groups(self, row_group: int, tmp_path: Path) -> None:
        path = tmp_path / "in.parquet"
        pq.write_table(table_of(BOUTS), path, row_group_size=row_group)
        source = Source(path, ())
        blocks = list(source.blocks(50))
        parse: Callable[[Any], Any] = source.parser()
        rows = [row for block in blocks for row in parse(block.content).given.to_pylist()]
        assert rows == [{name: bout.get(name) for name in INPUT_COLUMNS} for bout in BOUTS]
        assert [block.place for block in blocks] == list(range(len(blocks)))
        assert [block.first_row for block in blocks] == [sum(b.rows for b in blocks[:i]) for i in range(len(blocks))]
        assert max(block.rows for block in blocks) <= 50
        assert sum(block.share for block in blocks) == pytest.approx(1)
        assert [block.place for block in source.blocks(50, done={0, 2})] == [
            b.place for b in blocks if b.place not in (0, 2)
        ]

    def test_a_parquet_file_of_other_types_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "in.parquet"
        pq.write_table(pa.table({"body_mass_kg": ["70"], "speed_m_s": [2.5], "duration_s": [1200]}), path)
        with pytest.raises(BadFile, match="body_mass_kg"):
            Source(path, ())


def on_a_terminal(command: list[str], *, closed: bool = False) -> tuple[int, str]:
    """Run a command whose standard error is a terminal, and return its code and the text on the terminal."""
    terminal, its_end = pty.openpty()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=its_end) as process:
        os.close(its_end)
        shown = b""
        if closed:
            os.close(terminal)
            return process.wait(60), ""
        with suppress(OSError):  # the command has ended
            while part := os.read(terminal, 4096):
                shown += part
        os.close(terminal)
    return process.returncode, shown.decode()


class TestProgress:
    def test_the_rows_of_the_file_follow_from_the_share_that_is_done(self) -> None:
        with tqdm(file=io.StringIO()) as bar:
            show(bar, Progress(share=0.75, rows=300, resumed_rows=100))
            assert (bar.n, bar.total, bar.initial) == (300, 400, 100)
            show(bar, Progress(share=1.0, rows=401, resumed_rows=100))
            assert (bar.n, bar.total) == (401, 401)

    @pytest.mark.parametrize("workers", ["1", "2"])
    def test_a_terminal_shows_rows_and_rate_and_one_that_is_closed_ends_no_run(
        self, workers: str, tmp_path: Path
    ) -> None:
        source = write(tmp_path / "in.csv", BOUTS)
        command = [
            sys.executable,
            "-m",
            "retrorun.app.cli",
            "bulk",
            str(source),
            str(tmp_path / "out.csv"),
            "--workers",
            workers,
        ]
        code, shown = on_a_terminal(command)
        assert (code, "300/300" in shown, "rows/s" in shown) == (0, True, True), shown
        (tmp_path / "out.csv").unlink()
        assert on_a_terminal(command, closed=True)[0] == 0
        assert len(read(tmp_path / "out.csv")) == 300

    def test_elsewhere_nothing_is_shown(self, tmp_path: Path) -> None:
        source = write(tmp_path / "in.csv", BOUTS[:20])
        command = [
            sys.executable,
            "-m",
            "retrorun.app.cli",
            "bulk",
            str(source),
            str(tmp_path / "out.csv"),
            "--workers",
            "1",
        ]
        assert subprocess.run(command, capture_output=True, check=True).stderr == b""

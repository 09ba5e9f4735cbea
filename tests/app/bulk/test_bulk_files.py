"""`retrorun bulk` never deletes or overwrites a file of somebody else, and its errors name the input or the output."""

import base64
import errno
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
import pytest

from retrorun.app.bulk import files as bulk_files
from retrorun.app.bulk import part as bulk_part
from retrorun.app.bulk import run as bulk_run
from retrorun.app.bulk import source as bulk_source
from retrorun.app.bulk.command import summary
from retrorun.app.bulk.files import MARK, is_made
from retrorun.app.bulk.run import Options, Outcome, Progress, run
from retrorun.app.bulk.source import BadFile
from retrorun.app.cli.main import main

HEADING = "body_mass_kg,speed_m_s,duration_s"
OPTIONS = Options(workers=1, partition_rows=2, fields=("gait",))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a file of bouts, of which one has no estimate."""
    path = tmp_path / "in.csv"
    path.write_text("\n".join([HEADING, *["70,2.5,1200"] * 5, "7,2.5,1200\n"]), encoding="utf-8")
    return path


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.csv"
    path.write_text(f"{HEADING}\n70,2.5,1200\n", encoding="utf-8")
    return path


def everything(folder: Path) -> dict[str, bytes | str | None]:
    """Return the content of everything in a folder."""
    return {
        str(path.relative_to(folder)): str(path.readlink())
        if path.is_symlink()
        else path.read_bytes()
        if path.is_file()
        else None
        for path in folder.rglob("*")
    }


def stopped(source: Path, output: Path, options: Options = OPTIONS) -> None:
    """Stop a run after its first part."""

    def report(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(source, output, options, report)


def in_parts(parts: Path) -> None:
    parts.mkdir()
    (parts / "thesis.txt").write_text("years of work")


def in_a_folder_named_like_a_run(parts: Path) -> None:
    (parts / ("0" * 16)).mkdir(parents=True)
    (parts / ("0" * 16) / "000000000.csv").write_text("years of work")


def empty_in_it(parts: Path) -> None:
    (parts / ("0" * 16)).mkdir(parents=True)


def a_file(parts: Path) -> None:
    parts.write_text("years of work")


def a_link(parts: Path) -> None:
    elsewhere = parts.with_name("elsewhere")
    elsewhere.mkdir()
    (elsewhere / "thesis.txt").write_text("years of work")
    parts.symlink_to(elsewhere)


def a_link_to_nothing(parts: Path) -> None:
    parts.symlink_to(parts.with_name("nowhere"))


def another_mark(parts: Path) -> None:
    parts.mkdir()
    (parts / MARK).write_text("other.csv\nmade")


def a_mark_that_is_a_link(parts: Path) -> None:
    parts.mkdir()
    parts.with_name("mark").write_text("out.csv\nmade")
    (parts / MARK).symlink_to(parts.with_name("mark"))


class TestFolder:
    @pytest.mark.parametrize(
        "make",
        [
            *(in_parts, in_a_folder_named_like_a_run, empty_in_it, a_file, a_link, a_link_to_nothing),
            *(another_mark, a_mark_that_is_a_link),
        ],
    )
    def test_one_that_no_run_made_is_refused_by_name_and_stays(
        self, make: Callable[[Path], None], source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        make(tmp_path / "out.csv.parts")
        before = everything(tmp_path)
        assert main(["bulk", str(source), str(tmp_path / "out.csv")]) == 2
        assert "out.csv.parts already exists" in capsys.readouterr().err
        assert everything(tmp_path) == before

    def test_an_empty_one_is_used_and_left(self, source: Path, tmp_path: Path) -> None:
        parts = tmp_path / "out.csv.parts"
        parts.mkdir()
        stopped(source, tmp_path / "out.csv")
        assert run(source, tmp_path / "out.csv", OPTIONS).resumed_rows
        assert not list(parts.iterdir())

    @pytest.mark.parametrize("deep", [False, True])
    def test_files_of_others_in_it_stay_and_are_reported(self, deep: bool, source: Path, tmp_path: Path) -> None:
        output = tmp_path / "out.csv"
        stopped(source, output)
        (folder,) = (path for path in (tmp_path / "out.csv.parts").iterdir() if path.is_dir())
        thesis = (folder if deep else folder.parent) / "thesis.tmp"
        thesis.write_text("years of work")
        found = run(source, output, OPTIONS)
        assert found.left == tmp_path / "out.csv.parts"
        assert found.resumed_rows
        assert thesis.read_text() == "years of work"
        assert len(list(folder.parent.rglob("*"))) == (3 if deep else 2)
        thesis.unlink()
        assert run(source, output, OPTIONS).left is None
        assert not folder.parent.exists()

    @pytest.mark.parametrize("content", [b"", b"out.csv\nmade"])
    def test_one_of_a_run_that_was_killed_early_is_known(self, content: bytes, source: Path, tmp_path: Path) -> None:
        (tmp_path / "out.csv.parts").mkdir()
        (tmp_path / "out.csv.parts" / MARK).write_bytes(content)
        run(source, tmp_path / "out.csv", OPTIONS)
        assert not (tmp_path / "out.csv.parts").exists()

    def test_a_run_that_has_no_part_leaves_none(self, source: Path, tmp_path: Path) -> None:
        source.write_bytes(source.read_bytes().replace(b"70,2.5", b"\xe9,2.5", 1))
        with pytest.raises(BadFile, match="row 1 is not in UTF-8"):
            run(source, tmp_path / "out.csv", OPTIONS)
        assert list(tmp_path.iterdir()) == [source]


def a_text(path: Path) -> None:
    path.write_text("years of work")


def nothing_yet(path: Path) -> None:
    path.touch()


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


class TestFiles:
    @pytest.mark.parametrize("name", ["out.csv", "out.rejected.csv"])
    @pytest.mark.parametrize("make", [a_text, nothing_yet, a_link, a_link_to_nothing, a_pipe])
    def test_one_that_no_run_made_is_refused_by_name_and_stays(
        self, make: Callable[[Path], None], name: str, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        make(tmp_path / name)
        before = everything(tmp_path)
        assert main(["bulk", str(good), str(tmp_path / "out.csv")]) == 2
        assert name in capsys.readouterr().err
        assert everything(tmp_path) == before

    def test_the_same_command_again_writes_over_its_own(self, source: Path, good: Path, tmp_path: Path) -> None:
        output, rejected = tmp_path / "out.csv", tmp_path / "out.rejected.csv"
        for _ in range(2):
            run(source, output, OPTIONS)
            assert rejected.read_text().splitlines()[1].startswith("6,out_of_range,body_mass_kg,")
        run(good, output, OPTIONS)
        assert not rejected.exists()
        assert len(output.read_text().splitlines()) == 2

    @pytest.mark.parametrize("change", ["append", "same length", "copy", "rename", "touch"])
    @pytest.mark.parametrize("name", ["out.csv", "out.rejected.csv"])
    def test_one_that_somebody_changed_since_is_theirs(
        self, change: str, name: str, source: Path, good: Path, tmp_path: Path
    ) -> None:
        run(source, tmp_path / "out.csv", OPTIONS)
        path = tmp_path / name
        if change == "append":
            path.write_bytes(path.read_bytes() + b"years of work")
        elif change == "same length":
            with path.open("r+b") as file:
                file.write(b"X")
        elif change == "copy":
            content = path.read_bytes()
            path.unlink()
            path.write_bytes(content)
        elif change == "touch":
            os.utime(path)
        else:
            run(source, tmp_path / "other.csv", OPTIONS)
            (tmp_path / name.replace("out", "other")).replace(path)
        before = everything(tmp_path)
        with pytest.raises(BadFile, match=name):
            run(good, tmp_path / "out.csv", OPTIONS)
        assert everything(tmp_path) == before

    def test_rejected_rows_of_another_output_stay(self, source: Path, good: Path, tmp_path: Path) -> None:
        run(source, tmp_path / "out.parquet", OPTIONS)
        before = everything(tmp_path)
        for path in (source, good):
            with pytest.raises(BadFile, match=r"out\.rejected\.csv"):
                run(path, tmp_path / "out.csv", OPTIONS)
        assert everything(tmp_path) == before

    @pytest.mark.parametrize("name", ["out.csv", "out.rejected.csv"])
    def test_a_file_created_during_the_run_stays_and_the_run_continues_later(
        self, name: str, source: Path, tmp_path: Path
    ) -> None:
        output, path = tmp_path / "out.csv", tmp_path / name

        def report(far: Progress) -> None:
            if far.share > 0.9:
                path.write_text("years of work")

        with pytest.raises(BadFile, match=name):
            run(source, output, OPTIONS, report)
        assert path.read_text() == "years of work"
        path.unlink()
        assert run(source, output, OPTIONS).resumed_rows == 6
        assert not (tmp_path / "out.csv.parts").exists()

    @pytest.mark.parametrize("named", [0, 1, 2])
    def test_a_run_killed_among_the_names_is_finished_by_the_next(
        self, named: int, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        output, left = tmp_path / "out.csv", iter(range(named))

        def give_name(*arguments: Any) -> None:
            if next(left, None) is None:
                raise KeyboardInterrupt
            bulk_files.give_name(*arguments)

        def remove_parts(_: Path) -> bool:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(bulk_run, "give_name", give_name)
            patched.setattr(bulk_run, "remove_parts", remove_parts)
            with pytest.raises(KeyboardInterrupt):
                run(source, output, OPTIONS)
        assert [path.exists() for path in (tmp_path / "out.rejected.csv", output)] == [named > 0, named > 1]
        assert run(source, output, OPTIONS).resumed_rows == 6
        assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv", "out.rejected.csv"]

    def test_without_attributes_of_files_every_file_is_somebodys(
        self, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delattr(os, "setxattr")
        run(source, tmp_path / "out.csv", OPTIONS)
        before = everything(tmp_path)
        with pytest.raises(BadFile, match=r"out\.csv"):
            run(source, tmp_path / "out.csv", OPTIONS)
        assert everything(tmp_path) == before

    def test_a_disk_without_hard_links_works(
        self, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def link(*_: Any) -> None:
            raise PermissionError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(os, "link", link)
        for _ in range(2):
            run(source, tmp_path / "out.csv", OPTIONS)
        assert is_made(tmp_path / "out.csv", tmp_path / "out.csv")

    def test_a_new_name_takes_no_other_file_s_place(
        self, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """If a file appears after the last check, the link fails. A replacement would overwrite it."""
        replace = Path.replace

        def replaced(path: Path, target: Path) -> Path:
            assert target.parent != tmp_path
            return replace(path, target)

        monkeypatch.setattr(Path, "replace", replaced)
        run(source, tmp_path / "out.csv", OPTIONS)

    def test_the_input_under_another_name_stays(self, source: Path, tmp_path: Path) -> None:
        os.link(source, tmp_path / "out.csv")
        before = source.read_bytes()
        with pytest.raises(BadFile, match=r"out\.csv"):
            run(source, tmp_path / "out.csv", OPTIONS)
        assert source.read_bytes() == (tmp_path / "out.csv").read_bytes() == before


FOLDER = OPTIONS._replace(folder=True)


def an_empty_folder(path: Path) -> None:
    path.mkdir()


class TestFolderOfParquet:
    """An OUTPUT that ends in / is a folder with a Parquet file for each part."""

    def test_it_has_the_rows_of_a_file_in_their_order(
        self, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        arguments = ["bulk", str(source), "--workers", "1", "--partition-rows", "2"]
        assert main([*arguments, str(tmp_path / "whole.parquet")]) == 0
        assert main([*arguments, f"{tmp_path / 'out'}/"]) == 0
        assert capsys.readouterr().out.endswith(f"Rejected rows are in {tmp_path / 'out.rejected.csv'}.\n")
        found = pq.read_table(tmp_path / "out")
        assert found.equals(pq.read_table(tmp_path / "whole.parquet"))
        assert found.schema.metadata[b"hash"]
        assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [f"{part:09}.parquet" for part in range(3)]
        rejected = [(tmp_path / f"{name}.rejected.csv").read_bytes() for name in ("out", "whole")]
        assert rejected[0] == rejected[1]
        names = ["in.csv", "out", "out.rejected.csv", "whole.parquet", "whole.rejected.csv"]
        assert sorted(path.name for path in tmp_path.iterdir()) == names

    def test_the_output_exists_only_when_complete_and_a_run_continues_with_its_parts(
        self, source: Path, tmp_path: Path
    ) -> None:
        output = tmp_path / "out.parquet"

        def report(_: Progress) -> None:
            assert not output.exists()
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run(source, output, FOLDER, report)
        # A file has other parts than a folder.
        assert not run(source, tmp_path / "out.parquet", OPTIONS).resumed_rows
        output.unlink()
        with pytest.raises(KeyboardInterrupt):
            run(source, output, FOLDER, report)
        assert run(source, output, FOLDER).resumed_rows
        assert pq.read_table(output).num_rows == 6
        assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.parquet", "out.rejected.csv"]

    @pytest.mark.parametrize("make", [a_text, an_empty_folder, in_parts, a_link, a_link_to_nothing, a_pipe])
    def test_an_existing_output_is_refused_by_name_and_stays(
        self, make: Callable[[Path], None], good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        make(tmp_path / "out")
        before = everything(tmp_path)
        assert main(["bulk", str(good), f"{tmp_path / 'out'}/"]) == 2
        assert f"{tmp_path / 'out'} already exists" in capsys.readouterr().err
        assert everything(tmp_path) == before

    @pytest.mark.parametrize("make", [a_text, in_parts])
    def test_a_folder_or_file_created_during_the_run_stays_and_the_run_continues_later(
        self, make: Callable[[Path], None], source: Path, tmp_path: Path
    ) -> None:
        output = tmp_path / "out"

        def report(progress: Progress) -> None:
            if progress.share > 0.9:
                make(output)

        with pytest.raises(BadFile, match="out already exists"):
            run(source, output, FOLDER, report)
        assert "years of work" in {path.read_text() for path in (output, output / "thesis.txt") if path.is_file()}
        output.rename(tmp_path / "mine")
        assert run(source, output, FOLDER).resumed_rows == 6
        assert pq.read_table(output).num_rows == 6

    def test_what_somebody_put_among_the_parts_is_not_lost(self, source: Path, tmp_path: Path) -> None:
        stopped(source, tmp_path / "out", FOLDER)
        for folder in (tmp_path / "out.parts").iterdir():
            if folder.is_dir():
                (folder / "thesis.tmp").write_text("years of work")
        run(source, tmp_path / "out", FOLDER)
        assert len([path for path in tmp_path.rglob("thesis.tmp") if path.read_text() == "years of work"]) == 2

    @pytest.mark.parametrize("name", ["out.csv", "out.JSONL"])
    def test_it_holds_no_other_kind(self, name: str, good: Path, tmp_path: Path) -> None:
        assert main(["bulk", str(good), f"{tmp_path / name}/"]) == 2
        assert list(tmp_path.iterdir()) == [good]

    @pytest.mark.parametrize("name", ["/", "./", "../", "."])
    def test_a_folder_of_the_system_is_refused(
        self, name: str, good: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.chdir(good.parent)
        assert main(["bulk", str(good), name]) == 2
        assert "Traceback" not in capsys.readouterr().err
        assert list(good.parent.iterdir()) == [good]


class TestFaults:
    """Errors name the input or the output."""

    def said(self, capsys: pytest.CaptureFixture[str], *arguments: Path | str) -> tuple[int, str]:
        code = main(["bulk", *map(str, arguments), "--workers", "1"])
        return code, capsys.readouterr().err

    def test_a_directory_is_no_input(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        for name in ("in.parquet", "in.csv", "in.jsonl"):
            (tmp_path / name).mkdir()
            code, said = self.said(capsys, tmp_path / name, tmp_path / "out.csv")
            assert (code, said) == (2, f"retrorun: {name} is a folder. Name a file.\n")

    @pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + bytes(100) + b"PARE", b"no" * 9])
    def test_a_file_that_is_not_parquet_is_an_error_of_the_input(
        self, content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "in.parquet").write_bytes(content)
        code, said = self.said(capsys, tmp_path / "in.parquet", tmp_path / "out.csv")
        assert code == 2
        assert said.startswith("retrorun: Cannot read in.parquet: ")
        assert "out.csv" not in said

    @pytest.mark.parametrize("name", ["in.csv", "in.jsonl", "in.parquet"])
    def test_a_missing_input_is_an_error_of_the_input(
        self, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code, said = self.said(capsys, tmp_path / name, tmp_path / "out.csv")
        assert code == 1
        assert said == f"retrorun: {tmp_path / name} does not exist.\n"

    def test_an_unreadable_input_is_an_error_of_the_input(
        self, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def blocks(*_: Any) -> Any:
            raise OSError(errno.EIO, "Input/output error")
            yield

        monkeypatch.setattr(bulk_source.Source, "text_blocks", blocks)
        code, said = self.said(capsys, source, tmp_path / "out.csv")
        assert code == 1
        assert said.startswith(
            f"retrorun: Cannot read the input {source}: Input/output error. Fix this, then run the same command"
        )

    @pytest.mark.parametrize("change", ["gone", "changed"])
    def test_an_input_that_changes_during_the_run_is_an_error_of_the_input(
        self,
        change: str,
        source: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        def computed(*arguments: Any) -> Any:
            if change == "gone":
                source.unlink(missing_ok=True)
            else:
                source.write_text(f"{HEADING}\n71,2.5,1200\n", encoding="utf-8")
            return bulk_part.compute_block(*arguments)

        monkeypatch.setattr(bulk_run, "compute_block", computed)
        code, said = self.said(capsys, source, tmp_path / "out.csv")
        assert code == (1 if change == "gone" else 2)
        assert ("in.csv does not exist." if change == "gone" else "in.csv changed during the run") in said
        assert not (tmp_path / "out.csv").exists()

    def test_a_missing_folder_is_an_error_of_the_output(
        self, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code, said = self.said(capsys, source, tmp_path / "no" / "out.csv")
        assert code == 1
        assert said.startswith(f"retrorun: Cannot write the output {tmp_path / 'no'}: This folder does not exist.")

    def test_a_full_disk_is_an_error_of_the_output(
        self, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def full(*_: Any) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(bulk_part, "write_all", full)
        code, said = self.said(capsys, source, tmp_path / "out.csv")
        assert code == 1
        assert said.startswith(f"retrorun: Cannot write the output {tmp_path / 'out.csv'}: No space left")
        assert list(tmp_path.iterdir()) == [source]

    def test_a_folder_without_permission_is_an_error_of_the_output(
        self, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def mkdir(path: Path) -> None:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))

        monkeypatch.setattr(Path, "mkdir", mkdir)
        code, said = self.said(capsys, source, tmp_path / "out.csv")
        assert code == 1
        assert said.startswith(f"retrorun: Cannot write the output {tmp_path / 'out.csv.parts'}: Permission denied")

    def test_a_library_that_does_not_load_is_said_in_a_sentence(self, source: Path, tmp_path: Path) -> None:
        (tmp_path / "stub").mkdir()
        (tmp_path / "stub" / "pyarrow.py").write_text(
            'raise ImportError("libarrow.so: cannot open shared object file")'
        )
        command = [sys.executable, "-m", "retrorun.app.cli", "bulk", str(source), str(tmp_path / "out.csv")]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path / "stub"), *sys.path])}
        found = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert found.returncode == 1
        assert found.stderr == (
            "retrorun: A library that retrorun bulk needs is installed but does not load: "
            "libarrow.so: cannot open shared object file\n"
        )

    @pytest.mark.parametrize("closed", [">&-", "| true"])
    def test_an_output_is_written_where_nobody_reads_the_summary(
        self, closed: str, source: Path, tmp_path: Path
    ) -> None:
        command = (
            f"'{sys.executable}' -m retrorun.app.cli bulk '{source}' '{tmp_path / 'out.csv'}' --workers 1 {closed}"
        )
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        found = subprocess.run(command, shell=True, env=environment, stderr=subprocess.PIPE, text=True, check=False)
        assert found.stderr == ""
        assert is_made(tmp_path / "out.csv", tmp_path / "out.csv")


def test_the_summary_names_a_folder_that_was_not_removed() -> None:
    assert "out.csv.parts" in summary(Outcome(1, 0, Counter(), None, Path("out.csv.parts")))


def test_an_encrypted_file_is_an_error_of_the_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Keys(pe.KmsClient):  # type: ignore[misc]  # pyarrow has no types
        def __init__(self, _: Any) -> None:
            super().__init__()

        def wrap_key(self, key_bytes: bytes, _: str) -> bytes:
            return base64.b64encode(key_bytes)

        def unwrap_key(self, wrapped_key: bytes, _: str) -> bytes:
            return base64.b64decode(wrapped_key)

    table = pa.table({"body_mass_kg": [70.0], "speed_m_s": [2.5], "duration_s": [1200.0]})
    for plaintext in (False, True):
        chosen = pe.EncryptionConfiguration(
            footer_key="a", column_keys={"b": ["speed_m_s"]}, plaintext_footer=plaintext
        )
        properties = pe.CryptoFactory(Keys).file_encryption_properties(pe.KmsConnectionConfig(), chosen)
        with pq.ParquetWriter(tmp_path / "in.parquet", table.schema, encryption_properties=properties) as writer:
            writer.write_table(table)
        assert main(["bulk", str(tmp_path / "in.parquet"), str(tmp_path / "out.csv")]) == 2
        said = capsys.readouterr().err
        assert said.startswith("retrorun: Cannot read in.parquet: ")
        assert "crypt" in said

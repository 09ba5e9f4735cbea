"""Processes of `retrorun bulk`: what they have imported before they work, and what reaches the disk meanwhile."""

import subprocess
import sys
from pathlib import Path

import pytest

from retrorun.app.bulk import run as bulk_run
from retrorun.app.bulk.run import Options, run


class TestProcesses:
    CODE = """
import os
from retrorun.app.processes.pool import ON_LINUX, executor_of, start_imports
if __name__ == "__main__":
    start_imports("retrorun.app.bulk.part", 2)
    with executor_of("retrorun.app.bulk.part", 2) as (executor, processes):
        parents = {executor.submit(os.getppid).result() for _ in range(20)}
        loaded = executor.submit(eval, "'retrorun.app.bulk.part' in __import__('sys').modules").result()
    print(processes(), loaded or not ON_LINUX, len(parents), os.getpid() in parents and ON_LINUX)
"""

    def test_processes_have_imported_before_they_work(self, tmp_path: Path) -> None:
        (tmp_path / "code.py").write_text(self.CODE, encoding="utf-8")
        found = subprocess.run(
            [sys.executable, str(tmp_path / "code.py")], capture_output=True, text=True, check=True, timeout=60
        )
        assert (found.stdout, found.stderr) == ("2 True 1 False\n", "")


class TestFolder:
    def test_each_part_reaches_the_disk_before_the_folder_has_its_name(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "in.csv").write_text("body_mass_kg,speed_m_s,duration_s\n" + "70,2.5,1200\n" * 9, encoding="utf-8")
        options = Options(workers=1, partition_rows=3, folder=True, fields=("gait",))
        reached: list[str] = []

        def noted(path: Path) -> None:
            assert not (tmp_path / "out").exists()
            reached.append(path.name)

        monkeypatch.setattr(bulk_run, "reach_disk", noted)
        run(tmp_path / "in.csv", tmp_path / "out", options)
        assert sorted(reached) == sorted(path.name for path in (tmp_path / "out").iterdir())

        def full(_: Path) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(bulk_run, "reach_disk", full)
        with pytest.raises(OSError, match="No space"):
            run(tmp_path / "in.csv", tmp_path / "other", options)
        assert not (tmp_path / "other").exists()

"""Settings from the environment, invalid values, and warnings about unknown names."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from retrorun.app.settings import SETTINGS, BadSetting, Settings, cores, from_environment, variable, warnings, written

PROGRAM = [sys.executable, "-m", "retrorun.app.cli"]
BARE = {name: value for name, value in os.environ.items() if not name.startswith("RETRORUN_")}


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *words], env=BARE | environment, capture_output=True, check=False, text=True, timeout=30
    )


GOOD = [
    ("RETRORUN_HOST", "0.0.0.0", "host", "0.0.0.0"),
    ("RETRORUN_PORT", "0", "port", 0),
    ("RETRORUN_WORKERS", "64", "workers", 64),
    ("RETRORUN_WORKERS", "auto", "workers", cores()),
    ("RETRORUN_MAXIMUM_BODY_BYTES", "1024", "maximum_body_bytes", 1024),
    ("RETRORUN_MAXIMUM_HEADER_BYTES", "1048576", "maximum_header_bytes", 1_048_576),
    ("RETRORUN_MAXIMUM_CONNECTIONS", " 7 ", "maximum_connections", 7),
    ("RETRORUN_MAXIMUM_LOOP_LAG_S", "1", "maximum_loop_lag_s", 1.0),
    ("RETRORUN_DRAIN_TIME_S", "0", "drain_time_s", 0.0),
    ("RETRORUN_TRUSTED_PROXIES", "10.0.0.0/8, ::1/128", "trusted_proxies", ("10.0.0.0/8", "::1/128")),
    ("RETRORUN_TRUSTED_PROXIES", "192.0.2.7", "trusted_proxies", ("192.0.2.7/32",)),
    (
        "RETRORUN_CORS_ORIGINS",
        "https://app.example,http://127.0.0.1:3000",
        "cors_origins",
        ("https://app.example", "http://127.0.0.1:3000"),
    ),
    ("RETRORUN_CORS_ORIGINS", "*", "cors_origins", ("*",)),
    ("RETRORUN_API_KEY_FILE", "/run/secrets/keys", "api_key_file", "/run/secrets/keys"),
    ("RETRORUN_METRICS_PORT", "9000", "metrics_port", 9000),
    ("RETRORUN_LOG_LEVEL", "WARNING", "log_level", "warning"),
    ("RETRORUN_TRACING", "on", "tracing", True),
    ("RETRORUN_TRACING", "False", "tracing", False),
]

BAD = [
    ("RETRORUN_WORKERS", "0"),
    ("RETRORUN_WORKERS", "65"),
    ("RETRORUN_WORKERS", "many"),
    ("RETRORUN_PORT", "65536"),
    ("RETRORUN_PORT", "-1"),
    ("RETRORUN_PORT", "http"),
    ("RETRORUN_MAXIMUM_BODY_BYTES", "1023"),
    ("RETRORUN_MAXIMUM_BODY_BYTES", "64k"),
    ("RETRORUN_MAXIMUM_BODY_BYTES", "65536.0"),
    ("RETRORUN_MAXIMUM_CONNECTIONS", "0"),
    ("RETRORUN_MAXIMUM_LOOP_LAG_S", "nan"),
    ("RETRORUN_MAXIMUM_LOOP_LAG_S", "inf"),
    ("RETRORUN_REQUEST_TIMEOUT_S", "0"),
    ("RETRORUN_HEADER_TIMEOUT_S", "5s"),
    ("RETRORUN_SHUTDOWN_WITHIN_S", "2.5"),
    ("RETRORUN_TRUSTED_PROXIES", "*"),
    ("RETRORUN_TRUSTED_PROXIES", "10.0.0.0/8,,"),
    ("RETRORUN_TRUSTED_PROXIES", "10.0.0.1/8"),
    ("RETRORUN_TRUSTED_PROXIES", "proxy.example"),
    ("RETRORUN_CORS_ORIGINS", "app.example"),
    ("RETRORUN_CORS_ORIGINS", "https://app.example/"),
    ("RETRORUN_LOG_LEVEL", "loud"),
    ("RETRORUN_TRACING", "maybe"),
]


class TestFromEnvironment:
    def test_an_empty_environment_gives_the_defaults(self) -> None:
        assert from_environment({}) == Settings()

    def test_an_empty_value_is_none(self) -> None:
        assert from_environment({variable(name): "" for name in SETTINGS}) == Settings()

    @pytest.mark.parametrize(("name", "text", "setting", "value"), GOOD)
    def test_a_good_value_is_taken(self, name: str, text: str, setting: str, value: object) -> None:
        assert from_environment({name: text}) == dataclasses.replace(Settings(), **{setting: value})  # type: ignore[arg-type]

    @pytest.mark.parametrize(("name", "text"), BAD)
    def test_a_bad_value_is_one_sentence_that_names_it_and_what_can_be(self, name: str, text: str) -> None:
        with pytest.raises(BadSetting) as raised:
            from_environment({name: text})
        expected = SETTINGS[name.removeprefix("RETRORUN_").lower()].metadata["expected"]
        assert str(raised.value) == f"{name} is not {expected}."

    def test_headers_may_not_take_longer_than_the_request(self) -> None:
        with pytest.raises(BadSetting, match="headers are part of a request"):
            from_environment({"RETRORUN_HEADER_TIMEOUT_S": "11"})

    def test_a_given_value_wins(self) -> None:
        assert from_environment({"RETRORUN_PORT": "none"}, port=1, host=None).port == 1

    @pytest.mark.parametrize("nothing", ["", " ", "\t"])
    def test_an_empty_one_that_is_given_is_one_sentence(self, nothing: str) -> None:
        with pytest.raises(BadSetting, match=r"^--host is empty: give an address, or leave it out\.$"):
            from_environment({"RETRORUN_HOST": "127.0.0.1"}, host=nothing)
        assert from_environment({"RETRORUN_HOST": nothing}).host == "127.0.0.1"

    def test_the_metrics_have_a_port_of_their_own(self) -> None:
        with pytest.raises(BadSetting, match="RETRORUN_METRICS_PORT is the port of the service"):
            from_environment({"RETRORUN_METRICS_PORT": "9000", "RETRORUN_PORT": "9000"})
        assert from_environment({"RETRORUN_METRICS_PORT": "0", "RETRORUN_PORT": "0"}).metrics_port == 0

    def test_every_setting_survives_being_written(self) -> None:
        environment = {name: text for name, text, _, _ in GOOD}
        once = from_environment(environment)
        assert from_environment({variable(name): written(getattr(once, name)) for name in SETTINGS}) == once

    @pytest.mark.parametrize("name", SETTINGS)
    def test_every_setting_is_explained_and_its_unit_is_in_its_name(self, name: str) -> None:
        known = SETTINGS[name].metadata
        assert known["meaning"].endswith(".")
        assert known["expected"]
        if isinstance(SETTINGS[name].default, float) or "Time" in known["meaning"]:
            assert name.endswith("_s") or name == "shutdown_within_s"
        if default := written(SETTINGS[name].default):
            assert known["read"](default) == SETTINGS[name].default


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("150000 100000", 1), ("50000 100000", 1), ("300000 100000", 3), ("6400000 100000", 4), ("max 100000", 4)],
)
def test_auto_is_the_cores_that_a_container_may_use(
    quota: str, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "cpu.max"
    monkeypatch.setattr("retrorun.app.settings.CPU_QUOTA", file)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 2, 3, 5}, raising=False)
    assert cores() == 4
    file.write_text(quota)
    assert from_environment({"RETRORUN_WORKERS": "auto"}).workers == expected


KUBERNETES = {
    "RETRORUN_PORT": "tcp://10.0.0.1:80",
    "RETRORUN_SERVICE_HOST": "10.0.0.1",
    "RETRORUN_SERVICE_PORT": "80",
    "RETRORUN_SERVICE_PORT_HTTP": "80",
    "RETRORUN_PORT_80_TCP": "tcp://10.0.0.1:80",
    "RETRORUN_PORT_80_TCP_ADDR": "10.0.0.1",
    "RETRORUN_METRICS_PORT": "tcp://10.0.0.2:9000",
    "RETRORUN_METRICS_SERVICE_HOST": "10.0.0.2",
}


class TestWarnings:
    def test_there_is_no_warning_without_a_reason(self) -> None:
        # The key is what the command line sends to a service.
        assert not list(warnings({"PATH": "/bin", "RETRORUN_PORT": "1", "RETRORUN_API_KEY": "rr_secret"}))

    def test_an_unknown_one_names_the_nearest(self) -> None:
        (sentence,) = warnings({"RETRORUN_MAX_BODY_BYTES": "secret"})
        assert sentence.startswith("RETRORUN_MAX_BODY_BYTES is not a setting and is ignored. ")
        assert "Did you mean RETRORUN_MAXIMUM_BODY_BYTES?" in sentence
        assert "secret" not in sentence

    def test_those_of_kubernetes_are_one_sentence_and_stop_nothing(self) -> None:
        (sentence,) = warnings(KUBERNETES)
        assert all(name in sentence for name in KUBERNETES)
        assert "enableServiceLinks: false" in sentence
        assert from_environment(KUBERNETES) == Settings()


class TestCommands:
    def test_settings_lists_each_with_value_default_and_meaning(self) -> None:
        ran = run("settings", RETRORUN_PORT="9001", RETRORUN_DRIAN_TIME_S="1")
        assert ran.returncode == 0
        for name in SETTINGS:
            assert f"\n{variable(name)}=" in f"\n{ran.stdout}"
        assert "RETRORUN_PORT=9001 (default 8000)" in ran.stdout
        assert "Did you mean RETRORUN_DRAIN_TIME_S?" in ran.stderr

    def test_settings_as_json(self) -> None:
        ran = run("settings", "--json", RETRORUN_TRACING="on")
        assert (ran.returncode, ran.stderr) == (0, "")
        listed = {entry.pop("name"): entry for entry in json.loads(ran.stdout)}
        assert list(listed) == [variable(name) for name in SETTINGS]
        assert (listed["RETRORUN_TRACING"]["value"], listed["RETRORUN_TRACING"]["default"]) == ("on", "off")
        assert all(set(entry) == {"value", "default", "expected", "meaning"} for entry in listed.values())

    @pytest.mark.parametrize("command", ["serve", "settings"])
    def test_a_bad_value_is_one_sentence_and_code_2(self, command: str) -> None:
        ran = run(command, RETRORUN_MAXIMUM_BODY_BYTES="64k")
        assert (ran.returncode, ran.stdout) == (2, "")
        assert ran.stderr == "retrorun: RETRORUN_MAXIMUM_BODY_BYTES is not a whole number from 1024 to 16777216.\n"

"""The generated clients send every operation, golden pair and problem, and read back the answers.

`make clients` makes the same clients in `build/clients`. The programs of docs/clients.md are run as they stand there,
but for the address, and those that nothing here compiles have every name looked up.
"""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import httpx
import pyarrow as pa
import pytest
import yaml

from retrorun.app.contract.examples import pairs
from retrorun.app.contract.golden import shortened
from retrorun.app.contract.open_answers import KNOWN_WORDS
from tests.app.contract.test_golden import assert_same
from tests.clients.generate import COMMANDS, MODULES, generate, lacking
from tests.clients.native import LANGUAGES, contract, missing
from tests.page.browser import serving

HOUSE: Final = Path(__file__).parents[2]
CLIENTS: Final = HOUSE / "tests" / "clients"
PAGE: Final = HOUSE / "docs" / "clients.md"
MYPY: Final = (sys.executable, "-m", "mypy", "--config-file", CLIENTS / "mypy.ini")
ADDRESS: Final = "http://127.0.0.1:8000"

Pair: TypeAlias = Mapping[str, Any]
Answers: TypeAlias = dict[str, dict[str, Any]]

UNSENT: Final = {
    "estimate.unknown_field": "a required field is missing from the body, and a type has it",
    "estimate_table.json": "an operation has one media type",
    "validation.accept": "an operation has one media type",
    "validation.unknown_model": "a word is one of those that the contract has",
    "workout_track.json": "an operation has one media type",
    "workout_track.no_form": "a form is made by the client",
    "workout_track.part_missing": "a required part is missing from the form, and a type has it",
    "problem.encoding": "a body is made by the client",
    "problem.malformed": "a body is made by the client",
    "problem.media_type": "an operation has one media type",
    "problem.no_path": "there is no such operation",
    "problem.other_method": "there is no such operation",
}
"""Golden pairs that a typed client cannot send, and why."""

BOUT: Final = {"body_mass_kg": 70.0, "speed_m_s": 2.5, "duration_s": 1200.0}
PROGRAMS: Final = ("one_bout", "asking_again", "many_bouts", "a_plan")
"""Those of the page that use the generated Python client, in order; the last in Python is without it."""

ENERGY: Final = ["forward_total_energy_kcal", "backward_total_energy_kcal"]
COLUMNS: Final = pa.table({"body_mass_kg": [70.0, 70.0], "speed_m_s": [2.5, 3.0], "duration_s": [1200.0, 1200.0]})
ARROW: Final = "estimate_table.arrow"
AGAIN: Final = "models.not_modified"
SENT: Final = {name: pair for name, pair in pairs().items() if "request" in pair and name not in UNSENT}
REFUSED: Final = {name: pair for name, pair in pairs().items() if "refusal" in pair}


FUTURE: Final = {
    name: pair
    for name, pair in SENT.items()
    if pair["response"]["status"] == 200 and "body" in pair["response"] and name != AGAIN
}
"""Answers that come back as a later version may send them."""
NEW_FIELD: Final = {"of_a_later_version": {"value": 1.5, "words": ["some"]}}
NEW_WORD: Final = "word_of_a_later_version"

GERMAN: Final = {
    "energy_more_or_less": "Etwa {total_energy_kcal} kcal rückwärts ({total_energy_kcal_low} bis "
    "{total_energy_kcal_high}), {percent_more} % mehr als vorwärts bei gleicher Geschwindigkeit "
    "({percent_less_high} % weniger bis {percent_more_high} % mehr).",
    "knee_less_or_more": "Geschätzte Spitzenkraft an der Kniescheibe: {percent_less} % weniger als vorwärts bei "
    "gleicher Geschwindigkeit ({percent_less_high} % weniger bis {percent_more_high} % mehr), Evidenzgrad {evidence}. "
    "Weniger Last heißt nicht weniger Schmerz.",
    "fall": "Rückwärts kann man leichter stürzen.",
}
"""The words of an app in German, by the code of a sentence."""

OF_THE_LANGUAGE: Final = {
    "kotlin": {"import", "fun", "main", "try", "val", "bout", "energy", "run", "println", "format", "catch", "refused"},
    "swift": {"import", "Foundation", "let", "bout", "do", "answer", "try", "await", "guard", "energy", "else"}
    | {"fatalError", "print", "String", "format", "catch", "error"},
}
"""Names in the programs of the page that a client need not declare."""


def fenced(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def shown(language: str, place: int = 0) -> str:
    """Return a program of the page."""
    return fenced(PAGE.read_text(encoding="utf-8"), language)[place]


def stream(table: pa.Table) -> str:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return base64.b64encode(sink.getvalue().to_pybytes()).decode()


def job(name: str, url: str, request: Pair) -> dict[str, Any]:
    """Return a golden request as the programs of the clients take it."""
    address = urlsplit(request["path"])
    (operation,) = (
        found["operationId"]
        for method, found in contract()["paths"][address.path].items()
        if method == request["method"].lower()
    )
    headers = {header: value for header, value in request.get("headers", {}).items() if header != "content-type"}
    sent = base64.b64encode(request["text"].encode()).decode() if "text" in request else request.get("base64")
    return {
        **{
            "name": name,
            "operation": operation,
            "url": url,
            "headers": headers,
            "query": dict(parse_qsl(address.query)),
        },
        **{"body": request.get("body"), "base64": sent},
    }


def jobs(service: str, replay: str) -> list[dict[str, Any]]:
    """Return every request: the golden ones, what JSON cannot show, and those that only a busy service refuses."""
    table = {"method": "POST", "path": f"/estimate/table?fields={','.join(ENERGY)}", "base64": stream(COLUMNS)}
    models = {"method": "GET", "path": "/models", "headers": {"if-none-match": "*"}}
    bout = {"method": "POST", "path": "/estimate", "body": BOUT}
    return [
        *(job(name, service, pair["request"]) for name, pair in SENT.items()),
        job(ARROW, service, table),
        job(AGAIN, service, models),
        *(job(name, replay, bout) for name in REFUSED),
    ]


def of_a_later_version(schema: Pair, answer: Any) -> Any:
    """Return an answer with a new field in every object, at any depth, and a new word wherever words may come."""
    if "$ref" in schema:
        schema = contract()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if isinstance(answer, list):
        return [of_a_later_version(schema.get("items", {}), item) for item in answer]
    if isinstance(answer, dict):
        fields, others = schema.get("properties", {}), schema.get("additionalProperties")
        others = others if isinstance(others, dict) else {}
        later = {name: of_a_later_version(fields.get(name, others), field) for name, field in answer.items()}
        return later | NEW_FIELD if fields else later
    return NEW_WORD if KNOWN_WORDS in schema else answer


def later_answers() -> dict[str, Any]:
    """Return the golden answers as a later version may send them."""
    found = {}
    for name, pair in FUTURE.items():
        request, response = pair["request"], pair["response"]
        operation = contract()["paths"][urlsplit(request["path"]).path][request["method"].lower()]
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        found[name] = {"response": response | {"body": of_a_later_version(schema, response["body"])}}
    return found


@contextmanager
def replaying(answers: Mapping[str, Any], then: Pair | None = None) -> Iterator[tuple[str, list[str]]]:
    """Serve golden answers by the X-Request-ID asked with, or one twice and then another; give the ids asked with."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            asked.append(self.headers.get("x-request-id", ""))
            answer = then if then and len(asked) > 2 else answers[asked[-1]]["response"]
            body = (answer.get("text") or json.dumps(answer["body"])).encode()
            self.send_response(answer["status"])
            for name, value in (answer["headers"] | {"content-length": str(len(body))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def run(*command: str | Path, folder: Path, said: str = "") -> str:
    """Run a program in a folder and return what it prints."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "PYTHONUTF8": "1"},
        input=said,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clients")


@pytest.fixture(scope="session")
def service() -> Iterator[str]:
    with serving() as address:
        yield address


@pytest.fixture(scope="session")
def python(folder: Path, service: str) -> Path:
    """Make the Python client, with the programs that use it beside it; return where they are."""
    generate("python", folder)
    place = folder / "python"
    (place / "every_operation.py").write_text((CLIENTS / "every_operation.py").read_text(encoding="utf-8"))
    (place / "german.py").write_text(f"GERMAN: dict[str, str] = {GERMAN}\n", encoding="utf-8")
    (place / "sentences.py").write_text(
        (CLIENTS / "sentences.py").read_text(encoding="utf-8").replace(ADDRESS, service)
    )
    for number, name in enumerate(PROGRAMS):
        (place / f"{name}.py").write_text(shown("python", number).replace(ADDRESS, service))
    return place


@pytest.fixture(scope="session")
def typescript(folder: Path, service: str) -> Path:
    """Make the TypeScript client and compile the programs that use it, strictly; return where they are."""
    if reason := lacking("typescript"):
        pytest.skip(reason)  # the reason names the tool that this machine lacks
    generate("typescript", folder)
    place = folder / "typescript"
    for name in ("package.json", "tsconfig.json", "every_operation.ts"):
        (place / name).write_text((CLIENTS / "typescript" / name).read_text(encoding="utf-8"))
    (place / "documented.ts").write_text(shown("ts").replace(ADDRESS, service))
    table = json.dumps(GERMAN, ensure_ascii=False)
    (place / "german.ts").write_text(f"export const GERMAN: Record<string, string> = {table};\n", encoding="utf-8")
    app = (CLIENTS / "typescript" / "sentences.ts").read_text(encoding="utf-8")
    (place / "sentences.ts").write_text(app.replace(ADDRESS, service), encoding="utf-8")
    (place / "node_modules").symlink_to(MODULES)
    run("node", MODULES / "typescript" / "bin" / "tsc", "-p", ".", folder=place)
    return place


@pytest.fixture(scope="session", params=LANGUAGES)
def phone(request: pytest.FixtureRequest, folder: Path) -> str:
    """Make a client that is only read."""
    language = str(request.param)
    if reason := lacking(language):
        pytest.skip(reason)  # the reason names the tool that this machine lacks
    generate(language, folder)
    return language


@pytest.fixture(scope="session")
def requests(service: str) -> Iterator[list[dict[str, Any]]]:
    with replaying(REFUSED) as (replay, _):
        yield jobs(service, replay)


@pytest.fixture(scope="session")
def python_answers(python: Path, requests: list[dict[str, Any]]) -> Answers:
    answers: Answers = json.loads(run(sys.executable, "every_operation.py", folder=python, said=json.dumps(requests)))
    return answers


@pytest.fixture(scope="session")
def typescript_answers(typescript: Path, requests: list[dict[str, Any]]) -> Answers:
    answers: Answers = json.loads(run("node", "every_operation.js", folder=typescript, said=json.dumps(requests)))
    return answers


@pytest.fixture(params=["python", "typescript"])
def answers(request: pytest.FixtureRequest) -> Answers:
    found: Answers = request.getfixturevalue(f"{request.param}_answers")
    return found


def plain(node: Any) -> Any:
    """Return JSON with its fields in order and all of its numbers of one type."""
    return json.loads(json.dumps(node, sort_keys=True), parse_int=float)


class TestEveryOperation:
    def test_every_operation_is_sent(self, requests: list[dict[str, Any]]) -> None:
        operations = {found["operationId"] for item in contract()["paths"].values() for found in item.values()}
        assert {each["operation"] for each in requests} == operations

    def test_each_is_answered(self, answers: Answers, requests: list[dict[str, Any]]) -> None:
        assert answers.keys() == {each["name"] for each in requests}
        answered = {each["operation"] for each in requests if answers[each["name"]]["status"] == 200}
        assert answered == {each["operation"] for each in requests}

    @pytest.mark.parametrize("name", SENT | REFUSED)
    def test_the_client_reads_the_answer_unchanged(self, name: str, answers: Answers) -> None:
        pair, found = pairs()[name], answers[name]
        assert found["status"] == pair["response"]["status"]
        expected = pair["response"].get("body", pair["response"].get("text"))
        if name in SENT and isinstance(expected, dict) and "request_id" in expected:
            # The client sends the name of the pair as its id.
            expected = expected | {"request_id": name}
        assert_same(plain(shortened(found["body"], pair.get("first"), pair.get("numbers"))), plain(expected))

    def test_every_problem_is_read(self, answers: Answers) -> None:
        """But those of paths and methods that are not there, and of a body that no client makes."""
        problems = {pair["response"]["status"] for pair in pairs().values()} - {200}
        assert {answer["status"] for answer in answers.values()} - {200, 304} == problems - {404, 405, 415}
        assert all(
            answer["body"]["status"] == answer["status"] and answer["body"]["detail"]
            for answer in answers.values()
            if answer["status"] >= 400
        )

    def test_a_table_comes_back_as_arrow(self, answers: Answers) -> None:
        table = pa.ipc.open_stream(base64.b64decode(answers[ARROW]["body"])).read_all()
        columns = pairs()["estimate_batch.columns"]["response"]["body"]["columns"]
        for name in ENERGY:
            assert table[name].to_pylist() == pytest.approx(columns[name]["values"], rel=1e-12)

    def test_an_unchanged_answer_is_not_sent(self, answers: Answers) -> None:
        assert (answers[AGAIN]["status"], answers[AGAIN]["body"] or None) == (304, None)

    def test_every_unsent_pair_exists(self) -> None:
        assert set(UNSENT) < set(pairs())


class TestLaterVersions:
    """The contract promises that new fields and words of an answer break no client."""

    @pytest.fixture(params=["python", "typescript"])
    def read(self, request: pytest.FixtureRequest) -> Iterator[tuple[Answers, dict[str, Any]]]:
        """Return what a client reads of the answers of a later version, and these answers."""
        program = {"python": (sys.executable, "every_operation.py"), "typescript": ("node", "every_operation.js")}
        folder: Path = request.getfixturevalue(request.param)
        later = later_answers()
        with replaying(later) as (replay, _):
            sent = json.dumps([job(name, replay, pair["request"]) for name, pair in FUTURE.items()])
            yield json.loads(run(*program[request.param], folder=folder, said=sent)), later

    def test_new_fields_and_words_are_read(self, read: tuple[Answers, dict[str, Any]]) -> None:
        answers, later = read
        assert answers.keys() == FUTURE.keys()
        for name, answer in answers.items():
            assert answer["status"] == 200
            assert_same(plain(answer["body"]), plain(later[name]["response"]["body"]))

    def test_they_are_at_every_depth_and_in_every_answer(self) -> None:
        later = {name: json.dumps(pair["response"]["body"]) for name, pair in later_answers().items()}
        assert {name.partition(".")[0] for name in later} == {
            found["operationId"]
            for item in contract()["paths"].values()
            for found in item.values()
            if "application/json" in found["responses"]["200"]["content"]
        }
        assert all("of_a_later_version" in text for text in later.values())
        assert later["estimate.whole"].count(NEW_WORD) > 10
        depths = later_answers()["estimate.whole"]["response"]["body"]
        for part in (depths, depths["forward"], depths["forward"]["load"], depths["warnings"][0]):
            assert NEW_FIELD.keys() < part.keys()


class TestTenLines:
    """An app shows headline, knee and caution in the words of its own language, by their codes."""

    APPS: Final = ("sentences.py", "typescript/sentences.ts")

    @pytest.fixture(params=["python", "typescript"])
    def said(self, request: pytest.FixtureRequest) -> list[str]:
        program = {"python": (sys.executable, "sentences.py"), "typescript": ("node", "sentences.js")}[request.param]
        return run(*program, folder=request.getfixturevalue(request.param)).splitlines()

    def test_an_app_shows_the_three_sentences_in_german(self, said: list[str], service: str) -> None:
        summary = httpx.post(f"{service}/estimate", json=BOUT).json()["summary"]
        assert [summary[part]["code"] for part in ("headline", "knee", "caution")] == list(GERMAN)
        assert said == [GERMAN[each["code"]].format(**each["params"]) for each in summary.values()]
        assert said[0].startswith("Etwa ")
        assert "{" not in "".join(said)

    def test_a_sentence_without_a_translation_is_shown_in_english(self, python: Path, service: str) -> None:
        """A later version may say something that the table does not have."""
        (python / "german.py").write_text("GERMAN: dict[str, str] = {}\n")
        said = run(sys.executable, "sentences.py", folder=python).splitlines()
        (python / "german.py").write_text(f"GERMAN: dict[str, str] = {GERMAN}\n", encoding="utf-8")
        summary = httpx.post(f"{service}/estimate", json=BOUT).json()["summary"]
        assert said == [each["text"] for each in summary.values()]

    @pytest.mark.parametrize("app", APPS)
    def test_it_has_ten_lines_and_checks_no_type(self, app: str) -> None:
        lines = [line.strip() for line in (CLIENTS / app).read_text(encoding="utf-8").splitlines()]
        assert len([line for line in lines if line and not line.startswith(('"""', "//"))]) <= 10
        assert not re.search(r"isinstance|typeof|instanceof|\bas\b|\bany\b|ignore", " ".join(lines[1:]))


class TestTypes:
    def test_the_python_client_and_what_uses_it(self, python: Path) -> None:
        """TypeScript is compiled as it is made, and so is what uses it."""
        run(*MYPY, ".", folder=python)

    def test_a_wrong_field_is_seen(self, python: Path) -> None:
        wrong = shown("python").replace("speed_m_s", "speed_ms")
        with pytest.raises(AssertionError, match="speed_ms"):
            run(*MYPY, "-c", wrong, folder=python)


class TestPhones:
    def test_no_name_of_the_contract_is_missing(self, phone: str, folder: Path) -> None:
        assert missing(phone, folder) == []

    def test_a_missing_name_is_seen(self, phone: str, folder: Path, tmp_path: Path) -> None:
        how = LANGUAGES[phone]
        shutil.copytree(folder / phone, tmp_path / phone)
        model = tmp_path / how.model.format(name="EstimateRequest")
        source = model.read_text(encoding="utf-8")
        changed = source.replace("speed_m_s", "speed").replace("female", "woman")
        model.write_text(re.sub(r"Double\?( = null)?", "Double", changed), encoding="utf-8")
        (tmp_path / how.model.format(name="Alive")).unlink()
        interface = next(path for path in tmp_path.glob(how.functions) if "Evidence" in path.name)
        interface.write_text(interface.read_text(encoding="utf-8").replace(how.function.format(name="models"), ""))
        found = missing(phone, tmp_path)
        assert {
            "Alive: no type",
            "EstimateRequest: no word female",
            "EstimateRequest.grade: not optional",
            "EstimateRequest.speed: no such field in the contract",
            "EstimateRequest.speed_m_s: no field",
            "models: no function",
        } <= set(found)

    def test_every_name_of_the_page_is_there(self, phone: str, folder: Path) -> None:
        sources = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob(f"{phone}/**/[A-Z]*.[ks]*t"))
        known = {"RetroRun", "retrorun", "apis", "infrastructure", "models"} | OF_THE_LANGUAGE[phone]
        known |= {*re.findall(r"[(,] ?(\w+): ", sources)}  # arguments
        for before in ("val", "var", "let", "fun", "func", "class", "struct", "case"):
            known |= {*re.findall(rf"\b{before} `?(\w+)", sources)}

        def unknown(program: str) -> set[str]:
            return {*re.findall(r"[A-Za-z]\w+", re.sub(r'"[^"]*"', "", program))} - known

        assert unknown(shown(phone)) == set()
        assert unknown(shown(phone).replace("totalEnergyKcal", "energyKcal")) == {"energyKcal"}


class TestPage:
    def test_the_programs_print_what_it_says(self, python: Path, service: str, tmp_path: Path) -> None:
        for number, name in enumerate(PROGRAMS):
            assert run(sys.executable, f"{name}.py", folder=python) == shown("text", number)
        (tmp_path / "plain.py").write_text(shown("python", -1).replace(ADDRESS, service))
        assert run(sys.executable, "plain.py", folder=tmp_path) == shown("text")

    def test_the_program_in_typescript_too(self, typescript: Path) -> None:
        assert run("node", "documented.js", folder=typescript) == shown("text")

    @pytest.mark.parametrize("headers", [{"retry-after": "0"}, {}, {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}])
    def test_the_plain_one_asks_again(self, headers: dict[str, str], tmp_path: Path) -> None:
        busy = {"status": 503, "headers": headers, "text": "<html>"}
        with replaying({"": {"response": busy}}, pairs()["estimate.energy"]["response"]) as (address, asked):
            (tmp_path / "plain.py").write_text(shown("python", -1).replace(ADDRESS, address))
            assert run(sys.executable, "plain.py", folder=tmp_path) == shown("text")
        assert len(asked) == 3

    def test_the_plain_client_shows_what_to_fix(self, service: str, tmp_path: Path) -> None:
        program = shown("python", -1).replace(ADDRESS, service).replace('_kg": 70', '_kg": 700')
        with pytest.raises(AssertionError, match="/body_mass_kg: "):
            run(sys.executable, "-c", program, folder=tmp_path)

    @pytest.mark.parametrize("headers", [{"retry-after": "0"}, {}, {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}])
    def test_the_generated_one_asks_again(self, headers: dict[str, str], python: Path) -> None:
        busy = REFUSED["problem.loop_lag"]["response"] | {"headers": headers}
        refused = pairs()["plan.unattainable"]["response"]
        with replaying({"": {"response": busy}}, refused) as (address, asked):
            said = run(sys.executable, "-c", shown("python", 1).replace(ADDRESS, address), folder=python)
        assert said.splitlines()[1].startswith("/active_energy_kcal: ")
        assert len(asked) == 3

    @pytest.mark.parametrize("place", [1, -1])
    def test_they_give_up(self, place: int, python: Path) -> None:
        busy = {"response": REFUSED["problem.loop_lag"]["response"] | {"headers": {"retry-after": "0"}}}
        with replaying({"": busy}) as (address, asked):
            program = shown("python", place).replace(ADDRESS, address)
            done = subprocess.run([sys.executable, "-c", program], cwd=python, capture_output=True, check=False)
        assert b"overloaded" in done.stdout or b"HTTPStatusError" in done.stderr
        assert len(asked) == 5

    @pytest.mark.parametrize(("status", "error"), [(503, "JSONDecodeError"), (502, None)])
    def test_html_of_a_proxy(self, status: int, error: str | None, python: Path) -> None:
        html = {"response": {"status": status, "headers": {"retry-after": "0"}, "text": "<html>"}}
        with replaying({"": html}) as (address, _):
            program = shown("python", 1).replace(ADDRESS, address) + "print(answer.parsed)\n"
            if error:
                with pytest.raises(AssertionError, match=error):
                    run(sys.executable, "-c", program, folder=python)
            else:
                assert run(sys.executable, "-c", program, folder=python) == "None\n"

    def test_the_commands_are_those_of_make(self) -> None:
        assert [block.strip() for block in fenced(PAGE.read_text(encoding="utf-8"), "sh")] == list(COMMANDS.values())

    def test_the_settings_are_those_of_make(self) -> None:
        assert yaml.safe_load(shown("yaml")) == yaml.safe_load((CLIENTS / "python.yaml").read_text(encoding="utf-8"))

    def test_a_program_has_about_ten_lines(self) -> None:
        for language in ("python", "ts", "kotlin", "swift"):
            for program in fenced(PAGE.read_text(encoding="utf-8"), language):
                assert len([line for line in program.splitlines() if line]) <= 12

    def test_nothing_else_is_shown(self) -> None:
        found = re.findall(r"^```(\w+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
        assert set(found) == {"text", "sh", "yaml", "python", "ts", "kotlin", "swift"}

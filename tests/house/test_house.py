"""The rules of the house, and that each check sees what it is there to see."""

import ast
import itertools
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import TypeAlias

import pytest

from retrorun.app.api.estimate import EstimateRequest, MeasurementRequest
from retrorun.app.api.workout import ItemRequest, SegmentRequest, WorkoutRequest
from retrorun.app.contract.openapi import contract, contract_text
from retrorun.app.http.problems import PROBLEMS
from retrorun.app.main import create_app
from retrorun.models.evidence.cautions import WARNINGS
from retrorun.models.evidence.claims import CLAIMS
from retrorun.models.sources.references import REFERENCES
from retrorun.models.summary.texts import TEXTS
from retrorun.models.vocabulary.meanings import MEANINGS
from retrorun.models.vocabulary.quantities import INPUTS, QUANTITIES

HOUSE = Path(__file__).parents[2]
STATIC = HOUSE / "app" / "static"
APP = sorted((HOUSE / "app").rglob("*.py"))
MODELS = sorted((HOUSE / "models").rglob("*.py"))


def named(path: Path) -> str:
    return path.relative_to(HOUSE).as_posix()


# What models may import: numbers, words and the committed tables, but no environment, clock, chance, log or wire.
# Which package may import which is a contract of import-linter, in pyproject.toml.
MODELS_MAY_IMPORT = {
    *(
        "numpy",
        "bisect",
        "collections",
        "csv",
        "dataclasses",
        "difflib",
        "enum",
        "fractions",
        "functools",
        "hashlib",
        "importlib",
    ),
    *("itertools", "math", "operator", "pathlib", "re", "statistics", "types", "typing"),
}
BY_NAME = "models/evidence/constants.py"
"""Reads each constant from the module that a table names."""


def foreign_imports(source: str) -> Iterator[str]:
    """Yield what a module of the models may not import, and any use of NumPy's random numbers."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import():
                names = [alias.name for alias in node.names]
            case ast.ImportFrom(level=0):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            case ast.Call(func=ast.Name(id="__import__" | "import_module") | ast.Attribute(attr="import_module")):
                names = ["an import by name"]
            case ast.Attribute(value=ast.Name(id="np" | "numpy"), attr="random"):
                names = ["numpy.random"]
            case _:
                continue
        for name in names:
            known = name.startswith("retrorun.models.") or name.partition(".")[0] in MODELS_MAY_IMPORT
            if not known or name.startswith("numpy.random"):
                yield f"line {node.lineno}: {name}"


class TestModelsImports:
    @pytest.mark.parametrize("path", MODELS, ids=named)
    def test_models_import_numpy_the_standard_library_and_themselves(self, path: Path) -> None:
        assert MODELS_MAY_IMPORT - {"numpy"} <= sys.stdlib_module_names
        found = {foreign.partition(": ")[2] for foreign in foreign_imports(path.read_text(encoding="utf-8"))}
        allowed = {"models/__init__.py": {"retrorun.shorten"}, BY_NAME: {"an import by name"}}
        assert found == allowed.get(named(path), set())

    @pytest.mark.parametrize(
        "source",
        [
            "import app",
            "import app.main",
            "import models.estimate",
            "from retrorun.app.http.schema import EstimateRequest",
            "from retrorun import app",
            "import fastapi, math",
            "from pydantic import Field",
            "import os",
            "from os import environ",
            "import time",
            "from datetime import datetime",
            "import random",
            "import logging",
            "import urllib.request",
            "def late():\n    import socket",
            "import numpy.random",
            "from numpy import random",
            "from numpy.random import default_rng",
            "import numpy as np\nnp.random.default_rng()",
            "__import__('os')",
            "import importlib\nimportlib.import_module('app')",
            "from importlib import import_module\nimport_module('app')",
        ],
    )
    def test_the_check_sees_a_foreign_import(self, source: str) -> None:
        assert list(foreign_imports(source))

    @pytest.mark.parametrize(
        "source",
        ["import numpy as np", "from retrorun.models.physiology.load import x", "from . import x", "import math"],
    )
    def test_the_check_lets_the_others_be(self, source: str) -> None:
        assert not list(foreign_imports(source))

    def test_an_estimate_loads_nothing_of_the_service(self) -> None:
        program = (
            "import sys; from retrorun.models.estimate.estimate import estimate; "
            "estimate(body_mass_kg=70.0, speed_m_s=2.5, duration_s=1200.0); "
            "print(*{name.removeprefix('retrorun.').partition('.')[0] for name in sys.modules})"
        )
        loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
        assert not set(loaded.stdout.split()) & {"app", "fastapi", "starlette", "pydantic", "httpx", "uvicorn"}


# Every number that a file of app/ may hold beside 0, 1 and the HTTP statuses, and why. None is physiology: what
# describes a body, a bout or a step belongs in models/, where its unit, range and source stand beside it.
LAYOUT = "counts of columns, decimals, matches and exit codes"
UNITS = "what a unit is by definition"
Allowed: TypeAlias = dict[str, tuple[int | float | str, ...]]
NUMBERS_OF_APP: dict[str, Allowed] = {
    "app/cli/check/service.py": {
        "seconds for all, for one, to wait": (60.0, 10.0, 5.0),
        "tries, bytes of an answer": (3, 23),
        "statuses of a busy service": (429,),
    },
    "app/cli/check/report.py": {LAYOUT: (2, 3), "most differences, characters": (60, 100, 120, 1000)},
    "app/contract/golden.py": {"share of a number that counts as the same": (1e-12,)},
    "app/contract/examples.py": {"folders above": (2,), "answers shown": (3,)},
    "app/contract/llms.py": {"most words of a field that are listed": (12,)},
    "app/contract/openapi.py": {"indent of the JSON": (2,), "statuses as OpenAPI writes them": ("200", "304", "401")},
    "app/http/guard.py": {"caller left": (499,), "bits of a request id": (64,)},
    "app/http/limits.py": {
        "lines of a trace": (6,),
        "bytes at once, bytes from which a body counts, digits of a length": (15, 8192, 19),
    },
    "app/server/connection.py": {
        "seconds to linger, and for the last requests": (2.0, 0.25),
        "bytes parsed at once": (4096,),
        "times the served connections: answered, lingering": (2, 3),
        "bytes on the wire for one of a body, of a request id": (8,),
        "bytes that a client has to read, may be behind, of a number of the system": (8192, 17, 4),
        "header lines": (100,),
    },
    "app/http/json_route.py": {
        "values of a bracket, of a crowd, fields of no object": (2, 4000, 100),
        "bytes of a small body, of a part": (8192, 16),
    },
    "app/compute/worker.py": {"bytes at once, steps of nice": (20, 10)},
    "app/compute/workers.py": {"bytes at once, lanes": (16, 2), "seconds to start, until another look": (30.0, 0.02)},
    "app/api/workout.py": {"repeats in the example": (6,)},
    "app/api/batch.py": {"most bouts, longer ones, alike ones, rows written at once, steps": (10_000, 2, 3, 6, 256, 2)},
    "app/formats/arrow_stream.py": {
        "layout of a message: types, fields, widths": (2, 3, 4),
        "most columns and buffers that are looked at": (64,),
    },
    "app/formats/arrow_checks.py": {
        "bits of a byte and of a wide number's pieces": (8, 64),
        "bytes of decimals, their most digits": (4, 9, 8, 18, 16, 38, 32, 76),
        "buffers of a column, bases of numbers": (2, 3, 10, 2.0),
    },
    "app/formats/arrow_blocks.py": {"rows of an answered batch": (32_768,)},
    "app/api/table.py": {"bytes of a stream's name, seconds until another try": (8, 0.1)},
    "app/bulk/options.py": {"groups of the pattern of a name": (2,), "rows of a partition": (32_768,)},
    "app/formats/record_batches.py": {"columns of the status": (2,)},
    "app/api/track.py": {"most ranges, sections to include, bytes of a piece": (1000, 2, 20)},
    "app/formats/archives.py": {
        "layout of an archive": (31,),
        "most bytes of a recording, bytes for each packed one, entries, bytes of a head": (64, 20, 100, 20_000, 4096),
    },
    "app/formats/fit.py": {
        "layout of a FIT file and of its messages": (2, 3, 4, 5, 7, 8, 16, 0x0F, 0x1F, 0x20, 0x40, 0x80),
        "its checksum": (15, 0xA001),
        "numbers of messages, fields and types": (
            6,
            7,
            9,
            10,
            11,
            12,
            18,
            19,
            20,
            25,
            34,
            35,
            39,
            41,
            53,
            73,
            78,
            85,
            253,
        ),
        "scales, offsets, zero of its times": (
            0.5,
            5.0,
            16,
            24,
            64.0,
            100.0,
            100,
            180,
            500.0,
            1000.0,
            1e4,
            631_065_600,
        ),
        "most definitions, messages for each point": (1000, 8),
    },
    "app/formats/gpx_tcx.py": {
        "columns, depths, feet, bytes of a letter": (2, 3, 8),
        "XML: depth, names, tags, text, sessions, bytes at once": (100, 1000, 48, 64, 65_536),
        "the number of a run": ("9",),
    },
    "app/settings.py": {
        "address, ports": (8000, 65_535),
        "bytes of a body, a list, a file, a message, of headers": (65_536, 4_194_304, 67_108_864, 16_777_216, 16_384),
        "their bounds": (1024, 1_048_576, 1_073_741_824),
        "connections, bytes held at once, processes": (1000, 100_000, 134_217_728, 1_099_511_627_776, 64),
        "seconds, and their bounds": (0.05, 0.001, 0.1, 3.0, 5, 5.0, 10.0, 60.0, 65.0, 600, 600.0, 3600.0),
    },
    "app/http/problems.py": {"most errors listed, most folders left": (20,)},
    "app/http/errors/codes.py": {
        "examples of a line, a column, bytes, items, energies, a speed": (
            "2",
            "19",
            "65536",
            "100",
            "120",
            "480",
            "0.2",
            "8",
        )
    },
    "app/http/errors/field_names.py": {"similarity, letters, units": (0.8, 4, 2, 1000)},
    "app/http/errors/findings.py": {"endings of ordinal numbers": ("2", "3")},
    "app/http/errors/json_text.py": {"groups of a match, bytes that show UTF-16": (2, 3, 4)},
    "app/pages/documents/problem_pages.py": {LAYOUT: (2,)},
    "app/http/access.py": {"bytes of a key": (32,)},
    "app/observe/logs.py": {
        "milliseconds in a second, letters of a message": (1000, 500),
        "lines that wait, that are written at once, seconds for them at the end": (4096, 64, 0.5),
    },
    "app/signals.py": {LAYOUT: (2,)},
    "app/streams.py": {"milliseconds in a second": (1000,)},
    "app/observe/metrics.py": {
        "ends of the buckets of time": (
            *(0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01),
            *(0.025, 0.05, 0.1, 0.25, 0.5, 2.5, 5.0, 10.0),
        )
    },
    "app/observe/observer.py": {"milliseconds in a second, and no status": (1000,), "times of a pause": (10,)},
    "app/observe/tracing.py": {"seconds to send spans within": (2,)},
    "app/cli/client.py": {"seconds to wait": (10.0,)},
    "app/server/door.py": {"connections taken at once, seconds of the pauses": (64, 8, 0.05, 0.005)},
    "app/server/listener.py": {
        "connections that may wait, bytes not sent yet": (2048, 16),
        "a packet filter: option, instructions, flags": (26, 0x30, 0x54, 0x15, 0x06, 13, 0x12, 0x02, 0xFFFFFFFF),
    },
    "app/server/server.py": {
        "files beside connections, connections for metrics, signals read at once": (256, 16, 64),
        "seconds between measurements of lag, and measurements between looks": (0.05, 5),
    },
    "app/server/supervisor.py": {
        "numbers of a worker and their bytes, checks of a silent worker, bytes of signals": (5, 8, 30, 4096),
        "workers that may end before one has served, growth of the pause": (4, 2.0),
    },
    "app/observe/shared.py": {"bytes of files, as powers of two": (16, 21)},
    "app/cli/main.py": {LAYOUT: (2, 3, 100), "highest port": (65_535,)},
    "app/cli/answer_table.py": {LAYOUT: (2, 3, 100), UNITS: (60, 1000, 3.6, 1000.0, 0.001)},
    "app/cli/terminal.py": {LAYOUT: (2, 3, 100), "columns of the shortest bar": (10,)},
    "app/bulk/command.py": {"reasons listed": (10,)},
    "app/bulk/columns.py": {"words of a unit": (2,)},
    "app/bulk/lines.py": {
        "longest cell, digits of a number that is read at once": (2, 31, 18),
        "bits of the bytes of a read, a block and a row with line breaks": (16, 26, 20),
    },
    "app/bulk/run.py": {"letters of a name": (16,)},
    "app/processes/pool.py": {"tasks ahead": (2,)},
    "app/pages/documents/validation_page.py": {"size of a plot, its margin, a line, steps of an axis": (480, 80, 3, 4)},
    "app/pages/documents/evidence_pages.py": {
        "sizes of a plot: width, margin, values, lines, and how far its axis goes": (560, 12, 76, 27, 3.4, 0.12, 2),
        "most ticks": (5,),
    },
    "app/pages/svg.py": {
        "sizes of letters, marks and lines": (22, 26, 0.56, 7, 4, 2, 0.18),
        "steps of ticks": (2, 5, 10, 10.0),
    },
    "app/pages/plots.py": {
        "sizes of a plot, places on it, and shares of them": (800, 68, 118, 380, 62, 28, 36, 44, 12, 2, 0.5),
        "most ticks, studies in a row, lines below the axis": (9, 3, 4, 5, 6, 2),
    },
    "app/mcp/http_service.py": {"the version of JSON-RPC": ("2.0",)},
    "app/mcp/options.py": {"port": (8001,)},
    "app/strava/export.py": {"bytes of a file and for each packed byte": (67_108_864, 100)},
    "app/strava/table.py": {"rows at once": (500,)},
    "app/strava/summary.py": {"bars of a chart, days of a week": (36, 7)},
    "app/strava/page.py": {
        "activities listed": (500,),
        "size of the chart, its margins, ticks, width of a bar": (800, 70, 330, 380, 92, 6, 0.4, 26),
        UNITS: (60, 1000),
    },
    "app/cli/units.py": {LAYOUT: (2,), UNITS: (100,), "most hours of h:mm": (3,)},
    "app/units.py": {LAYOUT: (2,), UNITS: (3, 12, 14, 60, 100, 1000, 5280, "0.9144", "0.45359237")},
}


def foreign_numbers(source: str, allowed: Allowed) -> Iterator[str]:
    """Yield each number that is neither 0, 1, an HTTP status nor allowed, also where it hides in a text."""
    excused = itertools.chain((0, 1, 0.0, 1.0, "0", "1"), map(int, HTTPStatus), *allowed.values())
    # By their writing: 200.0 is no HTTP status, and 1.0 equals True.
    known = {repr(number) for number in excused}
    tree = ast.parse(source)
    layouts = [node.format_spec for node in ast.walk(tree) if isinstance(node, ast.FormattedValue)]
    # A number in a layout, as in {share:.1%}, says how to write and not what; one worked out there is seen.
    formats = {id(part) for layout in layouts if isinstance(layout, ast.JoinedStr) for part in layout.values}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in formats:
            continue
        if isinstance(node.value, bool) or repr(node.value) in known:
            continue
        if isinstance(node.value, int | float | complex):
            yield f"line {node.lineno}: {node.value!r}"
        elif isinstance(node.value, str | bytes):
            text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
            if re.fullmatch(r"\s*[-+]?(\d[\d_]*\.?\d*|\.\d+)([eE][-+]?\d+)?\s*%?\s*", text):
                yield f"line {node.lineno}: {node.value!r}"


class TestNumbersOfApp:
    @pytest.mark.parametrize("path", APP, ids=named)
    def test_app_holds_no_physiological_number(self, path: Path) -> None:
        found = list(foreign_numbers(path.read_text(encoding="utf-8"), NUMBERS_OF_APP.get(named(path), {})))
        assert not found, (
            f"{named(path)} holds {'; '.join(found)}. What describes a body, a bout or a step "
            "belongs in models/; add anything else to NUMBERS_OF_APP with its reason."
        )

    @pytest.mark.parametrize(
        "line",
        [
            "RATIO = 1.30",
            "LIMIT = 3.5",
            "ratio = power * 1.3",
            "grade = -0.01",
            "def cost(ratio=1.30): ...",
            "speed = field(le=8)",
            "x = {'body_mass_kg': 70}",
            "x = [30, 250]",
            "x = Fraction('1.30')",
            "x = float('3.5')",
            "x = Decimal('.79')",
            "x = int('70')",
            "x = float(b'3.5')",
            "x = '30 %'",
            "x = f'{speed * 3.6}'",
            "x = f'{speed * 3.6:.1f}'",
            "x = f'{speed:{2.5}}'",
            "x = 13 / 10",
            "x = 1 + 3e-1",
            "x = 2.0",
            "x = 200.0",
            "x = 3.5j",
            "class A:\n    low: float = 0.2",
            "assert speed <= 3",
        ],
    )
    def test_the_check_sees_a_number(self, line: str) -> None:
        main = (HOUSE / "app" / "main.py").read_text(encoding="utf-8")
        allowed = NUMBERS_OF_APP.get("app/main.py", {})
        assert not list(foreign_numbers(main, allowed))
        assert list(foreign_numbers(f"{main}\n{line}\n", allowed))

    @pytest.mark.parametrize(
        "line",
        [
            "x = 0",
            "x = 1.0",
            "x = items[-1]",
            "x = 422",
            "x = True",
            "x = 'speed_m_s'",
            "x = '1'",
            "x = ''",
            "x = f'{share:.1%} {y:3}'",
        ],
    )
    def test_the_check_lets_the_others_be(self, line: str) -> None:
        assert not list(foreign_numbers(line, {}))

    def test_no_exception_is_physiology(self) -> None:
        for name, allowed in NUMBERS_OF_APP.items():
            assert (HOUSE / name).exists()
            for numbers in allowed.values():
                assert not {1.30, 3.5, 0.79, 4.184, 4184} & set(numbers), name


class TestBounds:
    def test_the_bounds_of_a_request_are_those_of_the_models(self) -> None:
        schemas = contract(create_app())["components"]["schemas"]
        numbers = [
            (name, field)
            for request in (
                "TrackRequest",
                "RangeRequest",
                "GradeRangeRequest",
                "EstimateRequest",
                "MeasurementRequest",
                "SolveRequest",
                "WorkoutRequest",
                "ItemRequest",
                "SegmentRequest",
                "PlanRequest",
                "PersonalFactorRequest",
                "LimitsRequest",
            )
            for name, field in schemas[request]["properties"].items()
            if field.get("type") == "number"
        ]
        assert {name for name, _ in numbers} == set(INPUTS)
        for name, field in numbers:
            known = INPUTS[name]
            assert (field["minimum"], field["maximum"]) == (known.low, known.high), name
            assert field["examples"] == [known.example], name
            assert not field.keys() & {"exclusiveMinimum", "exclusiveMaximum", "multipleOf"}, name

    def test_every_field_of_a_request_is_explained_once(self) -> None:
        for name in [
            name
            for request in (
                EstimateRequest,
                MeasurementRequest,
                WorkoutRequest,
                ItemRequest,
                SegmentRequest,
            )
            for name in request.__annotations__
        ]:
            assert (name in QUANTITIES) != (name in MEANINGS), name


FORBIDDEN = [
    r"\bpain[- ]?free\b",
    r"\bwithout pain\b",
    r"\b(low|lower|no|zero|reduced)[- ]impact\b",
    r"\b(reduc|lower|decreas|prevent|less|fewer|cut|avoid|minimi[sz]|protect)\w*\s+(\w+\s+){0,4}?injur",
    r"\binjury[- ](free|proof|prevention)\b",
    r"\b(easy|easier|gentle|gentler|kind|kinder) on (the |your )?(knees?|joints?)\b",
    r"(?<![\w-])(un)?safe(r|st|ly)?(?![\w=-])",
    # The word of the most serious warnings is safety.
    r"\b(more|much|great|improves?) safety\b",
    r"\b(heals?|cures?)\b",
]
"""What nothing here may say of going backward: the evidence does not."""


def forbidden(text: str) -> list[str]:
    """Return every forbidden phrase in a text."""
    plain = re.sub(r"\s+", " ", text)
    return [found[0] for pattern in FORBIDDEN for found in re.finditer(pattern, plain, re.IGNORECASE)]


class TestWords:
    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield every text that people read, with its place."""
        yield from ((f"warning {code}", warning["message"]) for code, warning in WARNINGS.items())
        yield from ((f"sentence {code}", text) for code, text in TEXTS.items())
        yield from ((f"meaning of {name}", meaning) for name, meaning in MEANINGS.items())
        yield from ((f"meaning of {name}", quantity.meaning) for name, quantity in QUANTITIES.items())
        yield from ((f"problem {status}", " ".join(words)) for status, words in PROBLEMS.items())
        yield from ((f"reference {key}", reference["citation"]) for key, reference in REFERENCES.items())
        # The finding and the allowed words of each claim. The claim and the words to avoid are quotations.
        yield from ((f"claim {claim['id']}", f"{claim['finding']} {claim['may_say']}") for claim in CLAIMS)
        # The contract quotes them too: the answer of GET /evidence is an example there.
        quoted = [
            json.dumps(claim[said], ensure_ascii=False)[1:-1] for claim in CLAIMS for said in ("claim", "must_not_say")
        ]
        yield "contract", re.sub("|".join(map(re.escape, quoted)), "", contract_text(create_app()))
        sources = [path for path in (*APP, *MODELS) if named(path) != "models/evidence/claims.py"]
        for path in [*OWN, *HOUSE.glob("*.md"), *HOUSE.glob("docs/**/*.md"), *sources, HOUSE / "pyproject.toml"]:
            yield named(path), path.read_text(encoding="utf-8")

    def test_nothing_promises_what_the_evidence_does_not(self) -> None:
        found = [f"{place}: {phrase!r}" for place, text in self.texts() for phrase in forbidden(text)]
        assert not found

    @pytest.mark.parametrize(
        "text",
        [
            "Backward running is pain-free.",
            "Pain free running.",
            "A low-impact workout",
            "low\n impact",
            "It reduces injury risk.",
            "reduces the risk of an injury",
            "Prevents injuries",
            "lower your risk of knee injury",
            "Running backward is safe.",
            "a safer way to run",
            "Safely run backward",
            "injury-free",
            "gentle on the knees",
            "It heals the knee",
        ],
    )
    def test_the_check_sees_a_promise(self, text: str) -> None:
        assert forbidden(text)

    @pytest.mark.parametrize(
        "text",
        [
            "no diagnosis, no injury prediction",
            "A lower knee load does not mean free of pain",
            "Going backward adds a risk of falling.",
            "thread-safe",
            "from_arrays(indices, words, safe=False)",
            "impact peak",
        ],
    )
    def test_the_check_lets_plain_words_be(self, text: str) -> None:
        assert not forbidden(text)

    def test_every_answer_warns_of_falling_and_of_novelty(self) -> None:
        assert "falling" in WARNINGS["caution.fall"]["message"]
        assert "Beginners" in WARNINGS["caution.novice"]["message"]


def vendored() -> dict[Path, str]:
    """Return the files that are not our own, with their checksums."""
    row = re.compile(r"^\| `([^`]+)` \| `([0-9a-f]{64})` \|$", re.MULTILINE)
    return {
        table.parent / name: checksum
        for table in STATIC.rglob("VENDORED.md")
        for name, checksum in row.findall(table.read_text(encoding="utf-8"))
    }


OWN = sorted(
    path
    for path in STATIC.rglob("*")
    if path.is_file() and path.suffix in {".html", ".css", ".js", ".svg", ".webmanifest"} and path not in vendored()
)


def external(text: str) -> list[str]:
    """Return every address in a text that leaves this service. The name of SVG is none."""
    return re.findall(r"\b(?:https?|wss?|ftp):|[\"'(=]\s*//\w", text.replace('xmlns="http://www.w3.org/2000/svg"', ""))


class TestPages:
    @pytest.mark.parametrize("path", OWN, ids=named)
    def test_a_page_names_no_address_elsewhere(self, path: Path) -> None:
        assert not external(path.read_text(encoding="utf-8"))

    @pytest.mark.parametrize(
        "text",
        [
            '<script src="https://cdn.example/x.js">',
            '<img src="//cdn.example/x.png">',
            "url(http://x)",
            "fetch('//x')",
            "new WebSocket('ws://x')",
        ],
    )
    def test_the_check_sees_an_address_elsewhere(self, text: str) -> None:
        assert external(text)

    def test_the_check_lets_the_others_be(self) -> None:
        assert not external('// a comment\n<a href="./docs">see</a> <link href="data:,"> url: "./openapi.json"')

    def test_a_vendored_style_sheet_loads_nothing(self) -> None:
        sheet = (STATIC / "docs" / "swagger-ui.css").read_text(encoding="utf-8")
        assert "@import" not in sheet
        assert all(address.startswith("data:") for address in re.findall(r"url\([\"']?([^)\"']+)", sheet))

    def test_every_static_file_is_our_own_or_listed_as_vendored(self) -> None:
        files = {path for path in STATIC.rglob("*") if path.is_file()}
        assert {path.name for path in files - set(vendored()) - set(OWN)} <= {"VENDORED.md", "icon.png"}

"""Accept and Content-Type as RFC 9110 has them, on one table, and on each path that looks at them."""

from collections.abc import Callable
from typing import Any, Final

import httpx
import pytest

from retrorun.app.api.table import ARROW
from retrorun.app.http.media_types import is_json, media_type_of, preferred
from retrorun.app.main import build
from retrorun.app.observe.observer import OPENMETRICS, TEXT
from retrorun.app.settings import Settings

JSON: Final = "application/json"
HTML: Final = "text/html"
CSV: Final = "text/csv"

ACCEPTED: Final = [
    # Accept, then the preferred type: of only JSON, of JSON or HTML, of the two forms of the metrics.
    ("", JSON, JSON, TEXT),
    (" , ,", JSON, JSON, TEXT),
    ("*/*", JSON, JSON, TEXT),
    ("application/json", JSON, JSON, None),
    ("Application/JSON", JSON, JSON, None),
    ("application/*", JSON, JSON, OPENMETRICS),
    ("APPLICATION/* ; Q=0.1", JSON, JSON, OPENMETRICS),
    ("application/json;q=0", None, None, None),
    ("application/json;q=0.000", None, None, None),
    ("application/json ;\tq=0.0 ", None, None, None),
    ("application/json;Q=0", None, None, None),
    ("application/json;q=0, */*", None, HTML, TEXT),
    ("*/*, application/json;q=0", None, HTML, TEXT),
    ("application/*;q=0, */*;q=0.5", None, HTML, TEXT),
    ("application/*, application/json; q=0", None, None, OPENMETRICS),
    ("application/json;q=0.001", JSON, JSON, None),
    ("text/html, application/json;q=0.1", JSON, HTML, None),
    ("text/html;q=0.5, application/json", JSON, JSON, None),
    ("text/html, application/json", JSON, JSON, None),
    ("text/html,application/xhtml+xml,*/*;q=0.8", JSON, HTML, TEXT),
    ("TEXT/HTML;Q=0.9, application/json ; Q=0.5", JSON, HTML, None),
    ("text/*", None, HTML, TEXT),
    ("text/*;q=0.3, text/html;q=0", None, None, TEXT),
    ("text/html;level=1;q=0.4, text/html;q=0.7, application/json;q=0.5", JSON, HTML, None),
    ('text/html;a="x, application/json;q=1"', None, HTML, None),
    ('application/json;a=";q=0"', JSON, JSON, None),
    ("application/json;q=many", JSON, JSON, None),
    ("application/json;q=7, text/html", JSON, JSON, None),
    ("application/jsonp, application/json5", None, None, None),
    ("none/none", None, None, None),
    (f"{OPENMETRICS};version=1.0.0,{OPENMETRICS};version=0.0.1;q=0.75,text/plain;q=0.5", None, None, OPENMETRICS),
    (f"{OPENMETRICS};q=0.2,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", JSON, JSON, TEXT),
    (f"{OPENMETRICS};q=0", None, None, None),
    ('"', None, None, None),
]
SENT: Final = [
    # Content-Type, and whether it is JSON.
    ("application/json", True),
    ("APPLICATION/JSON;Charset=UTF-8", True),
    ('application/json ; charset = "utf-8"', True),
    ("application/problem+json", True),
    ("application/json;charset=utf8;a=b", True),
    ("application/json;charset=latin-1", False),
    ("application/json;charset=latin-1;charset=utf-8", False),
    ("application/json, text/plain", False),
    ("text/json", False),
    ("text/x+json", False),
    ("application/jsonx", False),
    ("", False),
    (";", False),
    (";charset=utf-8", False),
    (";application/json", False),
]


@pytest.mark.parametrize(("accept", "of_json", "of_json_or_html", "of_metrics"), ACCEPTED)
def test_preferred_media_type(
    accept: str, of_json: str | None, of_json_or_html: str | None, of_metrics: str | None
) -> None:
    assert preferred(accept) == of_json
    assert preferred(accept, (JSON, HTML)) == of_json_or_html
    assert preferred(accept, (TEXT, OPENMETRICS)) == of_metrics


@pytest.mark.parametrize(("content_type", "expected"), SENT)
def test_json_media_types(content_type: str, expected: bool) -> None:
    assert is_json(content_type) is expected


def test_a_separator_in_quotes_is_none() -> None:
    assert media_type_of(r'A/B; x="1;2\";3" ;y=4') == ("a/b", (("x", r"1;2\";3"), ("y", "4")))


@pytest.mark.anyio
class TestPaths:
    @pytest.mark.parametrize(("accept", "of_json", "of_json_or_html", "of_metrics"), ACCEPTED)
    async def test_each_path_answers_what_is_preferred(
        self, accept: str, of_json: str | None, of_json_or_html: str | None, of_metrics: str | None
    ) -> None:
        transport = httpx.ASGITransport(build(Settings(log_level="error")))
        async with httpx.AsyncClient(transport=transport, base_url="http://retrorun.test") as client:
            client.headers["accept"] = accept
            for path, sent, takes_csv in (
                ("/estimate", JSON.upper(), False),
                ("/estimate/batch", JSON, True),
                ("/workout/track", "Multipart/Form-Data ;boundary=b", True),
            ):
                answer = await client.post(path, content=b"", headers={"content-type": sent})
                accepted = of_json or (takes_csv and preferred(accept, (CSV,)))
                assert answer.status_code == (400 if accepted else 406)
            answer = await client.get("/validation?model=acsm")
            expected = of_json_or_html or preferred(accept, (CSV,)) or "application/problem+json"
            assert media_type_of(answer.headers["content-type"]).name == expected
            answer = await client.get("/metrics")
            assert media_type_of(answer.headers["content-type"]).name == (of_metrics or TEXT)

    @pytest.mark.parametrize(
        ("accept", "expected"),
        [
            ("", 400),
            (ARROW.upper(), 400),
            ("application/*;q=0.1", 400),
            (f"text/html, {ARROW};q=0.5", 400),
            (f"{ARROW};q=0", 406),
            (f"{ARROW}; Q=0.0, */*", 406),
            (f"{ARROW}x", 406),
            ("text/html", 406),
        ],
    )
    async def test_a_stream_of_arrow(
        self, client: httpx.AsyncClient, problem_of: Callable[..., Any], accept: str, expected: int
    ) -> None:
        headers = {"content-type": f"{ARROW.title()} ; a=b", "accept": accept}
        problem_of(await client.post("/estimate/table", content=b"no stream", headers=headers), expected)

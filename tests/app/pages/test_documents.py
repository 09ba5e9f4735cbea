"""The pages of evidence, validation, models, references and problems: one look, true links, and JSON as before."""

import copy
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final, get_args
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from retrorun.app.http.access import line_of
from retrorun.app.http.head_options_etag import Methods
from retrorun.app.http.problems import encode
from retrorun.app.main import CONSTANT, build, create_app
from retrorun.app.pages.documents.evidence_pages import (
    GROUP_TITLES,
    base_name,
    constant_rows,
    dots,
    evidence_page,
    models_page,
    raised,
    references_page,
)
from retrorun.app.pages.documents.layout import PAGES
from retrorun.app.pages.documents.validation_page import conclusion, page
from retrorun.app.settings import Settings
from retrorun.models.estimate.estimate import estimate
from retrorun.models.evidence.catalogue import catalogue, models_hash
from retrorun.models.evidence.claim_studies import EFFECTS, VERDICTS, studies_of
from retrorun.models.evidence.claims import CAUTION, CLAIMS, MUSCLE_ROLES, evidence
from retrorun.models.sources.references import REFERENCES
from retrorun.models.validation.comparison import ComparedModel
from retrorun.models.validation.validation import validation
from tests.page.answers import SHOTS
from tests.page.browser import CHROMIUM, DRIVER, PHONE, WIDE, Explorer, explorer, serving

HERE: Final = "http://retrorun.test"
BROWSER: Final = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
LISTS: Final[dict[str, Callable[[], Any]]] = {
    "/evidence": evidence,
    "/models": catalogue,
    "/references": lambda: list(REFERENCES.values()),
}
NAMES: Final = {"/evidence": "Evidence", "/validation": "Validation", "/models": "Models", "/references": "References"}
ADDRESSES: Final = [*NAMES, "/messages", "/problems/required", "/validation?model=acsm"]
KEY: Final = "rr_documents"
BOUT: Final[Any] = {"body_mass_kg": 70.0, "speed_m_s": 1.8, "duration_s": 600.0}
VOID: Final = {"meta", "link", "wbr", "br", "path", "rect"}
NAVIGATION: Final = re.compile(r'<header class="top">.*?</header>', re.DOTALL)
ICONS_BYTES: Final = 20_000


class Document(HTMLParser):
    """What a page holds: elements left open, forbidden parts, ids, links and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.forbidden: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.current: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        self.text = " ".join("".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        given = {name: value or "" for name, value in attrs}
        if tag in {"script", "style", "iframe", "object", "form", "base", "img"} or "style" in given:
            self.forbidden.append(tag)
        self.forbidden += [name for name in given if name.startswith("on")]
        if "id" in given:
            self.ids.append(given["id"])
        if "href" in given:
            self.links.append(given["href"])
        if "aria-current" in given:
            self.current.append(given["href"])

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(build(Settings(log_level="error")))
    async with httpx.AsyncClient(transport=transport, base_url=HERE, headers={"accept": BROWSER}) as opened:
        yield opened


@pytest.mark.anyio
class TestEveryPage:
    @pytest.mark.parametrize("address", ADDRESSES)
    async def test_it_is_whole_without_scripts_and_styles(self, client: httpx.AsyncClient, address: str) -> None:
        answer = await client.get(address)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "style-src 'self'" in answer.headers["content-security-policy"]
        found = Document(answer.text)
        assert not found.forbidden
        assert not found.open
        assert len(set(found.ids)) == len(found.ids)

    @pytest.mark.parametrize("address", ADDRESSES)
    async def test_it_links_to_the_others_and_marks_itself(self, client: httpx.AsyncClient, address: str) -> None:
        found = Document((await client.get(address)).text)
        home = urljoin(HERE + address, "../" if "problems" in address else "./")
        linked = [urljoin(HERE + address, link) for link in found.links]
        assert {home + path for path in PAGES.values()} <= set(linked)
        here = [urlsplit(urljoin(HERE + address, link)).path for link in found.current]
        assert here == [urlsplit(address).path] * (urlsplit(address).path in NAMES)

    @pytest.mark.parametrize("address", ADDRESSES)
    async def test_every_link_leads_somewhere(self, client: httpx.AsyncClient, address: str) -> None:
        """Also to a part of another page. A DOI is the only address elsewhere."""
        dois = {f"https://doi.org/{source['doi']}" for source in REFERENCES.values() if "doi" in source}
        parts: dict[str, set[str]] = {}
        for link in set(Document((await client.get(address)).text).links):
            if link.startswith(("https:", "data:,")):
                assert link in {*dois, "data:,"}
                continue
            target = urlsplit(urljoin(HERE + address, link))
            page = target._replace(fragment="").geturl()
            if page not in parts:
                answer = await client.get(page)
                assert answer.status_code == 200, link
                parts[page] = set(Document(answer.text).ids) if "html" in answer.headers["content-type"] else set()
            assert not target.fragment or target.fragment in parts[page], link

    async def test_it_says_the_version_and_the_models(self, client: httpx.AsyncClient) -> None:
        for address in ADDRESSES:
            answer = await client.get(address)
            text = Document(answer.text).text
            assert f"Version {answer.headers['retrorun-version']}, models {models_hash()}" in text
            assert "Adults" in text or "For adults" in text


@pytest.mark.anyio
class TestHeads:
    """What every page has in its head and at its top, the explorer and the page of the API too."""

    @pytest.mark.parametrize("address", ["/", "/docs", *ADDRESSES])
    async def test_it_has_the_same_links_and_marks_the_current_page(
        self, client: httpx.AsyncClient, address: str
    ) -> None:
        (top,) = NAVIGATION.findall((await client.get(address)).text)
        links = re.findall(r'<a href="([^"]+)"( aria-current="page")?>([^<]+)</a>', top)
        root = "../" if "problems" in address else "./"
        assert [(link, name) for link, _, name in links] == [(root + path, name) for name, path in PAGES.items()]
        current = [urlsplit(urljoin(HERE + address, link)).path for link, marked, _ in links if marked]
        path = urlsplit(address).path
        assert current == [path] * (path.removeprefix("/") in PAGES.values())

    @pytest.mark.parametrize("address", ["/", "/docs", *ADDRESSES])
    async def test_it_has_icons_colours_a_manifest_and_words_for_a_preview(
        self, client: httpx.AsyncClient, address: str
    ) -> None:
        text = (await client.get(address)).text
        links = dict(re.findall(r'<link rel="([^"]+)"[^>]*? href="([^"]+)"', text))
        kinds = {"icon": "image/svg+xml", "apple-touch-icon": "image/png", "manifest": "application/manifest+json"}
        for name, kind in kinds.items():
            found = await client.get(urljoin(HERE + address, links[name]))
            assert (found.status_code, found.headers["content-type"]) == (200, kind)
        assert text.count('rel="icon"') == 2  # light and dark
        style = (await client.get("/static/page.css")).text
        grounds = re.findall(r"--ground: (#\w+);", style)[:2]
        assert re.findall(r'<meta name="theme-color" media="[^"]+: (\w+)\)" content="([^"]+)"', text) == list(
            zip(("light", "dark"), grounds, strict=True)
        )
        words = dict(re.findall(r'<meta property="og:(\w+)" content="([^"]+)"', text))
        assert words.keys() == {"type", "title", "description"}
        assert f"<title>{words['title']}</title>" in text

    async def test_the_manifest_leads_to_the_explorer_and_to_icons(self, client: httpx.AsyncClient) -> None:
        address = f"{HERE}/static/icons/manifest.webmanifest"
        manifest = (await client.get(address)).json()
        assert urljoin(address, manifest["start_url"]) == urljoin(address, manifest["scope"]) == f"{HERE}/"
        for icon in manifest["icons"]:
            found = await client.get(urljoin(address, icon["src"]))
            assert found.headers["content-type"] == icon["type"]
        # The size is in the header of a PNG.
        assert [int.from_bytes(found.content[at : at + 4]) for at in (16, 20)] == [180, 180]

    async def test_the_icons_are_small(self, client: httpx.AsyncClient) -> None:
        found = [path for path in CONSTANT if path.startswith("/static/icons/")]
        assert len(found) == 4
        assert sum([len((await client.get(path)).content) for path in found]) < ICONS_BYTES


@pytest.mark.anyio
class TestMediaTypes:
    @pytest.mark.parametrize("path", LISTS)
    @pytest.mark.parametrize("accept", ["*/*", "", None, "application/json", "text/html;q=0.5, application/json"])
    async def test_json_is_the_default_and_as_before(
        self, client: httpx.AsyncClient, path: str, accept: str | None
    ) -> None:
        client.headers.pop("accept")
        answer = await client.get(path, headers={} if accept is None else {"accept": accept})
        assert answer.content == encode(LISTS[path]())
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["vary"] == "Accept"

    @pytest.mark.parametrize("path", LISTS)
    @pytest.mark.parametrize("accept", [BROWSER, "text/html", "text/html, application/json;q=0.9", "text/*"])
    async def test_a_browser_gets_a_page(self, client: httpx.AsyncClient, path: str, accept: str) -> None:
        answer = await client.get(path, headers={"accept": accept})
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["vary"] == "Accept"
        assert f"<h1>{NAMES[path]}</h1>" in answer.text

    @pytest.mark.parametrize("path", LISTS)
    async def test_another_type_is_a_problem_that_names_both(
        self, client: httpx.AsyncClient, path: str, problem_of: Callable[..., Any]
    ) -> None:
        answer = await client.get(path, headers={"accept": "image/png"})
        assert "application/json or text/html" in problem_of(answer, 406)["detail"]
        assert answer.headers["vary"] == "Accept"

    @pytest.mark.parametrize("path", LISTS)
    async def test_a_kept_answer_is_of_the_type_that_was_asked_for(self, client: httpx.AsyncClient, path: str) -> None:
        """Whoever asks first, and with the tag of the other type."""
        tags: dict[str, set[str]] = {}
        for accept in (BROWSER, "application/json", "image/png", "text/html", "*/*", BROWSER):
            answer = await client.get(path, headers={"accept": accept})
            if accept != "image/png":
                tags.setdefault(answer.headers["content-type"], set()).add(answer.headers["etag"])
        assert {kind: len(each) for kind, each in tags.items()} == {
            "text/html; charset=utf-8": 1,
            "application/json": 1,
        }
        (html,), (json,) = tags.values()
        for accept, tag, status in ((BROWSER, html, 304), (BROWSER, json, 200), ("*/*", json, 304), ("*/*", html, 200)):
            answer = await client.get(path, headers={"accept": accept, "if-none-match": tag})
            assert answer.status_code == status
            assert answer.headers["vary"] == "Accept"
        assert (await client.head(path)).headers["content-type"] == "text/html; charset=utf-8"

    async def test_many_ways_to_ask_keep_two_answers(self) -> None:
        methods = Methods(create_app(), CONSTANT)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(methods), base_url=HERE) as client:
            for number in range(20):
                for media_type in ("text/html", "application/json", "image/png"):
                    await client.get("/models", headers={"accept": f"{media_type}, a/b{number};q=0.1"})
        assert len(methods.kept) == 2


@pytest.mark.anyio
class TestKeys:
    """RETRORUN_PAGES_WITHOUT_KEY opens these addresses, as pages and as JSON; without it both need the key."""

    @pytest.fixture
    def client_of(self, tmp_path: Path) -> Callable[[bool], httpx.AsyncClient]:
        keys = tmp_path / "keys"
        keys.write_text(f"{line_of('documents', KEY)}\n")

        def client_of(open_pages: bool) -> httpx.AsyncClient:
            guard = build(Settings(api_key_file=str(keys), pages_without_key=open_pages, log_level="error"))
            return httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url=HERE)

        return client_of

    @pytest.mark.parametrize("path", NAMES)
    async def test_without_the_setting_both_need_the_key(
        self, client_of: Callable[[bool], httpx.AsyncClient], path: str, problem_of: Callable[..., Any]
    ) -> None:
        async with client_of(False) as client:
            problem_of(await client.get(path), 401)
            refused = await client.get(path, headers={"accept": BROWSER})
            assert refused.status_code == 401
            assert "<h1>This page needs a key</h1>" in refused.text
            for accept, kind in (("*/*", "application/json"), (BROWSER, "text/html")):
                answer = await client.get(path, headers={"accept": accept, "x-api-key": KEY})
                assert answer.status_code == 200
                assert answer.headers["content-type"].startswith(kind)

    @pytest.mark.parametrize("path", NAMES)
    async def test_with_the_setting_neither_does(
        self, client_of: Callable[[bool], httpx.AsyncClient], path: str
    ) -> None:
        async with client_of(True) as client:
            for accept, kind in (("*/*", "application/json"), (BROWSER, "text/html")):
                answer = await client.get(path, headers={"accept": accept})
                assert answer.status_code == 200
                assert answer.headers["content-type"].startswith(kind)


def cards() -> dict[str, str]:
    """Return the HTML of each claim's card by its id."""
    found = re.findall(r'<article class="card" id="([^"]+)">(.*?)</article>', evidence_page().decode(), re.DOTALL)
    return dict(found)


def plain(html: str) -> str:
    """Return the text of HTML."""
    return Document(html).text


class TestEvidence:
    @pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim["id"])
    def test_a_card_holds_the_whole_claim(self, claim: dict[str, Any]) -> None:
        card = cards()[claim["id"]]
        text = plain(card)
        for words in ("claim", "finding", "may_say", "must_not_say"):
            assert " ".join(claim[words].split()) in text
        assert VERDICTS[claim["id"]] in text
        assert f"evidence grade {claim['evidence']}" in text or claim["evidence"] == "none"
        for source in claim["sources"]:
            assert f'href="./references#{source}"' in card
            assert f"https://doi.org/{REFERENCES[source].get('doi', '')}" in card or "doi" not in REFERENCES[source]

    @pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim["id"])
    def test_each_study_is_a_dot_or_the_card_says_why_there_is_none(self, claim: dict[str, Any]) -> None:
        card, studies = cards()[claim["id"]], studies_of(claim["id"])
        assert card.count("<svg") == bool(studies)
        assert card.count("translate(") == len(studies)
        drawn = unescape(card)
        for study in studies:
            for shown in (study["study"], f"{study['people']} people", study["speed"], f">{study['effect']:.2f}<"):
                assert shown in drawn
        assert ("No study in our tables measured it." in card) == (not claim["sources"])
        assert ("Nothing is drawn here" in card) == (bool(claim["sources"]) and not studies)
        for study in studies:
            assert f'href="./references#{study["reference"]}"' in card

    def test_without_a_dot_the_card_says_why(self) -> None:
        lines = "Nothing is drawn here: the ratios were derived from lines of heart rate."
        assert lines in plain(cards()["uplift_equal_effort"])
        assert "Nothing is drawn here: our tables have no ratio" in plain(cards()["achilles_pain"])

    @pytest.mark.parametrize("claim", EFFECTS)
    def test_the_axis_ends_at_numbers_that_enclose_every_dot(self, claim: str) -> None:
        drawn = dots(claim)
        axis = [
            (float(value), float(place))
            for place, value in re.findall(r'x="([\d.]+)" y="[\d.]+" text-anchor="middle"[^>]*>([\d.]+)<', drawn)
        ]
        places = [float(x) for x in re.findall(r"translate\(([\d.]+) ", drawn)]
        effects = [study["effect"] for study in studies_of(claim)]
        (low, left), (high, right) = axis[0], axis[-1]
        assert low < min([1.0, *effects]) < high
        assert low < max([1.0, *effects]) < high
        for place, effect in zip(places, effects, strict=True):
            assert place == pytest.approx(left + (effect - low) / (high - low) * (right - left), abs=0.02)

    def test_dots_stand_in_the_order_of_their_effects_and_inside(self) -> None:
        for claim in EFFECTS:
            places = [float(x) for x in re.findall(r"translate\(([\d.]+) ", dots(claim))]
            effects = [study["effect"] for study in studies_of(claim)]
            assert sorted(range(len(places)), key=places.__getitem__) == sorted(
                range(len(effects)), key=effects.__getitem__
            )
            assert all(12 < place < 484 for place in places)

    def test_a_source_without_a_number_is_named(self) -> None:
        assert "Our tables have no such number of Paes & Fernandez 2016." in plain(cards()["uplift_equal_speed"])
        assert "no such number" not in cards()["impact"]

    def test_the_caution_and_the_muscles_are_there(self) -> None:
        text = plain(evidence_page().decode())
        assert CAUTION in text
        for role in MUSCLE_ROLES:
            assert " ".join(role["finding"].split()) in text


class TestModels:
    def test_every_number_stands_beside_its_name_with_its_standing(self) -> None:
        rows = dict(re.findall(r'<tr role="row" id="([^"]+)">(.*?)</tr>', models_page().decode(), re.DOTALL))
        for constant in catalogue()["constants"]:
            # The row of a part, as of a gait, if it has one of its own.
            name = constant["name"].partition("[")[0]
            html = rows[name if name in rows else base_name(name)]
            row = plain(html)
            for words in (f"{constant['number']:.6g}", constant["standing"]):
                assert words in row, constant
            assert set(re.findall(r"references#(\w+)", html)) == set(constant["references"])
            assert plain(str(raised(constant["meaning"].partition(" [")[0]))) in row
        for entry in catalogue()["energy_models"]:
            row = plain(rows[f"{entry['id']}.{entry['gait']}"])
            assert all(f"{each:.6g}" in row for each in entry["coefficients"])
            assert entry["published_error"] in row
        for ratio in catalogue()["direction_models"]:
            assert f"{ratio['backward_over_forward']:.4g}" in plain(rows[f"{ratio['id']}.{ratio['gait']}"])

    def test_parts_that_are_described_apart_have_rows_of_their_own(self) -> None:
        rows = {row.name: row for row in constant_rows(catalogue()["constants"])}
        assert "running" in rows["load.PEAK_VERTICAL_FORCE_RATIO.run"].meaning
        assert "walking" in rows["load.PEAK_VERTICAL_FORCE_RATIO.walk"].meaning
        assert rows["quantities.speed_m_s"].numbers == "low 0.2; high 8"
        assert rows["load.PATELLOFEMORAL_RANGE_M_S"].unit == "m/s"

    def test_every_group_has_a_title(self) -> None:
        assert GROUP_TITLES.keys() == {constant["group"] for constant in catalogue()["constants"]}

    def test_powers_are_raised(self) -> None:
        assert "V<sup>2</sup>" in models_page().decode()
        assert "^" not in plain(models_page().decode())


class TestReferences:
    def test_every_source_is_there_with_what_cites_it(self) -> None:
        html = references_page().decode()
        entries = dict(re.findall(r'<div id="([^"]+)">(.*?)</div>', html, re.DOTALL))
        assert list(entries) == list(REFERENCES)
        for key, source in REFERENCES.items():
            assert source["citation"] in plain(entries[key])
            assert ("doi.org" in entries[key]) == ("doi" in source)
        assert './evidence#uplift_equal_speed">' in entries["rasica2020"]
        assert "./models#documented.run" in entries["rasica2020"]
        assert "./models#load.PATELLOFEMORAL_RATIO_LINE" in entries["ren2015"]
        assert "./evidence#muscle_roles" in entries["lee2013"]


class TestConclusion:
    def values_of_the_answer(self) -> tuple[dict[str, bool], dict[str, bool]]:
        """Return the judged values of the JSON with whether their range includes them: used in a fit, and others."""
        rows = json.loads(encode(validation()))["comparisons"]
        default = {gait: estimate(**BOUT, gait=gait)["models"]["energy_model"] for gait in ("run", "walk")}
        energy = {entry["id"] for entry in catalogue()["energy_models"]}
        values: tuple[dict[str, bool], dict[str, bool]] = ({}, {})
        for row in rows:
            if "inside" not in row or "pooled" in (row["model"], row.get("direction_model")):
                continue
            if row["model"] in energy and row["model"] != default[row["gait"]]:
                continue
            if row["model"] == "documented" and row["table"] == "energy":
                continue  # the ratio of a row of ratios.csv, or of the same people
            values[not row["fitted"]].setdefault(f"{row['table']} {row['rows'][-1]} {row['indicator']}", row["inside"])
        return values

    def test_no_value_counts_twice(self) -> None:
        fitted, unfitted = self.values_of_the_answer()
        assert not fitted.keys() & unfitted.keys()
        assert len(fitted) + len(unfitted) < sum(each["judged"] for each in validation()["coverage"])

    @pytest.mark.parametrize("model", get_args(ComparedModel))
    def test_every_choice_counts_values_of_that_equation(self, model: ComparedModel) -> None:
        found = validation(model=model)
        said = conclusion(found)
        judged = {
            (row["table"], row["rows"][-1], row["indicator"])
            for row in found["comparisons"]
            if "inside" in row and (row["model"] not in {"documented", "pooled"} or row["table"] == "ratios")
        }
        counts = re.findall(r"(\d+) of (\d+)", said)
        assert sum(int(total) for _, total in counts) == len(judged)
        assert all(int(covered) <= int(total) for covered, total in counts)

    def test_where_every_value_was_used_in_a_fit_it_says_so(self) -> None:
        said = conclusion(validation(model="knee_extensor_moment_ratio"))
        assert said.startswith(
            "Every measured value was used in a fit. Of the values that were used in a fit, 2 of 2 do"
        )

    def test_it_counts_what_is_covered_and_names_the_ranges_that_are_too_narrow(self) -> None:
        found = validation()
        said = conclusion(found)
        fitted, unfitted = self.values_of_the_answer()
        covered, judged = sum(unfitted.values()), len(unfitted)
        assert said.startswith(
            f"{covered} of {judged} measured values that no equation was fitted to ({covered / judged:.0%}) lie in our "
            f"90% ranges. Of the values that were used in a fit, {sum(fitted.values())} of {len(fitted)} do: that "
            "proves little. Each value counts once, with the default equation"
        )
        narrow = {each["model"] for each in found["coverage"] if "too narrow" in each["conclusion"]}
        named = said.partition("the ranges of ")[2].replace(" and ", ", ").split(", ")
        assert len(named) == len(narrow)
        assert "walking cadence" in said
        assert "Looney 2025" not in said

    def test_without_a_range_that_is_too_narrow_it_says_so(self) -> None:
        few = validation(model="tibial_compression_peak")
        assert conclusion(few).endswith("Nothing measured contradicts a range, but the measurements are few.")
        assert conclusion({**few, "comparisons": []}) == "No measurement allows a judgement of this choice."

    def test_no_number_of_the_page_has_an_exponent(self) -> None:
        """A bias of -1.504e-05 s is 0 s for a reader."""
        text = page(validation(), model="all", indicator="all")
        assert not re.findall(r"\b\d(?:\.\d+)?e[-+]?\d+", text)
        tiny = copy.deepcopy(validation(model="acsm"))
        for summary in tiny["summary"]:
            summary["bias"] = -1.5e-7
        for comparison in tiny["comparisons"]:
            comparison["error"] = 3e-6
        assert not re.findall(r"\b\d(?:\.\d+)?e[-+]?\d+", page(tiny, model="acsm", indicator="all"))

    def test_the_page_begins_with_it(self) -> None:
        found = validation(model="acsm")
        text = Document(page(found, model="acsm", indicator="all")).text
        assert f"Validation {conclusion(found)} This page compares" in text


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Explorer]:
    with serving() as url, explorer(url, tmp_path_factory.mktemp("downloads")) as opened:
        yield opened


@pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="chromium and chromedriver are not here: `make chromium`")
class TestInABrowser:
    @pytest.mark.parametrize("address", [*NAMES, "/messages", "/problems/required"])
    @pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (PHONE, "dark")], ids=str)
    def test_axe_finds_nothing_serious_and_nothing_is_too_wide(
        self, browser: Explorer, address: str, size: tuple[int, int], scheme: str
    ) -> None:
        browser.console()
        browser.emulate(size, scheme)
        browser.driver.get(browser.url + address)
        browser.script("for (const part of document.querySelectorAll('details')) part.open = true")
        assert not browser.axe()
        assert browser.script("return document.documentElement.scrollWidth") <= size[0]
        assert not browser.console()

    @pytest.mark.parametrize("address", [*NAMES, "/messages", "/problems/required"])
    def test_the_smallest_phone_shows_everything(self, browser: Explorer, address: str) -> None:
        """Nothing goes beyond the edge, except inside a part that scrolls."""
        browser.emulate((320, 640), "light")
        browser.driver.get(browser.url + address)
        browser.script("for (const part of document.querySelectorAll('details')) part.open = true")
        beyond = browser.script(
            "return [...document.querySelectorAll('header *, main *, footer *')].filter((node) => "
            "!node.closest('.wide, svg') && node.getBoundingClientRect().right > innerWidth + 0.5)"
            ".map((node) => node.outerHTML.slice(0, 80))"
        )
        assert not beyond
        assert browser.script("return document.documentElement.scrollWidth") <= 320

    @pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (PHONE, "dark")], ids=str)
    def test_without_javascript_the_explorer_shows_no_form_and_says_so(
        self, browser: Explorer, size: tuple[int, int], scheme: str
    ) -> None:
        browser.console()
        browser.emulate(size, scheme)
        browser.devtools("Emulation.setScriptExecutionDisabled", value=True)
        try:
            browser.driver.get(f"{browser.url}/")
            shown = [one for one in browser.all("form, input, select, button, .results *") if one.is_displayed()]
            assert not shown
            main = browser.driver.find_element("css selector", "main").text
            assert "This page needs JavaScript" in main
            links = [
                link.get_attribute("href")
                for link in browser.all("noscript a, header a, footer a")
                if link.is_displayed()
            ]
            assert {urlsplit(str(link)).path for link in links} >= {"/evidence", "/validation", "/docs", "/models"}
            for link in links:
                assert httpx.get(str(link), trust_env=False).status_code == 200
            browser.screenshot(SHOTS / f"no-javascript-{scheme}.png")
        finally:
            browser.devtools("Emulation.setScriptExecutionDisabled", value=False)
        assert not browser.console()

    def test_a_browser_takes_icon_and_manifest(self, browser: Explorer) -> None:
        """The policy of the page allows both."""
        browser.console()
        browser.driver.get(f"{browser.url}/")
        found = browser.devtools("Page.getAppManifest")
        assert found["url"].endswith(".webmanifest")
        assert not found["errors"]
        assert not browser.console()

    @pytest.mark.parametrize("address", ["/evidence", "/validation"])
    @pytest.mark.parametrize(("size", "least"), [(WIDE, 13), (PHONE, 11)], ids=str)
    def test_letters_of_a_plot_are_as_large_as_those_beside_it(
        self, browser: Explorer, address: str, size: tuple[int, int], least: float
    ) -> None:
        browser.emulate(size, "light")
        browser.driver.get(browser.url + address)
        browser.script("for (const part of document.querySelectorAll('details')) part.open = true")
        sizes = browser.script(
            "return [...document.querySelectorAll('svg text')]"
            ".map((text) => parseFloat(getComputedStyle(text).fontSize) * text.ownerSVGElement.getScreenCTM().a)"
        )
        assert sizes
        assert least <= min(sizes) <= max(sizes) <= 16

    def test_a_link_to_a_folded_constant_unfolds_it(self, browser: Explorer) -> None:
        browser.emulate(WIDE, "light")
        browser.driver.get(f"{browser.url}/references#ren2015")
        browser.driver.find_element("css selector", "#ren2015 a[href*='RATIO_LINE']").click()
        browser.wait(lambda: browser.driver.current_url.endswith("/models#load.PATELLOFEMORAL_RATIO_LINE"))
        browser.wait(lambda: browser.script("return document.querySelector(':target')?.checkVisibility()"))

    def test_a_phone_shows_a_row_as_a_card(self, browser: Explorer) -> None:
        browser.emulate(PHONE, "light")
        browser.driver.get(f"{browser.url}/models")
        shown = browser.script("return getComputedStyle(document.querySelector('td'), '::before').content")
        assert shown == '"Formula: "'

"""One word for one thing: what a reader sees in the pages, the sentences, the warnings and the claims."""

import re
from pathlib import Path
from typing import Final

import httpx
import pytest

from retrorun.app.main import build
from retrorun.app.pages.documents.messages import messages
from retrorun.app.pages.documents.validation_page import INDICATOR_TITLES, MODEL_TITLES
from retrorun.app.settings import Settings
from retrorun.models.evidence.catalogue import catalogue
from retrorun.models.evidence.claim_studies import EFFECTS
from retrorun.models.evidence.claims import evidence
from retrorun.models.validation.validation import validation
from tests.page.answers import browsing
from tests.page.browser import Explorer

OTHER_WORDS: Final = {
    r"patell\w*": "knee-cap",
    r"behind the knee\w*": "knee-cap force",
    r"tibia\w*": "shin-bone",
    r"shin(?!-bone)\w*": "shin-bone",
    r"gradients?": "slope",
    r"inclin\w*": "slope",
    r"treadmill grade": "slope",
    r"ground contact": "contact time",
    r"vertical force": "ground force",
    r"tendon load": "Achilles load",
    r"extensor": "knee moment",
    r"step frequency": "cadence",
    r"perceived exertion": "felt effort",
    r"power output": "energy per minute",
}
"""Words that no page uses, and the word that all use instead."""

FORBIDDEN: Final = re.compile(rf"(?<![\w.{{])(?:{'|'.join(OTHER_WORDS)})(?![\w}}])", re.IGNORECASE)
NAMES: Final = re.compile(
    r"<(code|dt|script|pre)\b[^>]*>.*?</\1>|\sid=\"[^\"]*\"|\b(?:href|src|name)=\"[^\"]*\"", re.DOTALL
)
"""Parts of a page with the names of the service, and titles of studies."""


def others(text: str) -> list[str]:
    """Return the words of a text that have a better one."""
    return [found[0] for found in FORBIDDEN.finditer(re.sub(r"\b\w+_\w+\b", "", text))]


def test_the_list_finds_its_words() -> None:
    for pattern in OTHER_WORDS:
        word = pattern.partition("|")[0].replace(r"\w*", "").replace("s?", "").replace("(?!-bone)", "")
        assert others(f"The {word} of a run.")
    assert not others("The shin-bone compression, patellofemoral_peak_force_bw and {tibial_compression_peak_bw}.")


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        ("messages", [message["text"] for message in messages()]),
        ("parameters", [meaning for message in messages() for meaning in message["params"].values()]),
        ("claims", [str(text) for claim in evidence()["claims"] for text in claim.values()]),
        ("muscles", [role["finding"] for role in evidence()["muscle_roles"]]),
        ("effects", list(EFFECTS.values())),
        ("constants", [constant["meaning"] for constant in catalogue()["constants"]]),
        ("titles", [*MODEL_TITLES.values(), *INDICATOR_TITLES.values()]),
        ("reasons", [row["reason"] for row in validation()["not_predicted"]]),
    ],
)
def test_sentences_use_one_word_for_one_thing(kind: str, texts: list[str]) -> None:
    assert len(texts) > 3
    assert not [text for text in texts if others(text)]


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/", "/docs", "/evidence", "/validation", "/messages"])
async def test_pages_use_the_same_words(path: str) -> None:
    transport = httpx.ASGITransport(build(Settings(log_level="error")))
    async with httpx.AsyncClient(transport=transport, base_url="http://retrorun.test") as client:
        page = (await client.get(path, headers={"accept": "text/html"})).text
    assert not others(re.sub(r"<[^>]*>", " ", NAMES.sub(" ", page)))


@browsing
class TestExplorer:
    @pytest.mark.parametrize(
        "fragment",
        [
            "",
            "#v=1&mass=70kg&pace=5:30/km&time=40:00&grade=-3percent",
            "#v=1&mass=70kg&pace=7:00/km&time=40:00&equal=metabolic_rate&grade=12percent",
        ],
    )
    def test_the_explorer_uses_the_same_words_with_an_answer(
        self, refused: Explorer, fragment: str, recordings: Path
    ) -> None:
        page = refused  # a plan may have no answer on such a slope
        page.open(fragment)
        page.see("load-figure")
        page.one("file").send_keys(str(recordings / "run.fit"))
        page.wait(lambda: " kcal" in page.text("track-words"))
        shown = page.script(
            "return [...document.querySelectorAll('body *')].filter((node) => !node.closest('pre, script, noscript'))"
            ".flatMap((node) => [...[...node.childNodes].filter(({nodeType}) => nodeType === 3).map(({data}) => data),"
            "node.getAttribute('aria-label') ?? ''])"
        )
        assert len(shown) > 200
        assert not [text for text in shown if others(text)]
        page.driver.get("about:blank")  # the recording would be sent again with each change
        # A slope is in percent, as in its field.
        assert not [text for text in shown if "rise over run" in text]

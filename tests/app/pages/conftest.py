"""The explorer in a browser, for the tests of its parts."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.page.answers import SERVICE, assert_at_home
from tests.page.browser import Explorer, explorer, serving
from tests.recordings import fit_file, recorded, tcx_file


@pytest.fixture(scope="session", autouse=True)
def client_is_closed() -> Iterator[None]:
    with SERVICE:
        yield


@pytest.fixture(scope="session")
def service() -> Iterator[str]:
    with serving() as url:
        yield url


@pytest.fixture(scope="session")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a run whose last third climbs, and a level walk."""
    folder = tmp_path_factory.mktemp("recordings")
    run, walk = recorded(300), recorded(600, speed_m_s=1.4)
    run = run._replace(altitude_m=0.02 * np.maximum(run.distance_m - 500, 0.0))
    walk = walk._replace(altitude_m=0.0 * walk.distance_m)
    (folder / "run.fit").write_bytes(fit_file(run))
    (folder / "walk.tcx").write_bytes(tcx_file(walk))
    return folder


@pytest.fixture(scope="session")
def opened(service: str, downloads: Path) -> Iterator[Explorer]:
    with explorer(service, downloads) as browser:
        yield browser


@pytest.fixture(scope="module")
def browser(opened: Explorer) -> Explorer:
    """The browser that all modules share, with nothing left in it of the one before."""
    opened.driver.get("about:blank")
    opened.devtools("Storage.clearDataForOrigin", origin=opened.url, storageTypes="all")
    opened.devtools("Network.clearBrowserCache")
    return opened


@contextmanager
def example(browser: Explorer) -> Iterator[list[str]]:
    """Show the example, and yield a list that is filled afterwards: the console. No request may go to another host."""
    browser.console()
    browser.requests()
    browser.again()
    console: list[str] = []
    yield console
    console += browser.console()
    assert_at_home(browser)


@pytest.fixture
def page(browser: Explorer) -> Iterator[Explorer]:
    """The page with its example; afterwards the console is empty."""
    with example(browser) as console:
        yield browser
    assert not console


@pytest.fixture
def refused(browser: Explorer) -> Iterator[Explorer]:
    """The page with its example; afterwards the console has refused requests only."""
    with example(browser) as console:
        yield browser
    assert all(re.search(r"status of 4(15|22)|ERR_INTERNET_DISCONNECTED", line) for line in console)

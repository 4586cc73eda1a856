"""The page as a browser shows it: nothing is fetched, nothing fails, all figures are there."""

import shutil

import pytest


@pytest.fixture(scope="module")
def page_of(sample_signals, tmp_path_factory):
    from emgproc.outcome import analyse
    from emgproc.report import write_report
    from emgproc.study import load_study

    study = load_study(sample_signals / "study")
    out = tmp_path_factory.mktemp("report")
    return write_report(analyse(study, [], []), study, [], [], out)


def test_a_browser_shows_the_page_without_asking_the_network(page_of):
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs a browser: Debian's package chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    asked, failed = [], []
    with sync_api.sync_playwright() as player:
        browser = player.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = browser.new_page()
        tab.on("request", lambda request: asked.append(request.url))
        tab.on("pageerror", lambda error: failed.append(str(error)))
        tab.on("console", lambda line: failed.append(line.text))
        tab.goto(page_of.as_uri())
        headline = tab.locator(".lead").inner_text()
        width = tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        figures = tab.locator("figure svg").count()
        browser.close()
    assert asked == [page_of.as_uri()]
    assert failed == []
    assert headline.startswith("The primary outcome is not estimable:")
    assert width
    assert figures == 6  # flow, schedule, exposure, changes, ranks of the dead, survival

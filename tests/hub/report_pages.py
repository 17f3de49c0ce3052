"""A page in a browser, as the tests of the report handle it: opened, pointed at, read, saved."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np

Page = Any


def wait(page: Page, condition: str) -> None:
    """Wait until a condition holds; Playwright's own waiting needs `eval`, which the page forbids."""
    for _ in range(200):
        if page.evaluate(f"() => Boolean({condition})"):
            return
        page.wait_for_timeout(25)
    raise AssertionError(condition)


def open_all(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    wait(page, "!document.querySelector('details[data-of] .grid:empty')")


def plot(page: Page, name: str) -> Any:
    return page.locator(f'.plot[aria-label="{name}"]')


def at(page: Page, name: str, x: float, y: float, panel: int = 0) -> tuple[float, float]:
    """Return where on the screen a point of a figure lies."""
    plot(page, name).scroll_into_view_if_needed()
    return tuple(
        page.evaluate(
            """async ([name, x, y, k]) => {
                const plot = document.querySelector(`.plot[aria-label="${name}"]`);
                const svg = plot.querySelector('svg.figure');
                const panel = (await page.unpack()).figures[plot.dataset.fig].panels[k];
                const along = (s, v) => s[2] + (v - s[0]) / (s[1] - s[0]) * (s[3] - s[2]);
                const r = svg.getBoundingClientRect(), w = svg.viewBox.baseVal;
                const scale = r.width / w.width;
                return [r.left + along(panel.X, x) * scale, r.top + along(panel.Y, y) * scale];
            }""",
            [name, x, y, panel],
        )
    )


def path_of(page: Page, name: str, mark: int) -> str:
    return str(plot(page, name).locator(f'[data-m="{mark}"] path').first.get_attribute("d"))


def numbers_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def saved(page: Page, button: str) -> tuple[str, str]:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=button, exact=True).click()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_text(encoding="utf-8")


def column(rows: list[list[str]], heading: str) -> np.ndarray:
    place = rows[0].index(heading)
    return np.array([float(row[place]) for row in rows[1:] if row[place] != ""])

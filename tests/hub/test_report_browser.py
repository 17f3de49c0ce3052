"""The pages in a real browser: read out, zoomed, sorted, filtered, saved, by mouse and by keyboard."""

import json
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.hub import report_made as made
from tests.hub.report_pages import Page, at, column, numbers_of, open_all, path_of, plot, saved, wait

from interlayer.report.pack import unpack

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra `test`)")
#: what Chromium is called; none is downloaded
NAMES = ("chromium", "google-chrome", "chromium-browser", "/usr/bin/chromium")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason=f"no browser: none of {', '.join(NAMES)} is there"),
    pytest.mark.xdist_group("browser"),
]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update"]  # fmt: skip
#: everything hostile at once: test_report.py tries each by itself
HOSTILE = (
    "<img src=x onerror=alert(1)></script><script>alert(1)</script>{{7*7}}"
    "\u202egpj💥../../x\x00\"' onload=1 <!--"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.write(tmp_path_factory.mktemp("study"))


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Page]]:
    """Open pages; at the end nothing may have left them and no script may have failed."""
    contexts, wrong = [], []

    def allowed(address: str) -> bool:
        return address.startswith(("file:", "data:", "blob:"))

    def opened(path: Path, **options: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda each: None if allowed(each.url) else wrong.append(each.url))
        page.on("pageerror", lambda fault: wrong.append(str(fault)))
        page.on(
            "console", lambda each: wrong.append(each.text) if each.type in ("error", "warning") else None
        )
        page.on("dialog", lambda each: wrong.append(f"dialog {each.message}"))
        page.goto(path.resolve().as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the source of axe-core (MPL-2.0), which is a tool of this test and never shipped."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed: axe-core cannot be fetched")
    folder = tmp_path_factory.mktemp("axe")
    command = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), "axe-core@4"]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    except (subprocess.SubprocessError, OSError):
        pytest.skip("npm could not install axe-core")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("which", "options"),
    [
        ("report.html", {}),
        ("a/report.html", {}),
        ("a/report.html", {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}}),
    ],
)
def test_no_accessibility_violation(
    visit: Callable[..., Page], study: Path, axe: str, which: str, options: dict[str, Any]
) -> None:
    page = visit(study / which, **options)
    open_all(page)
    page.evaluate(axe)
    found = page.evaluate(
        "axe.run().then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html).slice(0, 3)]))"
    )
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_first_screen_answers(visit: Callable[..., Page], study: Path) -> None:
    page = visit(study / "a" / "report.html")
    page.set_default_timeout(3000)
    answers = (
        "Yes",
        "> 99.9 % probable",
        "How thick",
        "20.0 nm",
        "How did the cell do?",
        "0.900 mA/cm²",
        "Contradiction",
    )
    for text in ("Is Li₃N there?", *answers):
        box = page.locator(".cards").get_by_text(text).first.bounding_box()
        assert box is not None and box["y"] + box["height"] < 800, text


def test_overview_sorts_by_mouse_and_keyboard(visit: Callable[..., Page], study: Path) -> None:
    page = visit(study / "report.html")
    head = page.locator("#overview-rows th", has_text="crystallites")

    def names() -> list[str]:
        return page.locator("#overview-rows tbody tr td:first-child a").all_inner_texts()

    head.get_by_role("button").click()
    assert names() == ["Sample a", "Sample b", "Sample c"] and head.get_attribute("aria-sort") == "ascending"
    head.get_by_role("button").press("Enter")
    assert names() == ["Sample c", "Sample b", "Sample a"] and head.get_attribute("aria-sort") == "descending"
    head.get_by_role("button").press("Space")
    assert names() == ["Sample a", "Sample b", "Sample c"] and head.get_attribute("aria-sort") is None


def test_overview_filters(visit: Callable[..., Page], study: Path) -> None:
    page = visit(study / "report.html")
    tried = [
        ("Sample", "ple b", ["b"]),
        ("Li₃N crystallites", "> 100", ["b", "c"]),
        ("Li₃N crystallites", "<= 120", ["a", "b"]),
        ("Li₃N crystallites", "100..200", ["b"]),
        ("Li₃N", "present", ["a", "b", "c"]),
        ("Li₃N", "absent", []),
    ]
    for name, wanted, left in tried:
        field = page.get_by_label(f"Filter by {name}", exact=True).first
        field.fill(wanted)
        shown = page.locator("#overview-rows tbody tr:visible td:first-child a").all_inner_texts()
        assert shown == [f"Sample {each}" for each in left], (name, wanted)
        told = "3 rows" if len(left) == 3 else f"{len(left)} of 3 rows"
        assert page.locator("#overview-rows-count").inner_text() == told
        field.press("Escape")
        assert page.locator("#overview-rows tbody tr:visible").count() == 3


def test_hover_tells_every_curve_at_the_nearest_point(visit: Callable[..., Page], study: Path) -> None:
    page = visit(study / "a" / "report.html")
    place = int(np.argmin(np.abs(ANGLE_AT - made.ANGLE)))
    page.mouse.move(*at(page, "Pattern", ANGLE_AT, 3000.0))
    readout = plot(page, "Pattern").locator(".readout")
    readout.wait_for()
    text = readout.inner_text()
    assert "2θ 36.35 degree" in text
    assert f"measured {made.COUNTS[place]:.0f} counts" in text
    fitted = float(text.split("fit ")[1].split(" counts")[0])
    assert fitted == float(f"{made.FIT[place]:.5g}")
    assert f"interval {made.COUNTS[place] - 50:.0f} … {made.COUNTS[place] + 50:.0f} counts" in text
    page.mouse.move(5, 5)
    readout.wait_for(state="hidden")


ANGLE_AT = 36.35


def test_hover_in_the_plane_and_on_a_map(visit: Callable[..., Page], study: Path) -> None:
    page = visit(study / "a" / "report.html")
    page.mouse.move(*at(page, "Arc", 60.5, 49.0))
    readout = plot(page, "Arc").locator(".readout")
    readout.wait_for()
    assert "Z′ 60 Ω" in readout.inner_text() and "spectrum 50 Ω" in readout.inner_text()
    page.mouse.move(*at(page, "Map", 4.5, 2.5))
    readout = plot(page, "Map").locator(".readout")
    readout.wait_for()
    assert readout.inner_text().split("N ")[1] == "64"  # row 2 of 30 columns, column 4


def test_the_keyboard_reads_a_curve_out(visit: Callable[..., Page], study: Path) -> None:
    page = visit(study / "a" / "report.html")
    target = plot(page, "Pattern")
    target.focus()
    said = page.locator("#said")

    def press(*keys: str) -> str:
        for key in keys:
            target.press(key)
        return str(said.inner_text())

    page.wait_for_timeout(50)
    target.press("ArrowRight")
    wait(page, "document.getElementById('said').textContent.includes('2θ 20 degree')")
    assert "2θ 20.05 degree; measured 200 counts" in press("ArrowRight")
    assert "2θ 20.55 degree" in press("Shift+ArrowRight")
    assert "2θ 69.95 degree" in press("End")
    assert press("Home", "ArrowUp").startswith("2θ 20 degree; fit ")
    assert press("PageDown").startswith("2θ 20 degree; residual ") and press("PageDown").count("σ") == 0
    tall = page.evaluate("document.querySelector('.plot .cursor path') !== null")
    assert tall


def test_zoom_by_drag_wheel_button_and_keyboard(visit: Callable[..., Page], study: Path) -> None:
    page = visit(study / "a" / "report.html")
    before = path_of(page, "Pattern", 1)
    target = plot(page, "Pattern")

    def ticks(panel: int = 0) -> list[float]:
        texts = target.locator("svg.figure > g").nth(panel).locator(".axes text").all_text_contents()
        return [float(each.replace("−", "-")) for each in texts]

    page.mouse.move(*at(page, "Pattern", 30.0, 2000.0))
    page.mouse.down()
    page.mouse.move(*at(page, "Pattern", 40.0, 2010.0), steps=4)
    page.mouse.up()
    page.wait_for_selector(".plot.zoomed")
    assert path_of(page, "Pattern", 1) != before
    along = [
        each for each in ticks(1) if each > 10
    ]  # numbers along x stand below the residual, which shares it
    assert along and min(along) >= 30 and max(along) <= 40
    shifted = page.evaluate("document.querySelector('.plot [data-x]').getAttribute('transform')")
    assert shifted.startswith("translate(")
    target.focus()
    target.press("0")
    page.wait_for_selector(".plot:not(.zoomed)")
    page.get_by_role("button", name="Zoom in: Pattern").click()
    page.wait_for_selector(".plot.zoomed")
    page.get_by_role("button", name="Show all: Pattern").click()
    page.wait_for_selector(".plot:not(.zoomed)")
    page.mouse.move(*at(page, "Pattern", 36.2, 2000.0))
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
    page.wait_for_selector(".plot.zoomed")
    target.press("+")
    spread = [each for each in ticks(1) if each > 10]
    assert max(spread) - min(spread) < 45


def test_zoomed_curve_passes_through_the_data(visit: Callable[..., Page], study: Path) -> None:
    page = visit(study / "a" / "report.html")
    page.mouse.move(*at(page, "Pattern", 36.3, 2000.0))
    page.keyboard.down("Control")
    for _ in range(16):
        page.mouse.wheel(0, -100)
    page.keyboard.up("Control")
    wait(page, "document.querySelector('.plot.zoomed')")
    page.wait_for_timeout(100)
    near = page.evaluate(
        """async ([x, y]) => {
            const plot = document.querySelector('.plot[aria-label="Pattern"]');
            const panel = (await page.unpack()).figures[plot.dataset.fig].panels[0];
            const along = (s, v) => 5 * (s[2] + (v - s[0]) / (s[1] - s[0]) * (s[3] - s[2]));
            const px = along(panel.X, x), py = along(panel.Y, y);
            const d = plot.querySelector('[data-m="1"] path').getAttribute('d');
            const points = d.match(/-?\\d+ -?\\d+/g).map(each => each.split(' ').map(Number));
            return Math.min(...points.map(p => Math.hypot(p[0] - px, p[1] - py))) / 5;
        }""",
        [36.35, float(made.FIT[int(np.argmin(np.abs(made.ANGLE - 36.35)))])],
    )
    assert near < 0.3  # pixels


def test_a_legend_button_hides_its_curve(visit: Callable[..., Page], study: Path) -> None:
    page = visit(study / "a" / "report.html")
    button = page.get_by_role("group", name="Curves of Pattern").get_by_role("button", name="fit")
    button.focus()
    button.press("Enter")
    line = plot(page, "Pattern").locator('[data-m="1"]').first
    line.wait_for(state="hidden")
    assert button.get_attribute("aria-pressed") == "false"
    page.mouse.move(*at(page, "Pattern", 36.35, 3000.0))
    plot(page, "Pattern").locator(".readout").wait_for()
    assert "fit" not in plot(page, "Pattern").locator(".readout").inner_text()
    button.click()
    line.wait_for()
    assert button.get_attribute("aria-pressed") == "true"


def test_downloads_hold_the_data(visit: Callable[..., Page], study: Path) -> None:
    page = visit(study / "a" / "report.html", accept_downloads=True)
    open_all(page)
    name, text = saved(page, "Save Pattern as CSV")
    rows = numbers_of(text)
    assert name == "xrd-pattern.csv" and len(rows) == 1 + made.ANGLE.size
    np.testing.assert_array_equal(column(rows, "panel 1: 2θ / degree"), made.ANGLE)
    np.testing.assert_array_equal(column(rows, "panel 1: measured: intensity / counts"), made.COUNTS)
    np.testing.assert_allclose(column(rows, "panel 1: fit: intensity / counts"), made.FIT, atol=5200 * 1e-6)
    _, text = saved(page, "Save Pattern as JSON")
    columns = {each["name"]: each["values"] for each in json.loads(text)["columns"]}
    assert columns["panel 1: Li: text"] == ["110", "200"]
    np.testing.assert_array_equal(columns["panel 1: 2θ / degree"], made.ANGLE)
    assert numbers_of(saved(page, "Save peaks as CSV")[1]) == [["hkl", "area"], ["110", "0.1"], ["200", ""]]
    numbers = numbers_of(saved(page, "Save the numbers of X-ray diffraction as CSV")[1])
    assert numbers[1][:3] == ["crystallite_size", "Li3N", "20"] and numbers[3][8] == "whole pattern"
    assert "carried_by" in saved(page, "Save the evidence as CSV")[1]
    assert "cannot tell" in saved(page, "Save the evidence as JSON")[1]
    assert saved(page, "Save methods.bib")[1].startswith("@")
    name, picture = saved(page, "Save Pattern as SVG")
    assert name == "xrd-pattern.svg" and 'xmlns="http' in picture and "<path" in picture


def test_no_cell_that_is_saved_is_a_formula(visit: Callable[..., Page], tmp_path: Path) -> None:
    folder = made.write(tmp_path, "=1+1", names=("a", "b"))
    page = visit(folder / "a" / "report.html", accept_downloads=True)
    open_all(page)
    numbers = numbers_of(saved(page, "Save the numbers of X-ray diffraction as CSV")[1])
    assert "'=1+1" in numbers[1] and "=1+1" not in numbers[1]
    assert numbers[1][2] == "20" and numbers[2][-1] != "" and numbers[3][0] == "crystallite_size"


def test_files_beside_the_page_hold_every_digit(visit: Callable[..., Page], study: Path) -> None:
    page = visit(study / "a" / "report.html", java_script_enabled=False)
    address = page.get_by_role("link", name="data of every figure and table (CSV)").get_attribute("href")
    with zipfile.ZipFile(study / "a" / str(address)) as archive:
        rows = numbers_of(archive.read("figures/xrd-pattern.csv").decode("utf-8"))
        names = archive.namelist()
    np.testing.assert_array_equal(column(rows, "panel 1: fit: intensity / counts"), made.FIT)
    assert "tables/xrd-peaks.csv" in names
    assert (
        study / "a" / str(page.get_by_role("link", name="record (netCDF)").get_attribute("href"))
    ).is_file()


def test_the_script_unpacks_what_python_packed(visit: Callable[..., Page], study: Path) -> None:
    page = visit(study / "a" / "report.html")
    found = page.evaluate(
        "page.unpack().then(h => h.columns.map((_, k) => h.column(k).map(v => v !== v ? null : v)))"
    )
    _, columns = unpack(page.locator("#pack").text_content())
    assert len(found) == len(columns) > 10
    for mine, theirs in zip(columns, found, strict=True):
        values = np.array([np.nan if each is None else each for each in theirs], dtype=float)
        np.testing.assert_allclose(values, mine, rtol=1e-7)


def test_every_number_opens_a_drawer(visit: Callable[..., Page], study: Path) -> None:
    page = visit(study / "a" / "report.html")
    number = page.locator(".cards a.num", has_text="0.900")
    number.focus()
    number.press("Enter")
    drawer = page.locator("dialog[open]")
    drawer.wait_for()
    text = drawer.inner_text()
    for part in ("critical current density", "steps", "a.xy", "a" * 64, "interlayer ", "Status"):
        assert part in text, part
    page.keyboard.press("Escape")
    drawer.wait_for(state="detached")
    assert page.evaluate("document.activeElement.textContent").endswith("mA/cm²")
    page.locator("#row-0 a.num").click()
    drawer.wait_for()
    for part in ("20.0 nm", "Scherrer", "radius = 150 mm", "Widths were deconvolved."):
        assert part in drawer.inner_text(), part
    drawer.get_by_role("link", name="See it in").click()
    drawer.wait_for(state="detached")
    assert page.url.endswith("#xrd")


def test_the_overview_leads_to_the_number_on_the_page_of_its_sample(
    visit: Callable[..., Page], study: Path
) -> None:
    page = visit(study / "report.html")
    cell = page.locator("#overview-rows a.num", has_text="120")
    cell.click()
    drawer = page.locator("dialog[open]")
    drawer.wait_for()
    assert "Scherrer" in drawer.inner_text() and "b.xy" in drawer.inner_text()
    drawer.get_by_role("link").click()
    page.wait_for_url("**/b/report.html#xrd")
    page.goto((study / "report.html").as_uri())
    address = page.locator("#overview-rows a.num", has_text="120").get_attribute("href")
    page.goto((study / str(address)).as_uri().replace("%23", "#"))
    assert page.locator("tr:target").inner_text().startswith("crystallite size")
    page.get_by_role("link", name="← All samples").click()
    page.wait_for_url("**/report.html")


def test_print_leaves_out_what_paper_cannot_do(visit: Callable[..., Page], study: Path) -> None:
    page = visit(study / "a" / "report.html")
    page.emulate_media(media="print")
    for selector in ("nav", ".tools", "#drawer", "details.data"):
        assert not page.locator(selector).first.is_visible(), selector
    widths = page.evaluate(
        "[...document.querySelectorAll('svg.figure')].map(e => [e.getBoundingClientRect().right, innerWidth])"
    )
    assert all(right <= width + 1 for right, width in widths)


@pytest.fixture(scope="module")
def plain_counts(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, int]]:
    folder = made.write(tmp_path_factory.mktemp("plain"), "plain", names=("a", "b"))
    return [count(browser, folder / "a" / "report.html"), count(browser, folder / "report.html")]


def count(browser: Any, path: Path) -> dict[str, int]:
    """Return how many elements of each name a page has, everything opened that opens."""
    page = browser.new_page()
    alarms: list[str] = []
    page.on("dialog", lambda each: alarms.append(each.message))
    page.on("pageerror", lambda fault: alarms.append(str(fault)))
    page.on(
        "request",
        lambda each: None if each.url.startswith(("file:", "data:", "blob:")) else alarms.append(each.url),
    )
    page.goto(path.as_uri())
    open_all(page)
    page.locator("a.num").first.click()
    page.locator("dialog[open]").wait_for()
    found = page.evaluate(
        "[...document.querySelectorAll('*')].map(e => e.tagName)"
        ".reduce((n, t) => (n[t] = (n[t] || 0) + 1, n), {})"
    )
    handlers = page.evaluate(
        "[...document.querySelectorAll('*')].flatMap(e => [...e.attributes])"
        ".filter(a => /^on/.test(a.name)).length"
    )
    text = page.evaluate("document.body.textContent")
    page.close()
    assert alarms == [] and handlers == 0 and "\u202e" not in text and "\x00" not in text
    return dict(found)


def test_hostile_text_makes_no_element(
    browser: Any, plain_counts: list[dict[str, int]], tmp_path: Path
) -> None:
    folder = made.write(tmp_path / "in", HOSTILE, names=("a", "b"))
    for path, plain in zip((folder / "a" / "report.html", folder / "report.html"), plain_counts, strict=True):
        assert count(browser, path) == plain
    outside = [each for each in tmp_path.rglob("*") if each.is_file() and folder not in each.parents]
    assert outside == []

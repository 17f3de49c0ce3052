"""Every figure of samples as a file, at the width of a journal's columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import xarray as xr
from matplotlib.figure import Figure as MplFigure

from interlayer import guard, techniques
from interlayer.core.draw import STYLE, draw
from interlayer.core.errors import SettingError
from interlayer.core.figure import Figure
from interlayer.core.files import atomic, write_text
from interlayer.core.text import Names, clean, slug
from interlayer.journals import FIGURE_KINDS, INCH, Journal, journals, width_of
from interlayer.sample import Sample

#: narrower figures (mm) have one column of panels
_NARROW = 120.0
CAPTIONS = "captions.txt"


@dataclass(frozen=True, slots=True)
class Named:
    """A figure with the stem of its file, and whose it is."""

    stem: str
    owner: str
    figure: Figure


def named(samples: Sequence[Sample]) -> Iterator[Named]:
    """Yield every figure of samples, then those that compare them, with names that no other has."""
    names = Names()
    for sample in samples:
        for path, result in sample.results():
            place = path.strip("/").replace("/", "-")
            with guard.using("the figures", sample.called):
                drawn = techniques.figures(result)
            for figure in drawn:
                stem = names.free(f"{slug(sample.sample_id, 60)}-{slug(place, 60)}-{slug(figure.name, 40)}")
                yield Named(stem, f"{sample.name}, {place}", figure)
    for technique, results in compared(samples).items():
        with guard.using("the figures", *(sample.called for sample in samples)):
            drawn = techniques.comparison(technique, results)
        for figure in drawn:
            stem = names.free(f"compared-{technique}-{slug(figure.name, 40)}")
            yield Named(stem, f"{len(results)} samples, {technique}", figure)


def compared(samples: Sequence[Sample]) -> dict[str, dict[str, xr.DataTree]]:
    """Return the results of each technique by the name of their sample, for comparison."""
    found: dict[str, list[tuple[str, str, str, xr.DataTree]]] = {}
    for sample in samples:
        for path, result in sample.results():
            mine = found.setdefault(str(result.attrs["technique"]), [])
            mine.append((sample.name, sample.sample_id, path, result))
    return {technique: techniques.by_name(mine) for technique, mine in found.items()}


def write(
    samples: Sequence[Sample],
    folder: Path,
    *,
    kind: str = "svg",
    width: str = "single",
    journal: str = "any",
) -> list[Path]:
    """Write every figure of samples and a text with their captions; returns the paths.

    Parameters
    ----------
    kind
        One of `FIGURE_KINDS`.
    width
        "single", "double" (columns of the journal), or a length such as "90mm".

    Raises
    ------
    SettingError
        When kind, width or journal is not known.
    """
    if kind not in FIGURE_KINDS:
        raise SettingError("kind of figure", expected=f"one of {', '.join(FIGURE_KINDS)}", found=kind)
    if journal not in journals():
        raise SettingError("journal", expected=f"one of {', '.join(journals())}", found=journal)
    sizes = journals()[journal]
    millimetres = width_of(width, sizes)
    written, captions = [], []
    for each in named(samples):
        path = folder / f"{each.stem}.{kind}"
        save(at_width(each.figure, millimetres, sizes), path)
        written.append(path)
        texts = (path.name, each.owner, each.figure.title, each.figure.caption)
        captions.append("\n".join(" ".join(clean(text).split()) for text in texts if text))
    if written:
        write_text(folder / CAPTIONS, "\n\n".join(captions) + "\n")
        written.append(folder / CAPTIONS)
    return written


def at_width(figure: Figure, width: float, sizes: Journal) -> MplFigure:
    """Return a figure drawn for a column of ``width`` mm."""
    shown = one_column(figure) if width < _NARROW else figure
    return draw(shown, width=width / INCH, letters=sizes.letters, title=False, highest=sizes.highest / INCH)


def one_column(figure: Figure) -> Figure:
    """Return a figure with its panels in one column; what belongs to a panel stays below it."""
    if figure.columns <= 1:
        return figure
    order: list[int] = []
    for start in range(len(figure.panels)):
        at = start
        while at < len(figure.panels) and at not in order:
            order.append(at)
            if not figure.panels[at].bare:
                break
            at += figure.columns
    panels = [figure.panels[at] for at in order if figure.panels[at].marks]
    return Figure(figure.name, figure.title, figure.caption, panels)


def save(figure: MplFigure, path: Path, *, dpi: int = 300) -> None:
    """Write a drawn figure atomically, as the path's ending says; the same figure gives the same bytes."""
    kind = path.suffix[1:].lower()
    dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    with atomic(path) as part, mpl.rc_context(STYLE):
        figure.savefig(part, format=kind, dpi=dpi, metadata=dates.get(kind))

"""The report: one self-contained, offline HTML page of a study."""

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files

from interlayer._version import __version__
from interlayer.core.results import warnings_of
from interlayer.core.text import clean
from interlayer.evidence import Verdict, check
from interlayer.report import model
from interlayer.sample import Sample
from interlayer.study import Claim


def build(
    samples: Sequence[Sample],
    *,
    title: str = "interlayer report",
    source: str = "",
    description: str = "",
    claims: Sequence[Claim] = (),
    failures: Sequence[tuple[str, str]] = (),
) -> str:
    """Return the report of any number of samples as HTML.

    Parameters
    ----------
    samples
        In the order of the page.
    claims
        Published numbers to check against the data.
    failures
        Measurements that could not be analysed, each with its error.

    Notes
    -----
    The same input gives the same bytes: there is no date and nothing random in it.
    """
    parts = [model.sample_part(sample) for sample in samples]
    columns, overview = model.overview(samples, parts)
    labels = {sample.sample_id: sample.label or sample.sample_id for sample in samples}
    page = model.Report(
        title=title,
        source=source,
        description=description,
        version=__version__,
        columns=columns,
        overview=overview,
        samples=tuple(parts),
        claims=tuple(model.claim_row(verdict, labels) for verdict in verdicts(samples, claims)),
        failures=tuple(failures),
        doubts=tuple(_doubts(samples)),
        comparisons=model.comparisons(samples),
    )
    return _html(page)


def verdicts(samples: Sequence[Sample], claims: Sequence[Claim]) -> list[Verdict]:
    """Return what the data say of each claim."""
    located = {sample.sample_id: sample.located_rows() for sample in samples}
    return [check(claim, located.get(claim.sample, [])) for claim in claims]


def _doubts(samples: Sequence[Sample]) -> list[tuple[str, str, str]]:
    """Return every warning with its sample and the section where it is seen."""
    return [
        (sample.label or sample.sample_id, text, model.anchor_of(sample.sample_id, path))
        for sample in samples
        for path, result in sample.results()
        for text in warnings_of(result)
    ]


def _html(page: model.Report) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("interlayer.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    folder = files("interlayer.report") / "templates"
    style = folder.joinpath("style.css").read_text(encoding="utf-8")
    script = folder.joinpath("script.js").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    text = environment.get_template("report.html.j2").render(
        page=page,
        style=Markup(style),
        script=Markup(script),
        policy=Markup(policy),
        svg=Markup,
        units={column.unit: model.unit_text(column.unit) for column in page.columns},
    )
    return clean(text)


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

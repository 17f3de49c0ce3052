"""The methods paragraph: the steps that really ran, as sentences with citations, and its references."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import xarray as xr

from interlayer import guard
from interlayer.core.quantities import TECHNIQUES
from interlayer.core.ranged import ranged, shape_of
from interlayer.core.text import clean
from interlayer.references import Reference, library, reference
from interlayer.sample import Sample
from interlayer.techniques import KINDS, declared_settings

_COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True, slots=True)
class Methods:
    """The methods of some samples: plain-text paragraphs whose marks ``[1]`` point into the references."""

    paragraphs: tuple[str, ...]
    references: tuple[Reference, ...]

    @property
    def text(self) -> str:
        """Return paragraphs and numbered references as one text."""
        works = [
            f"[{each.number}] {each.text}" + (f" doi:{each.doi}" if each.doi else "")
            for each in self.references
        ]
        return "\n\n".join(filter(None, (*self.paragraphs, "\n".join(works)))) + "\n"

    @property
    def bibtex(self) -> str:
        """Return the references as a .bib file."""
        return "\n\n".join(each.bibtex for each in self.references) + ("\n" if self.references else "")


@dataclass
class _Marks:
    """Numbers works in the order in which they are cited."""

    keys: list[str] = field(default_factory=list)

    def of(self, keys: Iterable[str]) -> str:
        """Return the marks of works, as "[1][4]"."""
        numbers = []
        for key in dict.fromkeys(keys):
            if key not in self.keys:
                self.keys.append(key)
            numbers.append(self.keys.index(key) + 1)
        return "".join(f"[{number}]" for number in sorted(numbers))


@dataclass(frozen=True, slots=True)
class _Run:
    """One analysis: whose it is, and what it recorded."""

    sample: str
    measurement: str
    steps: tuple[str, ...]
    settings: Mapping[str, str]
    sources: tuple[Mapping[str, str], ...]
    version: str


def compose(samples: Sequence[Sample]) -> Methods:
    """Return the methods of samples: a paragraph for each technique and kind, then the software.

    Notes
    -----
    Every sentence is a step, a setting or a fact that an analysis recorded. Steps that differ only in
    numbers become one sentence with their range; one that not every analysis took names those that did.
    """
    marks = _Marks()
    grouped = _grouped(samples)
    paragraphs = [_paragraph(*key, runs, marks) for key, runs in grouped.items()]
    if grouped:
        paragraphs.append(_software(grouped, marks))
    return Methods(
        tuple(paragraphs), tuple(reference(number, key) for number, key in enumerate(marks.keys, start=1))
    )


def _grouped(samples: Sequence[Sample]) -> dict[tuple[str, str], list[_Run]]:
    """Return the analyses of all samples by technique and kind, in the order of the paper."""
    found: dict[tuple[str, str], list[_Run]] = {}
    names = _names(samples)
    for sample, name in zip(samples, names, strict=True):
        for _, result in sample.results():
            technique, kind = (str(result.attrs.get(key, "")) for key in ("technique", "kind"))
            with guard.using("the methods", sample.called):
                found.setdefault((technique, kind), []).append(_run(name, technique, kind, result))
    order = {kind: place for place, kind in enumerate(("", *KINDS))}
    return dict(
        sorted(found.items(), key=lambda each: (TECHNIQUES.index(each[0][0]), order.get(each[0][1], 99)))
    )


def _names(samples: Sequence[Sample]) -> list[str]:
    """Return what each sample is called; two of one label are told apart by their ids."""
    labels = [sample.name for sample in samples]
    return [
        _data(label if labels.count(label) == 1 else f"{label} ({sample.sample_id})")
        for label, sample in zip(labels, samples, strict=True)
    ]


def _run(name: str, technique: str, kind: str, result: xr.DataTree) -> _Run:
    recorded = {
        key: json.loads(str(result.attrs.get(key, blank)))
        for key, blank in (("steps", "[]"), ("settings", "{}"), ("sources", "[]"))
    }
    more = [
        each["sentence"]
        for each in library()["product"]
        if each["technique"] == technique and each["node"] in result.children
    ]
    return _Run(
        name,
        _data(str(result.attrs.get("measurement", ""))),
        tuple(_data(str(step)) for step in (*recorded["steps"], *more)),
        {
            _data(str(key)): _data(_setting(technique, kind, str(key), value))
            for key, value in recorded["settings"].items()
            if value not in (None, "", [], False)
        },
        tuple({str(key): _data(str(value)) for key, value in each.items()} for each in recorded["sources"]),
        _data(str(result.attrs.get("interlayer_version", ""))),
    )


def _data(text: str) -> str:
    """Return a text of the data as one line in which nothing looks like a mark."""
    return re.sub(r"\[(\d+)\]", r"(\1)", " ".join(clean(text).split()))


def _setting(technique: str, kind: str, name: str, value: object) -> str:
    if value is True:
        return "yes"
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    units = {each.name: each.unit for each in declared_settings(technique, kind)}
    text = f"{value:.12g}" if isinstance(value, float) else str(value)
    return f"{text} {units.get(name, '')}".strip() if isinstance(value, int | float) else text


def _paragraph(technique: str, kind: str, runs: Sequence[_Run], marks: _Marks) -> str:
    sentences = [_opening(kind or technique, runs), *_settings(technique, runs, marks)]
    for texts, takers in _merged(runs):
        keys = _cited(technique, "step", texts)
        sentences.append(_sentence(ranged(texts), _scope(takers, runs), marks.of(keys)))
    return " ".join(sentences)


def _cited(technique: str, by: str, texts: Iterable[str], name: str = "") -> list[str]:
    """Return the keys that steps, or the values of the setting ``name``, make the paragraph cite."""
    own = [each for each in library()["citation"] if each["technique"] == technique]
    if by == "step":
        rules = [(each["step"], each["keys"]) for each in own if "step" in each]
    else:
        rules = [(each["value"], each["keys"]) for each in own if each.get("setting") == name]
    texts = list(texts)
    return [key for pattern, keys in rules if any(re.search(pattern, text) for text in texts) for key in keys]


def _sentence(text: str, scope: str, marks: str) -> str:
    body = text.rstrip().removesuffix(".")
    return f"{body}{f' ({scope})' if scope else ''}{f' {marks}' if marks else ''}."


def _opening(noun: str, runs: Sequence[_Run]) -> str:
    """Return the first sentence: of which samples, how many files of which formats, which instrument."""
    samples = list(dict.fromkeys(run.sample for run in runs))
    sources = [source for run in runs for source in run.sources]
    formats = ", ".join(dict.fromkeys(filter(None, (source.get("format", "") for source in sources))))
    count = f"{len(sources)} file{'s' * (len(sources) != 1)}" + (f", {formats}" if formats else "")
    of = samples[0] if len(samples) == 1 else f"{_count(len(samples))} samples ({', '.join(samples)})"
    known = "; ".join(_facts(sources))
    return f"{library()['noun'][noun]} of {of} were analysed ({count})" + (f": {known}." if known else ".")


def _count(number: int) -> str:
    return _COUNTS[number] if number < len(_COUNTS) else str(number)


def _facts(sources: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """Yield what the files state about the instrument."""
    for fact in library()["fact"]:
        stated = [value for source in sources for value in source.get(fact["name"], "").split("; ") if value]
        values = list(dict.fromkeys(stated))
        if values:
            silent = sum(fact["name"] not in source for source in sources)
            some = f" (not stated in {silent} of {len(sources)} files)" if silent else ""
            yield fact["text"].replace("{}", " and ".join(values)) + some


def _settings(technique: str, runs: Sequence[_Run], marks: _Marks) -> Iterator[str]:
    """Yield the sentence of the settings."""
    pairs = list(dict.fromkeys(pair for run in runs for pair in run.settings.items()))
    parts = []
    for name, value in pairs:
        takers = [run for run in runs if run.settings.get(name) == value]
        scope, cited = _scope(takers, runs), marks.of(_cited(technique, "setting", [value], name))
        parts.append(
            f"{name.replace('_', ' ')} {value}{f' ({scope})' if scope else ''}{f' {cited}' if cited else ''}"
        )
    if parts:
        yield f"Settings: {'; '.join(parts)}."


def _scope(takers: Sequence[_Run], runs: Sequence[_Run]) -> str:
    """Return which analyses a sentence is about; "" when it is about all of them."""
    if len(takers) == len(runs):
        return ""
    names = []
    for sample in dict.fromkeys(run.sample for run in takers):
        mine = [run for run in takers if run.sample == sample]
        if len(mine) == sum(run.sample == sample for run in runs):
            names.append(sample)
        else:
            names.append(f"{sample}: {', '.join(run.measurement or 'unnamed' for run in mine)}")
    return "; ".join(names)


def _merged(runs: Sequence[_Run]) -> list[tuple[list[str], list[_Run]]]:
    """Return the steps of all analyses, those that differ only in numbers together, in their order."""
    order: list[str] = []
    texts: dict[str, list[str]] = {}
    takers: dict[str, list[_Run]] = {}
    for run in runs:
        shapes = [shape_of(step) for step in run.steps]
        for place, (step, shape) in enumerate(zip(run.steps, shapes, strict=True)):
            if shape not in texts:
                later = next((each for each in shapes[place + 1 :] if each in texts), None)
                order.insert(len(order) if later is None else order.index(later), shape)
            texts.setdefault(shape, []).append(step)
            mine = takers.setdefault(shape, [])
            if not mine or mine[-1] is not run:
                mine.append(run)
    return [(texts[shape], takers[shape]) for shape in order]


def _software(grouped: Mapping[tuple[str, str], Sequence[_Run]], marks: _Marks) -> str:
    """Return the last paragraph: which version, and what it rests on."""
    versions = dict.fromkeys(run.version for runs in grouped.values() for run in runs if run.version)
    used: dict[str, tuple[str, list[str]]] = {}
    techniques = list(dict.fromkeys(technique for technique, _ in grouped))
    for each in library()["software"]:
        if each["technique"] in ("", *techniques):
            used.setdefault(each["name"], (each["key"], []))[1].append(each["technique"].upper())
    parts = [
        f"{name} {marks.of([key])}" + (f" ({', '.join(where)})" if any(where) else "")
        for name, (key, where) in used.items()
    ]
    return (
        f"All analyses were done with interlayer {' and '.join(versions)}, which rests on "
        f"{', '.join(parts)}. Intervals are meant to hold the true value 95 times of 100."
    )

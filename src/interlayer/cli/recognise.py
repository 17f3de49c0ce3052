"""`interlayer init`: what the files of a folder are, and a study file that says so."""

import json
from collections import defaultdict
from pathlib import Path

from interlayer import techniques
from interlayer.core import formats
from interlayer.core.errors import StudyError
from interlayer.core.files import write_text
from interlayer.core.quantities import TECHNIQUES
from interlayer.core.text import clean, slug

#: words in a path that say which technique a plain table of numbers belongs to
_HINTS = {
    "xrd": ("xrd", "diffraction"),
    "xps": ("xps", "esca"),
    "sem": ("sem", "micrograph"),
    "eds": ("eds", "edx"),
    "electrochem": ("electrochem", "echem", "cycling", "eis", "cv", "gitt", "ccd", "battery"),
}
_KIND_WORDS = {
    "cv": ("cv",),
    "ccd": ("ccd",),
    "gitt": ("gitt",),
    "eis": ("eis", "peis", "geis"),
    "plating": ("plating", "li-li", "lili", "symmetric"),
    "cycling": ("lfp", "life", "rate", "cycling", "gcpl"),
}
Groups = dict[tuple[str, str, str], list[Path]]

_IGNORED = {"study.toml", "truth.json", "manifest.json"}


def write_study(folder: Path, *, force: bool = False) -> tuple[Path, list[Path]]:
    """Write ``study.toml`` for the raw files below a folder.

    Returns
    -------
    tuple
        The study file, and the files that no format fits.

    Raises
    ------
    StudyError
        When there is a study file already (and not ``force``), or nothing is recognised.
    """
    target = folder / "study.toml"
    if not folder.is_dir():
        raise StudyError("no such folder", path=folder)
    if target.exists() and not force:
        raise StudyError("there is a study file already", path=target, advice="Use --force to replace it.")
    groups: Groups = defaultdict(list)
    unknown: list[Path] = []
    files = sorted(path for path in folder.rglob("*") if path.is_file() and _is_raw(path, folder))
    depth = _sample_depth([path.relative_to(folder).parts[:-1] for path in files])
    for path in files:
        relative = path.relative_to(folder)
        if _belongs_to_a_map(path):
            continue
        if clean(str(relative)) != str(relative):
            unknown.append(relative)  # a study file could not name it
            continue
        technique = recognise(path, relative)
        if technique is None:
            unknown.append(relative)
            continue
        parts = relative.parts[:-1]
        sample = parts[depth] if len(parts) > depth else folder.resolve().name
        kind = _kind(relative) if technique == "electrochem" else ""
        groups[sample, technique, kind].append(relative)
    if not groups:
        raise StudyError(
            "no file in this folder is recognised",
            path=folder,
            advice="`interlayer formats` lists what is read.",
        )
    write_text(target, _toml(folder.resolve().name, _with_spectra(groups)))
    return target, [path for path in unknown if not _is_sidecar(folder / path)]


def _is_raw(path: Path, folder: Path) -> bool:
    parts = path.relative_to(folder).parts
    return path.name not in _IGNORED and not any(part.startswith(".") or part == "results" for part in parts)


def _is_sidecar(path: Path) -> bool:
    return path.suffix.lower() in {".spc", ".ipr", ".hdr", ".rpl", ".txt", ".mps", ".raw"}


def _belongs_to_a_map(path: Path) -> bool:
    """Return True for the header or spectrum that an EDAX or Lispix map reads by itself."""
    maps = {".spc": ".spd", ".ipr": ".spd", ".raw": ".rpl"}
    ending = maps.get(path.suffix.lower())
    return ending is not None and any(
        path.stem.startswith(each.stem) for each in path.parent.iterdir() if each.suffix.lower() == ending
    )


def _sample_depth(parents: list[tuple[str, ...]]) -> int:
    """Return the first level of folders that differs (0 where there is none)."""
    deepest = max((len(each) for each in parents), default=0)
    for depth in range(deepest):
        names = {each[depth] for each in parents if len(each) > depth}
        if len(names) > 1 and not names <= set(TECHNIQUES):
            return depth
    return 0


def recognise(path: Path, relative: Path) -> str | None:
    """Return the technique of a file, by its content; plain tables by words in the path, too."""
    fitting = []
    for technique in TECHNIQUES:
        try:
            if path.stat().st_size and formats.identify(path, techniques.formats(technique)):
                fitting.append(technique)
        except OSError:
            return None
    if len(fitting) < 2:
        return fitting[0] if fitting else None
    words = (
        str(relative)
        .lower()
        .replace("\\", "/")
        .replace("_", "/")
        .replace("-", "/")
        .replace(".", "/")
        .split("/")
    )
    hinted = [technique for technique in fitting if any(hint in words for hint in _HINTS[technique])]
    return hinted[0] if hinted else fitting[0]


def _kind(relative: Path) -> str:
    stem = relative.stem.lower()
    words = stem.replace("_", "-").split("-")
    if any(hint in stem for hint in ("polaris", "polariz", "transference", "bruce")):
        return "transference"
    for kind, hints in _KIND_WORDS.items():
        if any(hint in words or (len(hint) > 3 and hint in stem) for hint in hints):
            return kind
    return ""


def _with_spectra(groups: Groups) -> Groups:
    """Put the spectra before and after a polarisation into one transference measurement with it."""
    joined = {key: list(paths) for key, paths in groups.items()}
    for (sample, technique, kind), paths in groups.items():
        spectra = joined.get((sample, technique, "eis"), [])
        if kind != "transference" or len(paths) != 1:
            continue
        found = [next((p for p in spectra if word in p.stem.lower()), None) for word in ("before", "after")]
        chosen = [path for path in found if path is not None and path.parent == paths[0].parent]
        if len(chosen) == 2:
            joined[sample, technique, kind] = [*paths, *chosen]
            joined[sample, technique, "eis"] = [path for path in spectra if path not in chosen]
    return {key: paths for key, paths in joined.items() if paths}


def _toml(title: str, groups: Groups) -> str:
    lines = [
        "# Written by `interlayer init`: check samples, kinds and files, and add areas, masses and claims.",
        "",
        "[study]",
        f"title = {_text(title)}",
    ]
    previous = None
    for (sample, technique, kind), paths in sorted(groups.items()):
        if sample != previous:
            lines += ["", "[[sample]]", f"id = {_text(sample)}"]
            previous = sample
        together = technique in ("sem", "xps") or kind == "transference"
        for group in [paths] if together else [[path] for path in paths]:
            lines += ["", "[[sample.measurement]]", f"technique = {_text(technique)}"]
            lines += [f"kind = {_text(kind)}"] if kind else []
            lines += [f"name = {_text(_name(group[0], paths))}"] if len(paths) > 1 and not together else []
            lines += ["files = [" + ", ".join(_text(path.as_posix()) for path in group) + "]"]
    return "\n".join(lines) + "\n"


def _name(path: Path, among: list[Path]) -> str:
    """Return a name for one of several measurements of a kind: its stem, or its whole path."""
    same = [each for each in among if slug(each.stem).lower() == slug(path.stem).lower()]
    return slug(path.stem if len(same) == 1 else path.as_posix())


def _text(value: str) -> str:
    """Return a text as a TOML basic string, which JSON's form of it also is."""
    return json.dumps(value, ensure_ascii=False)

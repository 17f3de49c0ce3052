"""N beside twenty times as much C, layers from spectra, ratios of elements, real rows, and speed.

    python benchmarks/eds_spectra.py [runs] [folder with the real EDAX files]

Lines are Gaussians over a falling continuum, made here; nothing of the analysis is used to simulate.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import ndtr

from interlayer.core.results import rows_of
from interlayer.eds import analyze, read
from interlayer.eds.lines import best_family
from interlayer.eds.local import local_fit
from interlayer.eds.readers.dataset import cube, element_map, spectrum
from interlayer.eds.readers.edax import load_spd

Floats = NDArray[np.float64]


def gaussians(energy: Floats, lines: dict[float, float], resolution: float) -> Floats:
    result = np.zeros(energy.size)
    for line, counts in lines.items():
        sigma = np.sqrt(resolution**2 - 2.5 * (5895 - line)) / 2.3548
        step = energy[1] - energy[0]
        result += counts * step / (sigma * np.sqrt(2 * np.pi)) * np.exp(-0.5 * ((energy - line) / sigma) ** 2)
    return result


def separated(
    ratio: float, amount: float, stated_ev: float, runs: int, rng: np.random.Generator
) -> tuple[list[float], list[float], list[float]]:
    """Return N over the truth, its stated deviation, and what a window of ± 1 FWHM counts as N."""
    family, energy = best_family("N", 4000.0), np.arange(400) * 10.0
    assert family is not None
    truth = gaussians(energy, {277.0: ratio * amount, 392.4: amount, 524.9: 5 * amount}, 135.0)
    truth += 0.02 * amount * np.exp(-energy / 900)
    found, stated, bare = [], [], []
    for _ in range(runs):
        counts = rng.poisson(truth).astype(float)
        local = local_fit(counts, energy, family, ["C", "N", "O"], float(stated_ev))
        found.append(float(local.amplitudes[0] / amount))
        stated.append(float(np.sqrt(local.covariance[0, 0]) / amount))
        bare.append(float(counts[np.abs(energy - 392.4) <= 66.9].sum() / amount))
    return found, stated, bare


def separation(runs: int) -> None:
    rng = np.random.default_rng(1)
    print("N beside C at a true resolution of 135 eV")
    print(
        "| C : N : O, N counts, stated resolution | bias/% | sd/% | mean stated sd/% | bare ±1 FWHM bias/% |"
    )
    print("| --- | --- | --- | --- | --- |")
    for ratio, amount, stated_ev in (
        (20, 3000, 135),
        (20, 30000, 135),
        (20, 300, 135),
        (5, 3000, 135),
        (20, 3000, 130),
    ):
        found, stated, bare = separated(ratio, amount, stated_ev, runs, rng)
        cells = (np.mean(found) - 1, np.std(found), np.mean(stated), np.mean(bare) - 1)
        name = f"{ratio} : 1 : 5, {amount}, {stated_ev} eV"
        print(f"| {name} | " + " | ".join(f"{100 * c:+.2f}" for c in cells) + " |", flush=True)


def layers(runs: int) -> None:
    """A 900 nm N layer between Li and a polymer of 20 times as much C as N, from spectra: 60 × 64 pixels."""
    print("\n900 nm N layers from spectra of 60 × 64 pixels of 40 nm beside a polymer, σ 80 nm")
    print("| N, C in the polymer per pixel | bias/nm | sd/nm | stated sd/nm | covered | statuses |")
    print("| --- | --- | --- | --- | --- | --- |")
    energy = np.arange(200) * 10.0
    y = (np.arange(60 * 4) + 0.5) * 10.0
    lines = np.stack([gaussians(energy, {at: 1.0}, 135.0) for at in (277.0, 392.4, 524.9)])
    for n, polymer_n in ((2.0, 0.4), (2.0, 0.0), (0.6, 0.12)):
        up, down = ndtr((y - 750) / 80), ndtr((y - 1650) / 80)
        amounts = np.stack([0.1 + 20 * 0.4 * down, n * up + (polymer_n - n) * down, 0.3 + 1.7 * down], axis=1)
        mean = amounts.reshape(60, 4, 3).mean(axis=1) @ lines + 0.02 * np.exp(-energy / 900)
        rng = np.random.default_rng(3)
        values, stated, inside, statuses = [], [], [], []
        for _ in range(runs):
            raw = cube(rng.poisson(mean[:, None, :], (60, 64, 200)).astype(np.uint8), (40.0, 40.0), 10.0)
            row = next(r for r in rows_of(analyze(raw, element="N")) if r.quantity == "layer_thickness")
            statuses.append(row.status)
            if row.status == "measured":
                values.append(row.value)
                stated.append(row.stddev)
                inside.append(row.low <= 900 <= row.high)
        tally = ", ".join(f"{statuses.count(each)} {each}" for each in dict.fromkeys(statuses))
        cells = f"{np.mean(values) - 900:+.1f} | {np.std(values):.1f} | {np.median(stated):.1f}"
        name = f"{n:g} in the layer, {polymer_n:g} beside; 8"
        print(f"| {name} | {cells} | {np.mean(inside):.1%} | {tally} |", flush=True)


def ratios(runs: int) -> None:
    """N/O of a known ratio with a factor from a standard: bias and coverage."""
    energy, truth = np.arange(400) * 10.0, 0.5 * 1.9 * 15.999 / 14.007
    print("\nN/O with the factor 1.9, C : N : O = 4 : 1 : 2")
    print("| N counts | uncertainty of the factor | bias/% | sd/% | covered |")
    print("| --- | --- | --- | --- | --- |")
    for amount, relative in ((300, 0.0), (3000, 0.0), (30000, 0.0), (3000, 0.1)):
        mean = gaussians(energy, {277.0: 4 * amount, 392.4: amount, 524.9: 2 * amount}, 130.0)
        mean += 0.02 * amount * np.exp(-energy / 900)
        rng = np.random.default_rng(4)
        values, inside = [], []
        for _ in range(runs):
            factor = 1.9 * np.exp(relative * rng.standard_normal())
            given = f"N/O={factor:.6f} ± {max(relative, 1e-6) * factor:.8f}"
            raw = spectrum(rng.poisson(mean), 10.0, 0.0, {"beam_voltage": 5.0})
            row = next(r for r in rows_of(analyze(raw, k_factor=given)) if r.subject == "N/O")
            values.append(row.value / truth)
            inside.append(row.low <= truth <= row.high)
        cells = f"{100 * (np.mean(values) - 1):+.2f} | {100 * np.std(values):.2f} | {np.mean(inside):.1%}"
        print(f"| {amount} | {relative:.0%} | {cells} |", flush=True)


def edax_rows(folder: Path) -> tuple[xr.DataTree, dict[str, float], float]:
    """Return the analysis of the real EDAX rows, how far its lines are off (eV; NaN: not found), CPU s."""
    known = {"O K": 520, "Fe L": 700, "Mg K": 1250, "Al K": 1490, "Sr L": 1810, "La L": 4660, "Ce L": 4850}
    known |= {"Cr K": 5410, "Gd L": 6040, "Fe K": 6410, "Cu K": 8050}
    begin = time.process_time()
    result = analyze(read(folder / "spd_map_rows100-105.spd"))
    busy = time.process_time() - begin
    lines = result["lines"].to_dataset()
    seen = dict(zip(lines["line"].values, lines["position"].values, strict=True))
    return result, {name: float(seen.get(name, np.nan)) - at for name, at in known.items()}, busy


def real_rows(folder: Path) -> None:
    """Print lines of the real EDAX rows and the verdict on N."""
    result, off, busy = edax_rows(folder)
    print(f"\nreal EDAX rows: {result.attrs['steps']}")
    print(", ".join(f"{name} {value:+.0f} eV" for name, value in off.items()))
    for row in rows_of(result):
        if row.subject == "N":
            print(f"N {row.quantity}: {row.status}; {row.note[:120]}")
    print(f"{busy:.1f} s busy")


def map_speed() -> None:
    """CPU time of an element map of 200 × 256 pixels."""
    rng = np.random.default_rng(5)
    y = (np.arange(200) + 0.5) * 20.0
    mean = 0.3 + 2.7 * ndtr((y - 1550) / 150) - 2.4 * ndtr((y - 2450) / 150)
    raws = [element_map(rng.poisson(mean[:, None], (200, 256)), "N", (20.0, 20.0)) for _ in range(20)]
    times = []
    for raw in raws:
        begin = time.process_time()
        analyze(raw)
        times.append(time.process_time() - begin)
    print(f"\nelement map of 200 × 256: {np.median(times):.3f} s busy (largest of 20: {max(times[1:]):.3f})")


def write_map(path: Path, height: int, width: int, channels: int) -> Path:
    """Write an EDAX map of one byte a channel: a 900 nm N layer beside a polymer."""
    rng = np.random.default_rng(2)
    y = (np.arange(height) + 0.5) * 20.0
    inside = np.clip((450 - np.abs(y - 10 * height)) / 300 + 0.5, 0, 1)
    energy = np.arange(channels) * 10.0
    spectra = np.stack(
        [
            gaussians(energy, {277.0: c, 392.4: n, 524.9: 0.5}, 130.0)
            for n, c in zip(2 * inside + 0.2, np.where(y > 10 * height, 4.0, 0.2), strict=True)
        ]
    )
    spectra += 0.002
    with path.open("wb") as stream:
        stream.write(head(height, width, channels))
        for line in spectra:
            stream.write(rng.poisson(line, (width, channels)).astype(np.uint8).tobytes())
    return path


def head(height: int, width: int, channels: int) -> bytes:
    made = bytearray(1068)
    made[:15] = b"MAPSPECTRA_DATA"
    for at, value in ((24, width), (28, height), (32, channels), (36, 1), (40, 1068)):
        made[at : at + 4] = value.to_bytes(4, "little")
    return bytes(made)


def sparse_map(path: Path) -> Path:
    """Write a map of 13.7 GB that holds nothing but its head; takes no room on the disk."""
    height, width, channels = 2048, 1638, 4096
    with path.open("wb") as stream:
        stream.write(head(height, width, channels))
        stream.truncate(1068 + height * width * channels)
    return path


def speed() -> None:
    height, width, channels = 400, 512, 2048
    with tempfile.TemporaryDirectory() as folder:
        path = write_map(Path(folder) / "map.spd", height, width, channels)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        begin, busy = time.perf_counter(), time.process_time()
        raw = load_spd(path)
        result = analyze(raw, element="N", pixel_size="20 nm", energy_step="10 eV", beam_voltage=3.0)
        wall, busy = time.perf_counter() - begin, time.process_time() - busy
    summary = result["summary"].to_dataset()
    place = int(np.flatnonzero(summary["quantity"].values == "layer_thickness")[0])
    low, value, high = (float(summary[name][place]) for name in ("low", "value", "high"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\n{width} × {height} × {channels} map of 1 byte: {wall:.1f} s wall, {busy:.1f} s busy")
    print(f"peak {peak:.0f} MB (before {before:.0f} MB; the mapped file counts 420 MB)")
    print(f"{value:.1f} nm ({low:.1f} to {high:.1f}), true 900")


if __name__ == "__main__":
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    separation(many)
    layers(many)
    ratios(many)
    if len(sys.argv) > 2:
        real_rows(Path(sys.argv[2]))
    map_speed()
    speed()

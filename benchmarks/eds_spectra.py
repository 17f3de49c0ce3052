"""N beside twenty times as much C, and the speed of a whole spectrum map.

python benchmarks/eds_spectra.py [runs]
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from interlayer.eds import analyze
from interlayer.eds.lines import best_family
from interlayer.eds.local import local_fit
from interlayer.eds.readers.edax import load_spd

Floats = NDArray[np.float64]


def gaussians(energy: Floats, lines: dict[float, float], resolution: float) -> Floats:
    result = np.zeros(energy.size)
    for line, counts in lines.items():
        sigma = np.sqrt(resolution**2 - 2.5 * (5895 - line)) / 2.3548
        step = energy[1] - energy[0]
        result += counts * step / (sigma * np.sqrt(2 * np.pi)) * np.exp(-0.5 * ((energy - line) / sigma) ** 2)
    return result


def separation(runs: int) -> None:
    rng = np.random.default_rng(1)
    family = best_family("N", 4000.0)
    assert family is not None
    energy = np.arange(400) * 10.0
    print("| C : N : O, N counts | bias/% | sd/% | mean stated sd/% | bare ±1 FWHM window bias/% |")
    print("| --- | --- | --- | --- | --- |")
    for ratio, amount in ((20, 3000), (20, 30000), (20, 300), (5, 3000)):
        truth = gaussians(energy, {277.0: ratio * amount, 392.4: amount, 524.9: 5 * amount}, 135.0)
        truth += 0.02 * amount * np.exp(-energy / 900)
        found, stated, bare = [], [], []
        for _ in range(runs):
            counts = rng.poisson(truth).astype(float)
            local = local_fit(counts, energy, family, ["C", "N", "O"], 135.0)
            found.append(local.amplitudes[0] / amount)
            stated.append(np.sqrt(local.covariance[0, 0]) / amount)
            bare.append(counts[np.abs(energy - 392.4) <= 66.9].sum() / amount)
        cells = (np.mean(found) - 1, np.std(found), np.mean(stated), np.mean(bare) - 1)
        print(
            f"| {ratio} : 1 : 5, {amount} | " + " | ".join(f"{100 * c:+.2f}" for c in cells) + " |",
            flush=True,
        )


def speed() -> None:
    rng = np.random.default_rng(2)
    height, width, channels = 400, 512, 2048
    y = (np.arange(height) + 0.5) * 20.0
    inside = np.clip((450 - np.abs(y - 4000)) / 300 + 0.5, 0, 1)
    energy = np.arange(channels) * 10.0
    spectra = np.stack(
        [
            gaussians(energy, {277.0: c, 392.4: n, 524.9: 0.5}, 130.0)
            for n, c in zip(2 * inside + 0.2, np.where(y > 4000, 4.0, 0.2), strict=True)
        ]
    )
    spectra += 0.002
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "map.spd"
        head = bytearray(1068)
        head[:15] = b"MAPSPECTRA_DATA"
        for at, value in ((24, width), (28, height), (32, channels), (36, 1), (40, 1068)):
            head[at : at + 4] = value.to_bytes(4, "little")
        with path.open("wb") as stream:
            stream.write(head)
            for line in spectra:
                stream.write(rng.poisson(line, (width, channels)).astype(np.uint8).tobytes())
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
    separation(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
    speed()

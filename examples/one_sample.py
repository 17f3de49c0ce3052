"""A whole sample: five techniques, one record, one Dataset.

python examples/one_sample.py [FOLDER]      without an argument the simulated sample of the example study
"""

import sys
import tempfile
from pathlib import Path

import interlayer as il
from interlayer.example.generator import generate


def simulated() -> Path:
    """Return the folder of one sample's raw files: xrd, xps, sem, eds, electrochem below it."""
    return generate(Path(tempfile.mkdtemp())).parent / "raw" / "activated"


def main(folder: Path) -> il.Sample:
    """Analyse one sample with five techniques, link the results and store them."""
    sample = il.Sample(
        "activated",
        label="PEO-CAS activated",
        state="after 24 h at 70 °C",
        history=("assembled", "24 h at 70 °C: AIBN decomposes"),
    )
    sample.add(il.xrd.analyze(il.xrd.read(folder / "xrd" / "activated_CR2025.raw"), anode="Cu"))
    sample.add(il.xps.analyze(il.xps.read(folder / "xps" / "activated.vms"), template="study-activated"))
    sample.add(il.sem.analyze(il.sem.read(folder / "sem" / "activated_1.tif")))
    sample.add(il.eds.analyze(il.eds.read(folder / "eds" / "map.spd"), element=["N"]))
    test = il.electrochem.read(folder / "electrochem" / "ccd.csv")
    sample.add(il.electrochem.analyze(test, kind="ccd", area="1.131 cm2"))

    print(sample)  # who it is, its main numbers, what else it holds; a notebook shows the same as a page

    sample.save(Path("activated.nc"))
    stored = il.open("activated.nc")
    curves = stored.dataset  # summary and curves; dimensions carry the technique's name and never mix
    print(f"\n{len(stored.rows)} numbers; the curves run along {', '.join(map(str, curves.sizes))}")

    # two techniques on one axis: how large the particles are against how thick the layer is
    numbers = {(row.quantity, row.subject): row for row in stored.rows}
    size, layer = numbers["diameter_mean", "particles"], numbers["layer_thickness", "N"]
    print(f"Particles of {size.value:.0f} nm in a layer of {layer.value:.0f} nm")
    return stored


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else simulated())

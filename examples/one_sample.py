"""One sample in a script: two techniques, one record. Run it anywhere: it simulates its own raw files.

python examples/one_sample.py
"""

import tempfile
from pathlib import Path

import interlayer as il
from interlayer.example.generator import generate


def main(folder: Path) -> il.Sample:
    """Analyse a pattern and a map of the example study and link them in one record."""
    generate(folder, techniques=("xrd", "eds"))
    raw = folder / "raw" / "activated"
    sample = il.Sample("activated", label="PEO-CAS activated", state="after 24 h at 70 °C")
    sample.add(il.xrd.analyze(il.xrd.read(raw / "xrd" / "activated_CR2025.raw"), anode="Cu"))
    sample.add(il.eds.analyze(il.eds.read(raw / "eds" / "map.spd"), element=["N"]))
    for row in sample.rows:
        if row.status == "measured":
            print(
                f"{row.quantity} {row.subject}: {row.value:.5g} ({row.low:.5g} to {row.high:.5g}) {row.unit}"
            )
    sample.save(folder / "activated.nc")
    return il.open(folder / "activated.nc")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        print(main(Path(temporary)).dataset)

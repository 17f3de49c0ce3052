"""EDS: how thick is the layer that holds an element, perpendicular to itself?

python examples/eds_layer.py [MAP [ELEMENT]]      without arguments a simulated EDAX map of nitrogen
"""

import sys
import tempfile
from pathlib import Path

import interlayer as il
from interlayer.example.generator import generate


def simulated() -> Path:
    """Return a simulated EDAX spectrum map of a 900 nm layer, tilted by 3° against the map."""
    folder = generate(Path(tempfile.mkdtemp()), techniques=("eds",)).parent
    return folder / "raw" / "activated" / "eds" / "map.spd"


def main(file: Path, element: str = "N") -> None:
    """Measure the layer, say what of it is the microscope's blur, and draw map and profile."""
    raw = il.eds.read(file)  # counts (y, x, energy); the energy axis is checked against known lines
    result = il.eds.analyze(raw, element=[element])

    sample = il.Sample(file.stem)
    sample.add(result)
    print(sample.table())
    for warning in sample.warnings:  # such as a header that states another channel width than the lines do
        print(f"To doubt: {warning}")

    profile = result[f"{element}/profile"].to_dataset(inherit=False)  # counts across the layer, and the model
    print(f"\nThe profile of {element} has {profile.sizes}")
    il.eds.plot(result).savefig("eds_layer.png", dpi=200)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(Path(arguments[0]) if arguments else simulated(), *arguments[1:])

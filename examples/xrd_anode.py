"""XRD: which phases are in a lithium anode, how large are their cells, what cannot be known?

python examples/xrd_anode.py [PATTERN]      a pattern of your own, or a simulated one without an argument
"""

import sys
import tempfile
from pathlib import Path

import interlayer as il
from interlayer.example.generator import generate


def simulated() -> Path:
    """Return a simulated Bruker file: Li3N on lithium, in a coin cell of steel with a polymer window."""
    folder = generate(Path(tempfile.mkdtemp()), techniques=("xrd",)).parent
    return folder / "raw" / "activated" / "xrd" / "activated_CR2025.raw"


def main(pattern: Path) -> None:
    """Index a pattern blind, print every number and draw the fit."""
    raw = il.xrd.read(pattern)  # counts over 2θ, with anode, radius and slits where the file states them
    result = il.xrd.analyze(raw, anode="Cu", phase=["Li3N", "LiF"])  # report on these two even if absent

    sample = il.Sample(pattern.stem)
    sample.add(result)
    print(sample.table())  # value, 95 % interval, unit, status; below them why something is not stated
    for warning in sample.warnings:  # two lines of Li that fit no single cubic cell are no detail
        print(f"To doubt: {warning}")

    # every family of reflections, also those too weak for a row of their own
    peaks = result["peaks"].to_dataset(inherit=False).to_dataframe()
    print(f"\n{len(peaks)} families of reflections were fitted")
    il.xrd.plot(result).savefig("xrd_anode.png", dpi=200)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else simulated())

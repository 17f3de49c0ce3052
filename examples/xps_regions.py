"""XPS: which compounds are on the surface, and how much of each? All regions are fitted together.

python examples/xps_regions.py [FILE [TEMPLATE]]      without arguments a simulated VAMAS file
"""

import sys
import tempfile
from pathlib import Path

import interlayer as il
from interlayer.example.generator import generate


def simulated() -> Path:
    """Return a simulated VAMAS file of five regions: Li3N and nitriles on lithium, charged by 2.3 eV."""
    folder = generate(Path(tempfile.mkdtemp()), techniques=("xps",)).parent
    return folder / "raw" / "activated" / "xps" / "activated.vms"


def main(file: Path, template: str = "study-activated") -> None:
    """Fit a measurement with a template of lines and phases, print composition and doubts."""
    raw = il.xps.read(file)  # one variable per region, energies as measured
    result = il.xps.analyze(raw, template=template, charge_reference="C 1s=284.8 eV")

    sample = il.Sample(file.stem)
    sample.add(result)
    print(sample.table())
    for warning in sample.warnings:  # a binding energy that no reference knows is pointed out here
        print(f"To doubt: {warning}")

    # the composition alone, largest first: elements are subjects without a "/"
    summary = result["summary"].to_dataset().to_dataframe()
    fractions = summary[(summary.quantity == "atomic_fraction") & ~summary.subject.str.contains("/")]
    print("\nComposition (at.%):")
    for row in fractions.sort_values("value", ascending=False).itertuples():
        print(f"  {row.subject:<3} {row.value:6.2f}  [{row.low:.2f}, {row.high:.2f}]  {row.status}")
    il.xps.plot(result).savefig("xps_regions.png", dpi=200)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(Path(arguments[0]) if arguments else simulated(), *arguments[1:])

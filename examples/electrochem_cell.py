"""Electrochemistry: from voltammogram to rate capability, one cell chemistry, one table.

python examples/electrochem_cell.py [FOLDER]      without an argument simulated BioLogic and LAND files;
a folder of your own needs files of the names used below
"""

import sys
import tempfile
from pathlib import Path

import interlayer as il
from interlayer.example.generator import generate


def simulated() -> Path:
    """Return a folder of simulated files: .mpr of a potentiostat, .csv and .xlsx of a cycler."""
    folder = generate(Path(tempfile.mkdtemp()), techniques=("electrochem",)).parent
    return folder / "raw" / "activated" / "electrochem"


def main(folder: Path) -> None:
    """Analyse six kinds of measurement and print what each says of the cell."""
    cell = il.Sample("Li | PEO-CAS | Li")
    area = "1.131 cm2"  # a disc of 12 mm; quantities are texts with a unit

    voltammogram = il.electrochem.read(folder / "cv_0p1mVs.mpr")
    cell.add(il.electrochem.analyze(voltammogram, kind="cv", area=area))

    # a series of spectra: the table `sweeps` has all, the rows are those of the first and the last
    spectra = il.electrochem.read(folder / "eis_cycling.mpr")
    impedance = il.electrochem.analyze(spectra, kind="eis", circuit="R0-p(R1,CPE1)-p(R2,CPE2)-W", area=area)
    cell.add(impedance)

    # Bruce-Vincent: the polarisation and the spectra before and after it are one measurement
    names = ("polarisation_10mV.mpr", "eis_before.mpr", "eis_after.mpr")
    parts = [il.electrochem.read(folder / name) for name in names]
    cell.add(
        il.electrochem.analyze(
            parts, kind="transference", applied_voltage="10 mV", circuit="R0-p(R1,CPE1)-W", area=area
        )
    )

    for kind, name in (("ccd", "ccd.csv"), ("plating", "plating_0p2.csv")):
        cell.add(il.electrochem.analyze(il.electrochem.read(folder / name), kind=kind, area=area))

    rates = il.electrochem.read(folder / "lfp_rate.xlsx")
    capacity = il.electrochem.analyze(rates, kind="cycling", mass="1.131 mg", nominal_capacity="170 mAh/g")
    cell.add(capacity)

    print(cell.table())
    for warning in cell.warnings:
        print(f"To doubt: {warning}")
    il.electrochem.plot(impedance).savefig("electrochem_impedance.png", dpi=200)
    il.electrochem.plot(capacity).savefig("electrochem_rates.png", dpi=200)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else simulated())

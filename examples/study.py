"""A study: two cells, a study file with claims, one run, one report; then the numbers in a script.

python examples/study.py [FOLDER]      FOLDER holds study.toml; without an argument a simulated study
"""

import sys
import tempfile
from pathlib import Path

import interlayer as il
from interlayer import catalogue
from interlayer.example.generator import generate

HEAD = '[study]\ntitle = "Does the interlayer help?"\n'

#: what is measured of each cell; patterns find the files, `area` reaches every measurement that needs it
SAMPLE = """
[[sample]]
id = "{id}"
label = "{label}"
area = "1.131 cm2"

[[sample.measurement]]
technique = "electrochem"
kind = "ccd"
files = ["raw/{id}/electrochem/ccd.csv"]

[[sample.measurement]]
technique = "electrochem"
kind = "transference"
files = ["raw/{id}/electrochem/polarisation_10mV.mpr", "raw/{id}/electrochem/eis_before.mpr",
         "raw/{id}/electrochem/eis_after.mpr"]
settings = {{ applied_voltage = "10 mV", circuit = "R0-p(R1,CPE1)-W" }}
"""

#: what has been published or is believed; the run says whether the data agree
CLAIMS = """
[[claim]]
sample = "activated"
technique = "electrochem"
quantity = "critical_current_density"
value = 0.9
unit = "mA/cm^2"
source = "the paper's text"

[[claim]]
sample = "peo"
technique = "electrochem"
quantity = "transference_number"
low = 0.4
unit = "1"
source = "invented for this example: the data disagree"
"""


def write_study(folder: Path) -> Path:
    """Write the study file of two cells into the folder that holds ``raw/``."""
    cells = (("activated", "PEO-CAS activated"), ("peo", "PEO"))
    text = HEAD + "".join(SAMPLE.format(id=name, label=label) for name, label in cells) + CLAIMS
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder


def simulated() -> Path:
    """Return a folder with the simulated raw files of two cells and a study file."""
    return write_study(generate(Path(tempfile.mkdtemp()), techniques=("electrochem",)).parent)


def main(folder: Path) -> None:
    """Run a study, print what failed, the verdicts on the claims, and the samples side by side."""
    run = il.run(folder)  # what has not changed since the last run is not analysed again
    for failure in run.failures:
        print(f"failed: {failure.title}: {failure.error}")

    for verdict in run.verdicts:
        claim = verdict.claim
        print(f"{claim.sample}, {claim.quantity}: {verdict.verdict} {verdict.reason}")

    # the catalogue holds the summary of every sample: one table for the whole study
    numbers = catalogue.read(run.out).to_dataframe()
    for (quantity, subject), rows in numbers.groupby(["quantity", "subject"]):
        print(f"\n{quantity} {subject}")
        for row in rows.itertuples():
            print(
                f"  {row.sample:<10} {row.value:.4g} [{row.low:.4g}, {row.high:.4g}] {row.unit} {row.status}"
            )
    print(f"\nThe report: {run.report}")


if __name__ == "__main__":  # analyses run in processes of their own, which import this file
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else simulated())

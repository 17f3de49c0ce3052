"""A folder of images: tables, overlays and a contact sheet for each sample, taken up after an interruption.

python examples/sem_folder.py [FOLDER]      without an argument six simulated micrographs of three samples

The same on the command line: interlayer sem FOLDER -o sizes
"""

import csv
import sys
import tempfile
from pathlib import Path

from interlayer.cli import main as interlayer
from interlayer.example.generator import generate


def simulated() -> Path:
    """Return a folder with a folder of images for each sample."""
    return generate(Path(tempfile.mkdtemp()), techniques=("sem",)).parent / "raw"


def main(folder: Path) -> None:
    """Run the folder and print the median diameter of each sample, with the reason where there is none."""
    # run it twice: the second time nothing is analysed again, because no image has changed
    status = interlayer(["sem", str(folder), "-o", "sizes", "--jobs", "1"])
    if status != 0:
        print(f"Some images failed (exit code {status}); sizes/images.csv says which and why")

    with Path("sizes/summary.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["quantity"] == "diameter_d50":
                stated = f"{row['status']}: {row['note']}"
                if row["status"] == "measured":
                    value, low, high = (float(row[name]) for name in ("value", "low", "high"))
                    stated = f"{value:.1f} [{low:.1f}, {high:.1f}] {row['unit']}"
                print(f"{row['sample']}: median diameter {stated}")
    print("Look at sizes/contact-sheet.png first: outlines that are wrong are seen at a glance")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else simulated())

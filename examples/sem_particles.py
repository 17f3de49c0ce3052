"""SEM: how large are the particles? Several images of one sample give one distribution.

python examples/sem_particles.py [IMAGE ...]      without an argument three simulated micrographs
"""

import sys
import tempfile
from pathlib import Path

import interlayer as il
from interlayer.example.generator import generate


def simulated() -> list[Path]:
    """Return three simulated micrographs of Li3N particles, with the microscope's scale in the files."""
    folder = generate(Path(tempfile.mkdtemp()), techniques=("sem",)).parent
    return sorted((folder / "raw" / "activated" / "sem").glob("*.tif"))


def main(images: list[Path]) -> None:
    """Outline the particles of all images, print the distribution and write the table of particles."""
    raws = [il.sem.read(image) for image in images]  # data bar and scale are found in the files
    result = il.sem.analyze(raws)  # the scatter between images is in the intervals; nothing to tune

    sample = il.Sample("particles")
    sample.add(result)
    print(sample.table())
    for warning in sample.warnings:
        print(f"To doubt: {warning}")

    # one row per particle: where, how large, how much of it is seen, how sure its outline is
    particles = result["particles"].to_dataset(inherit=False).to_dataframe()
    whole = particles[~particles.touches_edge.astype(bool)]
    print(f"\n{len(whole)} whole particles, {len(particles) - len(whole)} cut by the frame")
    particles.to_csv("sem_particles.csv", index=False)
    il.sem.plot(result).savefig("sem_particles.png", dpi=200)


if __name__ == "__main__":
    main([Path(each) for each in sys.argv[1:]] or simulated())

"""The settings of the SEM analysis: keyword, key of study.toml and option of the command line."""

from interlayer.core.settings import Setting

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "pixel_size",
        'Size of a pixel, "5 nm" or "5 nm x 7 nm" (width x height); default: as the file says',
    ),
    Setting(
        "polarity",
        "Particles brighter or darker than what is around them; default: found from the image",
        "choice",
        choices=("auto", "bright", "dark"),
    ),
    Setting(
        "min_diameter", "Smallest diameter to look for; default: set by the image", "quantity", unit="nm"
    ),
    Setting(
        "max_diameter", "Largest diameter to look for; default: a third of the image", "quantity", unit="nm"
    ),
    Setting(
        "tilt",
        "Tilt of the surface; default: the stage's, corrected only where the microscope has not done it",
        "quantity",
        unit="degree",
    ),
    Setting(
        "scale_uncertainty",
        "Relative standard deviation of the pixel size in percent; default: 1 %",
        "quantity",
        unit="%",
    ),
)

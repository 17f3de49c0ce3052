"""Settings of the XRD analysis: keywords of ``analyze``, keys of study.toml, options of the command line."""

from interlayer.core.settings import Setting

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "phase",
        "phase to report on even if absent, beside the bundled ones: a name (Li3N) or a CIF or TOML file",
        type="texts",
        file=True,
    ),
    Setting(
        "radius",
        "goniometer radius, for the displacement; default: the file's; without it only s/R is known",
        type="quantity",
        unit="mm",
    ),
    Setting(
        "anode",
        "X-ray tube; default: the file's, else Cu (said so)",
        type="choice",
        choices=("Cu", "Co", "Mo", "Cr", "Fe", "Ag"),
    ),
    Setting(
        "wavelength",
        "one wavelength instead of the tube's Kα1 and Kα2 (synchrotron, Kα1 monochromator)",
        type="quantity",
        unit="angstrom",
    ),
    Setting(
        "instrument_width",
        "FWHM of the instrument's (Gaussian) profile; default: estimated with the pattern",
        type="quantity",
        unit="degree",
    ),
    Setting(
        "standard",
        "phase whose published cell is held, as an internal standard for the displacement; default: none",
    ),
    Setting(
        "instrument",
        "instrument.toml of a calibration; default: the instrument's profile is estimated with the pattern",
        file=True,
    ),
    Setting(
        "calibrate",
        "the pattern is of a standard (LaB6, Si …): find the instrument's profile and write instrument.toml",
        type="flag",
    ),
    Setting(
        "series",
        "several patterns are one series over this: time, temperature, depth or any name; its values come "
        "from the files, else from the numbers in their names, else 1, 2, 3 …",
    ),
    Setting("two_theta_min", "lowest 2θ that is used; default: the file's", type="quantity", unit="degree"),
    Setting("two_theta_max", "highest 2θ that is used; default: the file's", type="quantity", unit="degree"),
    Setting(
        "scherrer_constant",
        "Scherrer constant K for the FWHM of the size part; default: 0.9 (0.89 to 0.94 by shape)",
        type="number",
    ),
    Setting(
        "quantify",
        "weight fractions of a powder's crystalline phases: structure (all families) or rir (one line each)",
        type="choice",
        choices=("structure", "rir"),
    ),
)

"""Settings of electrochemistry; imports nothing heavy."""

from interlayer.core.settings import Setting

KINDS = ("cv", "ccd", "transference", "gitt", "eis", "plating", "cycling")

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "area",
        "electrode area; without it, or where the file holds EC-Lab's 0.001 cm^2, no mA/cm^2",
        "quantity",
        "cm^2",
    ),
    Setting("area_stddev", "standard deviation of the area, a systematic term", "quantity", "cm^2"),
    Setting("mass", "active mass; without it no mAh/g", "quantity", "mg"),
    Setting("mass_stddev", "standard deviation of the active mass, a systematic term", "quantity", "mg"),
    Setting(
        "nominal_capacity",
        "specific capacity that defines 1C; without it rates are not named",
        "quantity",
        "mAh/g",
        kinds=("cycling",),
    ),
    Setting(
        "reference_cycle",
        "cycle that retention refers to; default: the first cycle at the rate of the last",
        "number",
        kinds=("cycling",),
    ),
    Setting(
        "cell",
        "full: efficiency = discharge/charge; half: a cycle "
        "begins with discharge, efficiency = charge/discharge",
        "choice",
        choices=("full", "half"),
        kinds=("cycling",),
    ),
    Setting(
        "applied_voltage",
        "polarisation of the Bruce-Vincent experiment; default: measured from the data",
        "quantity",
        "V",
        kinds=("transference",),
    ),
    Setting(
        "circuit",
        "equivalent circuit, such as R0-p(R1,CPE1)-W; without it the best of the candidates is chosen",
        kinds=("eis", "transference"),
    ),
    Setting(
        "weighting",
        "noise of Z in the fit: auto (chosen by likelihood), modulus (as |Z|), unit (equal for all points)",
        "choice",
        choices=("auto", "modulus", "unit"),
        kinds=("eis",),
    ),
    Setting(
        "start",
        "start values of the circuit, such as R0=10, R1=50, C1=1e-5; the fit stays in their valley",
        kinds=("eis",),
    ),
    Setting(
        "symmetric",
        "the cell has two equal electrodes: area-specific resistances are per electrode, R A / 2",
        "flag",
        kinds=("eis",),
    ),
    Setting("active_mass", "active mass in the GITT electrode", "quantity", "mg", kinds=("gitt",)),
    Setting("molar_mass", "molar mass of the active material", "quantity", "g/mol", kinds=("gitt",)),
    Setting("molar_volume", "molar volume of the active material", "quantity", "cm^3/mol", kinds=("gitt",)),
    Setting("contact_area", "area between electrode and electrolyte", "quantity", "cm^2", kinds=("gitt",)),
    Setting(
        "radius", "radius of spherical particles; replaces mass and area", "quantity", "cm", kinds=("gitt",)
    ),
    Setting(
        "voltage_limit",
        "cell voltage that ends the life of a symmetric cell; default 2 V",
        "quantity",
        "V",
        kinds=("plating", "ccd"),
    ),
    Setting(
        "series",
        "the files belong together: spectra one after the other, or parts of one test",
        "flag",
        kinds=("eis", "cv", "ccd", "gitt", "plating", "cycling"),
    ),
    Setting(
        "columns",
        "columns of a delimited file, as field=name, such as voltage=U_cell (V)",
        "texts",
        stage="read",
    ),
)


def for_kind(kind: str) -> tuple[Setting, ...]:
    """Return the settings that one kind of measurement has."""
    return tuple(each for each in SETTINGS if not each.kinds or kind in each.kinds)

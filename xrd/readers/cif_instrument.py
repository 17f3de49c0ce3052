"""What a powder CIF states of the instrument, under the names that every reader uses.

Items: the pdCIF dictionary (Toby, Von Dreele & Larson, J. Appl. Cryst. 36 (2003) 1290).
"""

import re
from collections.abc import Mapping

from interlayer.xrd.readers.common import number
from interlayer.xrd.readers.metadata import anode, celsius, radians, slit, soller

_DIVERGENCE = ("src/spec", "mono/spec", "src/mono")
_SOLLER = ("src/mono", "mono/spec", "src/spec", "spec/anal", "anal/detc", "spec/detc")
_RADII = ("_pd_instr_dist_spec/detc", "_pd_instr_dist_src/spec")


def instrument(values: Mapping[str, str]) -> dict[str, object]:
    """Return the instrument's attrs from the single values of a pdCIF.

    The axial divergence (``_pd_instr_divg_ax_…``) stands for the Soller slits where these are not given.
    """
    eq = [_plain(values.get(f"_pd_instr_divg_eq_{where}")) for where in _DIVERGENCE]
    axial = [
        radians(_plain(values.get(f"_pd_instr_{kind}_ax_{where}")))
        for kind in ("soller", "divg")
        for where in _SOLLER
    ]
    half = len(_SOLLER)
    crystals = [values.get(f"_pd_instr_monochr_{side}_spec", "") for side in ("pre", "post")]
    crystals.append(values.get("_diffrn_radiation_monochromator", ""))
    kelvin = _plain(values.get("_diffrn_ambient_temperature"))
    return {
        "anode": anode(values.get("_diffrn_radiation_type")) or anode(values.get("_diffrn_source_target")),
        "wavelength": _plain(values.get("_diffrn_radiation_wavelength")),
        "wavelength_alpha2": _plain(values.get("_diffrn_radiation_wavelength/2")),
        "goniometer_radius": next((_plain(values[name]) for name in _RADII if name in values), None),
        **slit("", fixed=next((each for each in eq if each), None)),
        "soller_slit": soller(axial[:half]) or soller(axial[half:]),
        "source_length": _plain(values.get("_pd_instr_source_size_ax")),
        "source_width": _plain(values.get("_pd_instr_source_size_eq")),
        "sample_length": _plain(values.get("_pd_instr_beam_size_ax")),
        "receiving_slit": _plain(values.get("_pd_instr_slit_eq_spec/anal"))
        or _plain(values.get("_pd_instr_slit_eq_anal/detc")),
        "monochromator": next((each for each in crystals if each not in ("", ".", "?")), None),
        "counting_time": _plain(values.get("_pd_meas_step_count_time")),
        "temperature": celsius(kelvin, "K") if kelvin else None,
    }


def _plain(text: str | None) -> float | None:
    """Return a number without its standard uncertainty in parentheses."""
    return number(re.sub(r"\(\d+\)$", "", text)) if text else None

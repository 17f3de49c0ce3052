"""The settings of XPS."""

from interlayer.core.settings import Setting

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "template",
        "lines and phases to fit: bare, activated, cycled, study-activated, study-cycled, casa (the CasaXPS "
        "fit in the file as start), or a TOML file of your own; without it the general Li interphase, with "
        "model choice",
    ),
    Setting(
        "charge_reference", 'line that fixes the charge shift, default "C 1s=284.8 eV"; "none" for no shift'
    ),
    Setting("region", 'only these regions, as "N 1s" (default: all)', "texts"),
    Setting(
        "background",
        "background under the peaks, fitted with them (default active-shirley)",
        "choice",
        choices=("active-shirley", "tougaard", "linear"),
    ),
    Setting(
        "cross_section",
        "energy losses of the Tougaard background (default universal, two parameters; the others have three)",
        "choice",
        choices=("universal", "polymer", "silicon-dioxide", "silicon", "germanium", "aluminium"),
    ),
    Setting(
        "line_shape",
        "shape of the lines (default auto: pseudo-Voigt sum or Voigt, whichever describes the data; what "
        "both leave open goes into the intervals); doniach-sunjic and la are asymmetric",
        "choice",
        choices=("auto", "pseudo-voigt", "voigt", "product", "doniach-sunjic", "la"),
    ),
    Setting(
        "sensitivity",
        "sensitivity factors (default scofield, with λ ∝ KE^0.75 and the file's transmission)",
        "choice",
        choices=("scofield", "kratos", "wagner"),
    ),
    Setting(
        "attenuation",
        "attenuation length with scofield factors: power (default, λ ∝ KE^0.75), or a material (Li, Li3N, "
        "LiF, Li2O, Li2CO3, PEO) for TPP-2M",
    ),
    Setting(
        "stoichiometry",
        "soft: phases' lines share one amount within the factors' uncertainty (default); off: every "
        "area is free",
        "choice",
        choices=("soft", "off"),
    ),
    Setting("survey", "look for elements in the survey (default yes)", "flag"),
)

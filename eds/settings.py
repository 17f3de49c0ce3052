"""Settings of the EDS analysis; imports nothing heavy."""

from interlayer.core.settings import Setting

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "element",
        "element whose layer is measured; without it N, and every other element found that forms a layer",
        "texts",
    ),
    Setting(
        "pixel_size", 'size of a pixel of the map, "20 nm" or "20 nm x 25 nm" (x by y); replaces the file\'s'
    ),
    Setting(
        "section_angle",
        "angle between the section and the layer's normal; the thickness is multiplied by its cosine (0)",
        "quantity",
        "degree",
    ),
    Setting(
        "edge_width",
        "Gaussian σ of the blur at both interfaces, from a sharp reference edge, trusted to 5 %; else fitted",
        "quantity",
        "nm",
    ),
    Setting("beam_voltage", "accelerating voltage; replaces the file's", "quantity", "kV"),
    Setting("energy_step", "width of an energy channel; replaces what was verified", "quantity", "eV"),
    Setting(
        "k_factor",
        'Cliff-Lorimer factor of a mass ratio from a standard, "N/O=1.9 ± 0.2"; else calculated',
        "texts",
    ),
    Setting(
        "material",
        "material whose electron range is stated (Li, Li3N, PEO, C, … of materials.toml)",
        "texts",
    ),
)

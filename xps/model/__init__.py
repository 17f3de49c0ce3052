"""The physics of a spectrum, with analytic derivatives."""

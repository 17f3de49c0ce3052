"""The physics of a powder pattern, with analytic derivatives."""

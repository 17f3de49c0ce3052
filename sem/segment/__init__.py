"""Particles of a micrograph: seeds, closed outlines, choice, completion of hidden parts."""

"""What every technique stands on: units, quantities, summary rows, intervals, files, figures."""

"""The physics of electrochemical data: circuits, fits, tests."""

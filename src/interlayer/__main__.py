"""``python -m interlayer``."""

import sys

from interlayer.cli import main

if __name__ == "__main__":
    sys.exit(main())

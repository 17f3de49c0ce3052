"""The physics: line shapes, backgrounds, regions, joint models, compiled."""

from contextlib import suppress
from pathlib import Path


def _forget_stale(folder: Path) -> None:
    """Remove compiled code when any source of this package has changed.

    numba's cache looks at the file of a function alone, not at those of the functions it calls: after an
    update in place it would go on running the old ones.
    """
    stamp = "\n".join(
        f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in sorted(folder.glob("*.py"))
    )
    cache = folder / "__pycache__"
    marker = cache / "compiled.stamp"
    with suppress(OSError):
        if marker.is_file() and marker.read_text(encoding="utf-8") == stamp:
            return
        for pattern in ("*.nbi", "*.nbc"):
            for path in cache.glob(pattern):
                path.unlink(missing_ok=True)
        cache.mkdir(exist_ok=True)
        marker.write_text(stamp, encoding="utf-8")


_forget_stale(Path(__file__).parent)

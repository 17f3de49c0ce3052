"""Errors that speak to a scientist: which file, what was expected, what was found, what to do."""

from pathlib import Path
from typing import Any

from interlayer.core.text import line, lines

#: characters of a path, of a message's line and of what was found that are told (files hold long lines)
_PATH, _LINE, _FOUND = 1000, 800, 400


class InterlayerError(Exception):
    """Base of every error that the toolkit raises on purpose.

    What files and names put into it is made harmless: no control characters, no lines of megabytes.

    Parameters
    ----------
    message
        What is wrong, in the field's terms.
    path
        The file it is about.
    expected, found
        What was expected and what was found instead.
    advice
        What to do now.
    """

    exit_code = 3
    many_lines = False  # a message has one line, unless it lists many mistakes

    def __init__(
        self,
        message: str,
        *,
        path: Path | str | None = None,
        expected: object = None,
        found: object = None,
        advice: str | None = None,
    ) -> None:
        self.message = lines(message, _LINE) if self.many_lines else line(message, _LINE)
        self.path = None if path is None else line(str(path), _PATH)
        self.expected = None if expected is None else line(str(expected), _FOUND)
        self.found = None if found is None else line(str(found), _FOUND)
        self.advice = advice
        super().__init__(self._text())

    def _text(self) -> str:
        parts = [f"{self.path}: {self.message}" if self.path else self.message]
        if self.expected is not None:
            parts.append(f"expected {self.expected}")
        if self.found is not None:
            parts.append(f"found {self.found}")
        text = "; ".join(parts)
        return f"{text}. {self.advice}" if self.advice else text

    def about(self, path: Path | str) -> "InterlayerError":
        """Return the error naming a file, where it does not name one yet."""
        if self.path is not None:
            return self
        details = {"expected": self.expected, "found": self.found, "advice": self.advice}
        return type(self)(self.message, path=path, **details)

    def completed(self, expected: str, advice: str | None = None) -> "InterlayerError":
        """Return the error saying what was expected and what to do, where it says neither yet."""
        if self.expected or self.found or self.advice:
            return self
        return type(self)(self.message, path=self.path, expected=expected, advice=advice)

    def __reduce__(self) -> tuple[Any, ...]:
        """Survive the way back from a worker process."""
        details = {"path": self.path, "expected": self.expected, "found": self.found, "advice": self.advice}
        return _rebuild, (type(self), self.message, details)


def _rebuild(kind: type[InterlayerError], message: str, details: dict[str, str | None]) -> InterlayerError:
    return kind(message, **details)


class ReadError(InterlayerError):
    """A file is missing, truncated, of an unknown format or holds what it should not."""


class UnitError(InterlayerError):
    """A unit is not in the closed list, or of another dimension."""

    exit_code = 2


class SettingError(InterlayerError):
    """A setting is unknown or has a value that cannot be."""

    exit_code = 2


class StudyError(InterlayerError):
    """A study file is not valid as a whole."""

    many_lines = True


class AnalysisError(InterlayerError):
    """The data were read, but they cannot be analysed in this way."""


class StoreError(InterlayerError):
    """A record could not be written, or what is stored is damaged."""


class WriteError(StoreError):
    """The disk is full or cannot be written: no matter of one file, so that a run ends with it."""

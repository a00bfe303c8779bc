"""Files that people write too: replaced in one step, and complained about with the line."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from ruamel.yaml.error import MarkedYAMLError, YAMLError

PRIVATE = 0o600


def write_file(path: Path, text: str, *, mode: int = PRIVATE, owner: tuple[int, int] | None = None) -> None:
    """Replace `path` by `text` (UTF-8, newlines as given) in one step; durable when this returns.

    A crash leaves either the old file or the new one. A symbolic link stays, its target is replaced. The file is
    never readable by more than `mode`, not even for a moment. `owner` is a user and a group id; it is set where we
    are allowed to. Raises OSError.
    """
    path = Path(os.path.realpath(path))
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with open(handle, "w", encoding="utf-8", newline="") as file:
            if owner is not None:
                with suppress(PermissionError):
                    os.fchown(file.fileno(), *owner)
            os.fchmod(file.fileno(), mode)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def yaml_complaint(error: YAMLError) -> tuple[int, str]:
    """The line (from 1) and one sentence for a text that is not YAML."""
    if not isinstance(error, MarkedYAMLError) or error.problem is None:
        return 1, f"is not YAML: {error}"
    mark = error.problem_mark or error.context_mark
    complaint = " ".join(error.problem.split()).partition(" with value ")[0]  # the value may be a secret
    if any(sign in complaint for sign in ("cannot start any token", "alphabetic or numeric", "undefined alias")):
        complaint += "; put quotes around what begins with @, * or another sign"
    return (mark.line + 1 if mark else 1), f"is not YAML: {complaint}."

"""Files that only their owner reads, replaced whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from connector_kit.private_files import private_folder


def write_private(path: Path, content: bytes) -> None:
    """Replace `path` by `content` in one step, mode 0600: a reader sees the old file or the new one.

    Raises:
        OSError: the folder can't be written; the old file is then as it was.
    """
    private_folder(path.parent)
    # mkstemp makes the file with mode 0600 from the start, in the same folder so that the replacement is atomic.
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise

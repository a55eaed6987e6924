"""What waits on disk is for the owner's eyes only, whatever the umask."""

from __future__ import annotations

import os
import stat

from target_anaplan.spool import SpoolDir


def test_a_new_spool_dir_is_the_owners_alone(tmp_path):
    before = os.umask(0)
    try:
        folder = SpoolDir(str(tmp_path / "a" / "spools"))
    finally:
        os.umask(before)
    made = [tmp_path / "a", tmp_path / "a" / "spools", folder.path]
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o700}
    folder.remove()

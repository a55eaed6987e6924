"""What plugins leave on disk is their user's alone, under any umask, and what waits there is gone after any end."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from canaries.bench import Bench

from demo.environment import clean_environment

DATABASES = {"coordination_url": "sqlite:///new/coordination.db", "audit_url": "sqlite:///new/deep/audit.db"}
# By these requests something waits on disk.
SENDS = {"target-anaplan": "/chunks", "target-sap-s4hana": "/bc/srt/", "target-syspro": "Transaction"}
# Made by the test itself.
GIVEN = {"stdout", "stderr", "spool", "audit_url.db"}


def settings_of(bench: Bench, sandbox) -> dict:
    sandbox.control.reset()
    databases = {name: DATABASES[name] for name in bench.plugin.databases}
    settings = {**bench.plugin.settings, **bench.plugin.known(sandbox.info[bench.plugin.system]), **databases}
    return settings | ({"timeout": 60} if "timeout" in settings else {})


def modes(folder: Path) -> dict[str, str]:
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*")}
    kinds = {name: "folder" if path.is_dir() else "file" for name, path in found.items()}
    return {
        name: f"{kinds[name]} {stat.S_IMODE(path.stat().st_mode):o}"
        for name, path in found.items()
        if name not in GIVEN
    }


def test_a_good_run_leaves_files_that_only_its_user_reads(bench, sandbox):
    ran = bench.run("umask", settings_of(bench, sandbox), {}, umask=0, patience=60)
    assert ran.code == 0, ran.said
    left = modes(ran.folder)
    assert not bench.plugin.messages or left["new/deep/audit.db"] == "file 600"
    assert set(left.values()) <= {"file 600", "folder 700"}, left
    assert list((ran.folder / "spool").iterdir()) == []


def test_while_it_runs_too_and_nothing_that_waited_is_left_by_any_end(bench, sandbox, tmp_path):
    """Told to stop: removed by itself. Killed: removed by the next run, which is not disturbed by it."""
    if not bench.plugin.messages:
        pytest.skip("what a tap spools has no name on disk")
    spools = tmp_path / "spools"
    for end in ("SIGTERM", "SIGKILL"):
        settings = settings_of(bench, sandbox) | {"spool_dir": str(spools)}
        sandbox.control.fault(bench.plugin.system, {"delay": 1.0}, path=SENDS[bench.plugin.name], times=-1)
        when = str(spools / f"{bench.plugin.name}-*" / "*")
        ran = bench.run(end, settings, {}, umask=0, patience=60, signal=end, signal_when=when)
        assert ran.code != 0
        left = modes(spools)
        assert (left != {}) == (end == "SIGKILL"), (end, left)
    assert {mode for name, mode in left.items() if "/" not in name} == {"folder 700"}
    ran = bench.run("after", settings_of(bench, sandbox) | {"spool_dir": str(spools)}, {}, patience=60)
    assert (ran.code, modes(spools)) == (0, {}), ran.said


@pytest.mark.parametrize(
    ("mode", "password", "warns"),
    [
        (0o644, "in-clear", True),
        (0o644, "env:THE_PASSWORD", False),
        (0o644, "raw:env:x", True),
        (0o600, "in-clear", False),
    ],
)
def test_passwords_in_clear_that_every_user_can_read_are_warned_about(mode, password, warns):
    """As in the settings that Meltano writes for a plugin, under the usual umask."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        config = Path(folder) / "config.json"
        settings = {"api_url": "http://127.0.0.1:9", "username": "INTEG", "password": password, "max_tries": 1}
        config.write_text(json.dumps(settings | {"companies": ["EDU1"]}))
        config.chmod(mode)
        command = [sys.executable, "-m", "tap_syspro", "--config", str(config), "--test"]
        environment = clean_environment({"THE_PASSWORD": "in-the-environment"})
        said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stderr
    words = f"The settings, with passwords in clear, {config} can be read by every user of this machine"
    assert (words in said) == warns, said

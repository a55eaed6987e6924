"""The project's own files agree with each other."""

from __future__ import annotations

import importlib.util
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests
import yaml

from demo.environment import MELTANO, ROOT, clean_environment

_spec = importlib.util.spec_from_file_location("definitions", ROOT / "meltano" / "definitions.py")
assert _spec is not None
assert _spec.loader is not None
definitions = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(definitions)


@pytest.mark.parametrize("plugin", definitions.PLUGINS)
def test_meltano_knows_every_setting_that_a_plugin_has(plugin: str) -> None:
    written = (ROOT / "meltano" / f"{plugin}.yml").read_text(encoding="utf-8")
    assert written == definitions.definition(plugin), "run `make definitions`"


@pytest.mark.parametrize("plugin", definitions.PLUGINS)
def test_a_plugins_readme_names_every_setting_that_it_has(plugin: str) -> None:
    readme = (ROOT / plugin / "README.md").read_text(encoding="utf-8")
    settings = definitions.about(plugin)["settings"]["properties"]
    missing = [
        name
        for name in settings
        if f"`{name}`" not in readme and not name.startswith(("stream_map", "faker", "flattening"))
    ]
    assert missing == []


def test_every_secret_setting_is_marked_so_that_meltano_hides_it() -> None:
    for plugin in definitions.PLUGINS:
        document = yaml.safe_load((ROOT / "meltano" / f"{plugin}.yml").read_text(encoding="utf-8"))
        ((entry,),) = document["plugins"].values()
        marked = {s["name"] for s in entry["settings"] if s.get("sensitive")}
        named = {
            s["name"]
            for s in entry["settings"]
            if re.search(r"password|secret|refresh_token|private_key$", s["name"]) and s["kind"] == "string"
        }
        assert named <= marked


def test_every_schedule_runs_a_job_that_exists() -> None:
    documents = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in (ROOT / "meltano").glob("*.yml")]
    jobs = {job["name"] for d in documents for job in d.get("jobs", [])}
    schedules = [schedule for d in documents for schedule in d.get("schedules", [])]
    assert {s["job"] for s in schedules} <= jobs
    assert {s["interval"] for s in schedules} >= {"*/5 * * * *", "*/15 * * * *"}


def test_versions_are_pinned_without_addresses() -> None:
    for path in ROOT.glob("constraints*.txt"):
        lines = path.read_text(encoding="utf-8").split("\n")
        assert all(re.fullmatch(r"[a-z0-9-]+==\S+( ; .+)?", line) for line in lines if line), path


def test_meltano_accepts_the_project_file() -> None:
    done = subprocess.run(
        [MELTANO, "--environment", "prod", "compile", "--directory", "var/manifests"],
        cwd=ROOT,
        env=clean_environment({}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    words = re.compile(
        "(" + "|".join(["py" + "pi[.]org", "python" + "hosted", "npm" + "js[.]org", "deb[.]" + "debian"]) + ")"
    )
    found = [
        name
        for name in tracked
        if name
        and (ROOT / name).is_file()
        and words.search(Path(ROOT / name).read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []


def test_the_sandbox_tells_its_control_address_and_ends_with_ctrl_c() -> None:
    command = [sys.executable, "-u", "-m", "demo.sandbox_env"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = list(iter(process.stdout.readline, "Ctrl-C stops it.\n"))
        control = next(line.strip() for line in lines if line.startswith("  http://"))
        assert "anaplan" in requests.get(f"{control}/switches", timeout=30).json()
        process.send_signal(signal.SIGINT)
        assert (process.wait(30), process.stderr.read()) == (0, "")

"""The project's definitions of the replay agree with the tap and with the loaders that it feeds."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from connector_kit.audit.tap import SETTINGS

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "meltano").glob("*.yml"))
DOCUMENTS = {path.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in FILES}
REPLAY = DOCUMENTS["replay.yml"]
EXTRACTORS = {one["name"]: one for one in REPLAY["plugins"]["extractors"]}
LOADERS = {
    loader["name"]: loader
    for document in DOCUMENTS.values()
    for loader in document.get("plugins", {}).get("loaders", [])
}
TASKS = [task.split() for job in REPLAY["jobs"] for task in job["tasks"]]


def entries(loader):
    config = LOADERS[loader].get("config", {})
    return {entry["stream"] for name in ("mappings", "documents", "objects") for entry in config.get(name, [])}


def test_meltano_knows_every_setting_of_the_tap():
    settings = {setting["name"]: setting for setting in EXTRACTORS["tap-audit-trail"]["settings"]}
    assert {name: setting["description"] for name, setting in settings.items()} == SETTINGS
    assert settings["audit_url"]["sensitive"]


@pytest.mark.parametrize(("extractor", "loader"), TASKS)
def test_a_replay_brings_a_loader_only_what_it_has_a_mapping_for(extractor, loader):
    config = EXTRACTORS[extractor]["config"]
    assert LOADERS[loader]["inherit_from"].startswith(config["target"])
    siblings = [name for name in LOADERS if name.startswith(f"{config['target']}--") and entries(name)]
    of_system = [name for name in siblings if len(siblings) == 1 or _system(name) == config.get("system")]
    if len(of_system) > 1:
        assert set(config["streams"]) == entries(loader)
    else:
        assert of_system == [loader]


def test_every_loader_of_a_flow_has_its_replay():
    fed = {loader for _, loader in TASKS}
    assert {name for name in LOADERS if "--" in name and entries(name)} == fed


def _system(loader):
    definition = LOADERS[loader]
    return definition.get("config", {}).get("source_system") or _system(definition["inherit_from"])

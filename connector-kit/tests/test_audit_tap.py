from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from audit_rows import SCHEMA, begin_run, deliver, key

from connector_kit.audit import Rejected, Trail
from connector_kit.audit.tap import SETTINGS, main
from connector_kit.audit.types import REPLAY_SEEN


def bad(place, number):
    return Rejected(place, key(number), "Unknown parent", f"Unknown parent of {number}")


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'audit.db'}"


@pytest.fixture
def tap(url, tmp_path, capfd):
    """Run the tap with settings as Meltano would; messages and what was said."""

    def run(*options, code=0, **settings):
        file = tmp_path / "config.json"
        file.write_text(json.dumps({"audit_url": url, **settings}))
        try:
            main(["--config", str(file), *options])
            ended = 0
        except SystemExit as end:
            ended = end.code
        assert ended == code
        out, said = capfd.readouterr()
        return [json.loads(line) for line in out.splitlines()], said

    return run


def test_what_failed_goes_out_and_the_catalog_and_state_of_meltano_are_accepted(url, tap, tmp_path):
    with Trail.open(url) as trail:
        deliver(begin_run(trail), range(5), rejects=[bad(3, 3), bad(1, 1)])
    (tmp_path / "catalog.json").write_text('{"streams": []}')
    (tmp_path / "state.json").write_text("{}")
    messages, said = tap("--catalog", str(tmp_path / "catalog.json"), "--state", str(tmp_path / "state.json"))
    assert "newest" in messages[0]["schema"].pop(REPLAY_SEEN)
    assert messages[0] == json.loads(SCHEMA)
    assert [message["record"]["Supplier"] for message in messages[1:]] == [f"{1:015d}", f"{3:015d}"]
    assert said == "tap-audit-trail: 2 records written\n"


def test_nothing_to_replay_is_said_and_is_no_error(url, tap):
    with Trail.open(url) as trail:
        deliver(begin_run(trail), range(5))
    assert tap() == ([], "tap-audit-trail: nothing to replay\n")


def test_settings_narrow_what_goes_out(url, tap):
    with Trail.open(url) as trail:
        run = begin_run(trail)
        deliver(run, [1, 2], rejects=[bad(0, 1), Rejected(1, key(2), "Invalid date", "x")])
        deliver(run, [3], rejects=[bad(0, 3)], stream="customers", scope="c", schema=SCHEMA)

    def sent(**settings):
        return [int(m["record"]["Supplier"]) for m in tap(**settings)[0] if m["type"] == "RECORD"]

    assert sent() == [1, 2, 3]
    assert sent(streams=["customers", "others"]) == [3]
    assert sent(reason="invalid") == [2]
    assert sent(key=["EDU1", f"{1:015d}"]) == [1]
    assert sent(run="last", target="target-anaplan", destination="model m", system="SYSPRO") == [1, 2, 3]
    assert sent(run=None, streams="") == [1, 2, 3]
    assert sent(target="target-sap-s4hana") == sent(destination="elsewhere") == sent(system="Anaplan") == []


def test_what_one_model_refused_is_not_sent_to_another_by_mistake(url, tap):
    with Trail.open(url) as trail:
        for plugin, destination in (("target-anaplan", "model A"), ("target-anaplan", "model B"), ("other", "B")):
            run = trail.begin_run(plugin=plugin, version="1", destination=destination)
            deliver(run, [1], scope=destination, rejects=[bad(0, 1)])
    messages, said = tap(code=1)
    assert messages == []
    assert "other into B, target-anaplan into model A, target-anaplan into model B" in said
    assert "model A, target-anaplan into model B" in tap(target="target-anaplan", code=1)[1]
    assert len(tap(target="target-anaplan", destination="model a")[0]) == 2
    assert len(tap(target="other")[0]) == 2


def test_discover_names_the_streams_that_can_be_replayed(url, tap):
    with Trail.open(url) as trail:
        deliver(begin_run(trail), [1], rejects=[bad(0, 1)])
    ((catalog,), _) = tap("--discover")
    (stream,) = catalog["streams"]
    assert (stream["tap_stream_id"], stream["key_properties"]) == ("suppliers", ["Company", "Supplier"])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"strem": "x"}, "setting strem"),
        ({"run": 7}, "setting run: expected a text, got a number"),
        ({"audit_key": ["a-key"]}, "setting audit_key: expected a text, got a list\n"),
        ({"key": [1]}, "setting key: expected a list of texts"),
        ({"audit_url": "mysql://x"}, "audit_url"),
        ({"audit_url": "env:NO_SUCH_VARIABLE"}, "NO_SUCH_VARIABLE"),
        ({"audit_url": "sqlite:////nowhere/audit.db"}, "no such file"),
    ],
)
def test_a_wrong_setting_is_one_line(tap, settings, words):
    messages, said = tap(code=1, **settings)
    assert messages == []
    assert words in said
    assert said.count("\n") == 1


def test_about_names_every_setting_and_which_is_secret(capfd):
    main(["--about", "--format", "json"])
    about = json.loads(capfd.readouterr().out)
    assert set(about["settings"]["properties"]) == set(SETTINGS)
    assert about["settings"]["properties"]["audit_url"]["writeOnly"]


def test_the_url_may_be_a_reference(url, tap, monkeypatch):
    with Trail.open(url) as trail:
        deliver(begin_run(trail), [1], rejects=[bad(0, 1)])
    monkeypatch.setenv("THE_TRAIL", url)
    assert len(tap(audit_url="env:THE_TRAIL")[0]) == 2


def test_the_variables_of_the_audit_command_are_the_default(url, tap, monkeypatch):
    with Trail.open(url) as trail:
        deliver(begin_run(trail), [1], rejects=[bad(0, 1)])
    monkeypatch.setenv("AUDIT_URL", url)
    assert len(tap(audit_url=None)[0]) == 2
    monkeypatch.setenv("AUDIT_URL", "sqlite:////nowhere/audit.db")
    assert len(tap()[0]) == 2


def test_a_target_that_ends_early_is_told_in_one_line(url, tmp_path):
    with Trail.open(url) as trail:
        deliver(begin_run(trail), range(5_000), rejects=[bad(place, place) for place in range(5_000)])
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"audit_url": url}))
    ours, theirs = os.pipe()
    os.close(ours)
    done = subprocess.run(
        [sys.executable, "-c", "from connector_kit.audit.tap import main; main()", "--config", str(file)],
        stdout=theirs,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(theirs)
    assert (done.returncode, done.stderr) == (
        1,
        "tap-audit-trail: who reads its output ended before it had read everything\n",
    )


def test_what_was_repaired_does_not_come_again(url, tap):
    with Trail.open(url) as trail:
        deliver(begin_run(trail), range(5), rejects=[bad(3, 3)])
        assert len(tap()[0]) == 2
        assert deliver(begin_run(trail), [3], version="b").repaired == 1
    assert tap() == ([], "tap-audit-trail: nothing to replay\n")

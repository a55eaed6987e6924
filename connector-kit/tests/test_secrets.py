"""Secrets: references in settings, the encrypted file, and the command that fills it."""

from __future__ import annotations

import io
import json
import logging
import multiprocessing
import stat
import sys
from types import SimpleNamespace

import keyring
import keyring.backend
import keyring.errors
import pytest
from click.testing import CliRunner
from cryptography.fernet import Fernet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector_kit import private_files
from connector_kit.errors import ConfigurationError
from connector_kit.redaction import redact
from connector_kit.secrets import resolve
from connector_kit.secrets.command import cli
from connector_kit.secrets.store import SecretStore


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A user without any secret yet."""
    for name in ("CONNECTOR_SECRETS_KEY", "CONNECTOR_SECRETS_KEY_FILE", "CONNECTOR_SECRETS_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path / "connector-kit"


def run(*arguments, stdin=""):
    done = CliRunner().invoke(cli, list(arguments), input=stdin)
    return SimpleNamespace(
        exit_code=done.exit_code, output=done.output + (f"{done.exception}\n" if done.exception else "")
    )


class MemoryKeyring(keyring.backend.KeyringBackend):
    priority = 1

    def get_password(self, service, username):
        return {("erp/syspro", "password"): "from-the-keyring"}.get((service, username))

    def set_password(self, service, username, password):
        raise NotImplementedError

    def delete_password(self, service, username):
        raise NotImplementedError


class LockedKeyring(MemoryKeyring):
    def get_password(self, service, username):
        raise keyring.errors.KeyringLocked("locked")


@pytest.fixture
def in_keyring():
    before = keyring.get_keyring()
    keyring.set_keyring(MemoryKeyring())
    yield
    keyring.set_keyring(before)


def test_every_kind_of_reference_is_replaced_wherever_it_stands(home, monkeypatch, in_keyring):
    assert run("init").exit_code == 0
    assert run("set", "anaplan/password", stdin="from-the-file\n").exit_code == 0
    monkeypatch.setenv("SAP_PASSWORD", "from-the-environment")
    config = {
        "api_url": "https://example.invalid/api",
        "page_size": 500,
        "password": "file:anaplan/password",
        "companies": [{"company": "EDU1", "password": "env:SAP_PASSWORD"}, {"token": "keyring:erp/syspro/password"}],
        "folder": "file:///data/in",
        "odd": "raw:env:NOT_A_REFERENCE",
    }
    assert resolve(config, {"password"}) == {
        "api_url": "https://example.invalid/api",
        "page_size": 500,
        "password": "from-the-file",
        "companies": [{"company": "EDU1", "password": "from-the-environment"}, {"token": "from-the-keyring"}],
        "folder": "file:///data/in",
        "odd": "env:NOT_A_REFERENCE",
    }


def test_resolved_values_and_plain_secrets_never_appear_in_messages_again(home, monkeypatch):
    monkeypatch.setenv("CANARY_ONE", "canary-by-reference")
    resolve(
        {"user": "env:CANARY_ONE", "login": {"password": "canary-nested"}, "pin": 80808080, "keys": ["canary-in-list"]},
        {"password", "pin", "keys"},
    )
    seen = redact("canary-by-reference canary-nested 80808080 canary-in-list")
    assert "canary" not in seen
    assert "8080" not in seen


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("env:NOT_SET_ANYWHERE", "environment variable NOT_SET_ANYWHERE"),
        ("file:unknown", "connector-secrets set unknown"),
        ("keyring:erp/syspro/nobody", "keyring set erp/syspro nobody"),
        ("keyring:nameless", "keyring:SERVICE/NAME"),
        ("env:", "env:NAME"),
        ("file:", "file:NAME"),
    ],
)
def test_a_reference_that_leads_nowhere_names_the_setting_and_what_to_do(home, in_keyring, reference, expected):
    run("init")
    with pytest.raises(ConfigurationError) as caught:
        resolve({"logons": [{"password": reference}]}, {"password"})
    message = str(caught.value)
    assert "logons[0].password" in message
    assert reference in message
    assert expected in message


def test_an_empty_environment_variable_is_not_a_secret(home, monkeypatch):
    monkeypatch.setenv("EMPTY_PASSWORD", "")
    with pytest.raises(ConfigurationError, match="EMPTY_PASSWORD"):
        resolve({"password": "env:EMPTY_PASSWORD"}, {"password"})


def test_a_locked_keyring_is_named_as_such(home, in_keyring):
    keyring.set_keyring(LockedKeyring())
    with pytest.raises(ConfigurationError, match="Unlock the keyring"):
        resolve({"password": "keyring:erp/syspro/password"}, {"password"})


def test_a_missing_keyring_package_says_how_to_install_it(home, monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigurationError, match=r"connector-kit\[keyring\]"):
        resolve({"password": "keyring:a/b"}, {"password"})


def test_settings_without_references_need_neither_key_nor_file(home):
    assert resolve({"password": "plain"}, {"password"}) == {"password": "plain"}
    assert not home.exists()


@settings(max_examples=30)
@given(st.dictionaries(st.text(), st.recursive(st.none() | st.integers(), st.lists, max_leaves=4), max_size=4))
def test_values_that_are_no_references_come_through_unchanged(config):
    assert resolve(config, ()) == config


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(min_size=1))
def test_raw_gives_back_any_text(value):
    assert resolve({"a": f"raw:{value}"}, ()) == ({"a": value} if not value.startswith("//") else {"a": f"raw:{value}"})


def test_the_encrypted_file_shows_names_but_no_values_and_only_its_owner_may_read_it(home):
    run("init")
    assert run("set", "syspro", stdin="super-secret-value").exit_code == 0
    store, key = home / "secrets.json", home / "secrets.key"
    for path in (store, key):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(json.loads(store.read_text())["secrets"]) == ["syspro"]
    assert "super-secret-value" not in store.read_text()
    assert run("list").output == "syspro\n"


def test_the_command_never_shows_a_value(home):
    outputs = [run("init"), run("set", "a", stdin="canary-77"), run("list"), run("where"), run("rotate")]
    outputs += [run("set", "a", stdin="canary-77"), run("remove", "a"), run("remove", "a")]
    assert all("canary-77" not in result.output for result in outputs)
    key = (home / "secrets.key").read_text().strip()
    assert all(key not in result.output for result in outputs)


def test_a_value_of_several_lines_is_stored_whole(home):
    run("init")
    pem = "-----BEGIN KEY-----\nabc\n-----END KEY-----"
    run("set", "pem", stdin=f"{pem}\n")
    assert resolve({"key": "file:pem"}, ()) == {"key": pem}


def test_on_a_terminal_the_value_is_asked_for_twice_and_not_echoed(home, monkeypatch):
    run("init")

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("click.termui.visible_prompt_func", lambda prompt: pytest.fail("echoes"))
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda prompt: "typed-in")
    monkeypatch.setattr("sys.stdin", Terminal())
    cli(["set", "typed"], standalone_mode=False)
    assert resolve({"a": "file:typed"}, ()) == {"a": "typed-in"}


def test_a_value_on_the_command_line_is_refused_and_not_repeated(home):
    run("init")
    for typed in (["canary-77"], ["--", "-canary-77"], ["canary-77", "more"]):
        result = run("set", "a", *typed)
        assert result.exit_code == 1
        assert "standard input" in result.output
        assert "canary" not in result.output
    assert run("list").output == ""


def test_an_empty_value_is_refused(home):
    run("init")
    result = run("set", "a", stdin="\n")
    assert result.exit_code == 1
    assert "expected a value" in result.output


def test_removing_an_unknown_name_is_an_error_of_one_line(home):
    result = run("remove", "nothing")
    assert result.exit_code == 1
    assert result.output.count("\n") == 1


def test_init_does_not_overwrite_a_key(home):
    run("init")
    before = (home / "secrets.key").read_text()
    result = run("init")
    assert result.exit_code == 1
    assert "rotate" in result.output
    assert (home / "secrets.key").read_text() == before


def test_rotation_changes_the_key_and_keeps_every_secret(home):
    run("init")
    run("set", "a", stdin="first")
    run("set", "b", stdin="second")
    old = (home / "secrets.key").read_text().strip()
    assert run("rotate").exit_code == 0
    new = (home / "secrets.key").read_text().split()
    assert len(new) == 1
    assert new != [old]
    assert resolve({"a": "file:a", "b": "file:b"}, ()) == {"a": "first", "b": "second"}
    tokens = json.loads((home / "secrets.json").read_text())["secrets"].values()
    assert not any(_opens(old, token) for token in tokens)


def _opens(key, token):
    try:
        Fernet(key).decrypt(token)
    except Exception:
        return False
    return True


def test_a_rotation_killed_in_the_middle_leaves_every_secret_readable(home, monkeypatch):
    run("init")
    run("set", "a", stdin="first")
    monkeypatch.setattr(SecretStore, "_write", lambda self, document: (_ for _ in ()).throw(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        SecretStore.open().rotate()
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home.parent))
    assert resolve({"a": "file:a"}, ()) == {"a": "first"}
    assert run("rotate").exit_code == 0
    assert resolve({"a": "file:a"}, ()) == {"a": "first"}


def test_keys_from_the_environment_rotate_to_the_first_of_them(home, monkeypatch):
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    monkeypatch.setenv("CONNECTOR_SECRETS_KEY", old)
    run("set", "a", stdin="value")
    monkeypatch.setenv("CONNECTOR_SECRETS_KEY", f"{new}, {old}")
    assert run("rotate").exit_code == 0
    monkeypatch.setenv("CONNECTOR_SECRETS_KEY", new)
    assert resolve({"a": "file:a"}, ()) == {"a": "value"}
    assert not (home / "secrets.key").exists()


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda home: (home / "secrets.key").unlink(), "connector-secrets init"),
        (lambda home: (home / "secrets.key").write_text("short"), "something that is not a key"),
        (lambda home: (home / "secrets.key").write_text(""), "no key"),
        (lambda home: (home / "secrets.key").write_bytes(b"\xff\xfe"), "UnicodeDecodeError"),
        (lambda home: (home / "secrets.key").write_text(Fernet.generate_key().decode()), "another key"),
        (lambda home: (home / "secrets.json").write_text("<html>"), "CONNECTOR_SECRETS_FILE"),
    ],
)
def test_a_wrong_key_or_file_is_explained_in_one_line(home, spoil, expected):
    run("init")
    run("set", "a", stdin="value")
    spoil(home)
    with pytest.raises(ConfigurationError) as caught:
        resolve({"password": "file:a"}, {"password"})
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_key_file_that_everybody_reads_is_warned_about(home, caplog, monkeypatch):
    run("init")
    run("set", "a", stdin="value")
    (home / "secrets.key").chmod(0o644)
    monkeypatch.setattr(private_files, "_lets_in", lambda folder: True)  # the test's own folder lets nobody in
    with caplog.at_level(logging.WARNING):
        resolve({"a": "file:a"}, ())
    assert "chmod 600" in caplog.text


def _set(name):
    SecretStore.open().set(name, f"value of {name}")


def test_several_processes_that_store_at_once_lose_nothing(home):
    run("init")
    names = [f"name{i}" for i in range(3)]
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_set, args=(name,)) for name in names]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
        assert process.exitcode == 0
    assert SecretStore.open().names() == names


def _write(home, change):
    path = home / "secrets.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def test_a_value_means_nothing_under_another_name(home):
    """Who can write the file, and has no key, could else have one system's password sent to another."""
    run("init")
    run("set", "anaplan", stdin="one")
    run("set", "syspro", stdin="two")
    _write(home, lambda document: document["secrets"].update(syspro=document["secrets"]["anaplan"]))
    assert resolve({"a": "file:anaplan"}, ()) == {"a": "one"}
    for attempt in (lambda: resolve({"a": "file:syspro"}, ()), SecretStore.open().rotate):
        with pytest.raises(ConfigurationError, match="another name's") as caught:
            attempt()
        assert "one" not in str(caught.value).replace("another", "")


@pytest.mark.parametrize("place", range(0, 140, 7))
def test_a_value_that_was_tampered_with_is_none(home, place):
    run("init")
    run("set", "a", stdin="value")

    def tamper(document):
        token = document["secrets"]["a"]
        at = place % (len(token) - 3)
        document["secrets"]["a"] = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]

    _write(home, tamper)
    with pytest.raises(ConfigurationError, match="another key"):
        resolve({"a": "file:a"}, ())


def test_a_store_of_the_first_version_is_read_and_a_rotation_binds_its_names(home):
    run("init")
    key = Fernet((home / "secrets.key").read_text().strip())
    old = {"version": 1, "secrets": {"a": key.encrypt(b"first").decode(), "b": key.encrypt(b"second").decode()}}
    (home / "secrets.json").write_text(json.dumps(old))
    assert resolve({"a": "file:a"}, ()) == {"a": "first"}
    assert run("rotate").exit_code == 0
    _write(home, lambda document: document["secrets"].update(b=document["secrets"]["a"]))
    with pytest.raises(ConfigurationError, match="another name's"):
        resolve({"b": "file:b"}, ())


def test_a_store_of_a_later_version_is_not_guessed_at(home):
    run("init")
    run("set", "a", stdin="value")
    _write(home, lambda document: document.update(version=3))
    with pytest.raises(ConfigurationError, match="got version 3"):
        resolve({"a": "file:a"}, ())

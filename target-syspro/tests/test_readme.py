"""The README's table of settings is what `--about` says. Run this file as a script to write it anew."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from target_syspro.target import TargetSyspro

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- settings: begin -->\n", "<!-- settings: end -->\n"


def table() -> str:
    schema = dict(TargetSyspro.config_jsonschema)
    TargetSyspro.append_builtin_config(schema)
    rows = ["| setting | default | meaning |", "|---|---|---|"]
    for name, part in schema["properties"].items():
        default = (
            "**required**" if name in schema["required"] else f"`{part['default']}`" if part.get("default") else ""
        )
        text = part.get("description", "") + (" *Secret.*" if part.get("writeOnly") else "")
        choice = " \\| ".join(f"`{value}`" for value in part.get("enum", ()) if value)
        rows.append(f"| `{name}` | {default} | {text}{f' One of {choice}.' if choice else ''} |")
    return "\n".join(rows) + "\n"


def test_the_table_of_settings_is_up_to_date():
    assert BEGIN + table() + END in README.read_text(encoding="utf-8")


BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
CONNECTION = {"enet_url": "http://localhost:1", "operator": "X", "operator_password": "", "company": "EDU1"}


@pytest.mark.parametrize("block", BLOCKS)
def test_every_example_is_one_that_the_target_takes(block):
    told = yaml.safe_load(block)
    settings = {"documents": told} if isinstance(told, list) else dict(told)
    target = TargetSyspro(config={**CONNECTION, **settings, "operator_password": ""})
    named = {one.rules.name for one in target.recipes} | {one.master.name for one in target._kept}
    assert named or {one["name"] for one in settings["transactions"]} <= set(target.objects)


if __name__ == "__main__":
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    README.write_text(before + BEGIN + table() + END + rest.partition(END)[2], encoding="utf-8")

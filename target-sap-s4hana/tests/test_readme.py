"""The README's table of settings is what `--about` says. Run this file as a script to write it anew."""

from __future__ import annotations

from pathlib import Path

from target_sap_s4hana.target import TargetSapS4hana

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- settings: begin -->\n", "<!-- settings: end -->\n"


def table() -> str:
    schema = dict(TargetSapS4hana.config_jsonschema)
    TargetSapS4hana.append_builtin_config(schema)
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


if __name__ == "__main__":
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    README.write_text(before + BEGIN + table() + END + rest.partition(END)[2], encoding="utf-8")

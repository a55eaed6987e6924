from __future__ import annotations

from pathlib import Path

from tap_syspro.declarations import SHIPPED
from tap_syspro.settings import settings
from tap_syspro.tap import TapSyspro

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def settings_table():
    schema = settings()
    TapSyspro.append_builtin_config(schema)
    required = set(schema.get("required", []))
    lines = ["| setting | required | default | what it is |", "|---|---|---|---|"]
    for name, each in schema["properties"].items():
        default = each.get("default")
        shown = (
            ""
            if default in (None, "", [], {})
            else f"`{str(default).lower() if isinstance(default, bool) else default}`"
        )
        secret = " Secret." if each.get("writeOnly") or each.get("secret") else ""
        lines.append(f"| `{name}` | {'yes' if name in required else ''} | {shown} | {each['description']}{secret} |")
    return "\n".join(lines)


def streams_table():
    lines = ["| stream | table | key after the company | changes by | why |", "|---|---|---|---|---|"]
    for each in SHIPPED:
        by = each.method + (f": `{each.column}`" if each.column else "")
        key = ", ".join((*each.keys, *(["GlPeriod"] if each.shape == "balances" else [])))
        lines.append(f"| `{each.name}` | {each.table} | {key} | {by} | {each.why} |")
    return "\n".join(lines)


def test_the_readme_lists_every_setting_as_the_tap_describes_it():
    assert settings_table() in README


def test_the_readme_lists_every_stream_as_it_is_declared():
    assert streams_table() in README

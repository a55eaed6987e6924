from __future__ import annotations

from pathlib import Path

from tap_sap_s4hana.settings import settings
from tap_sap_s4hana.shipped import SHIPPED
from tap_sap_s4hana.tap import TapSapS4Hana

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def settings_table():
    schema = settings()
    TapSapS4Hana.append_builtin_config(schema)
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
    lines = ["| stream | service | entity set | key | changes by | why |", "|---|---|---|---|---|---|"]
    for each in SHIPPED:
        service = each.service.split("/")[5] if each.version == "4.0" else each.service.rpartition("/")[2]
        key = ", ".join(each.key)
        lines.append(f"| `{each.name}` | {service} | {each.entity_set} | {key} | {each.by} | {each.why} |")
    return "\n".join(lines)


def test_the_readme_lists_every_setting_as_the_tap_describes_it():
    assert settings_table() in README


def test_the_readme_lists_every_stream_as_it_is_declared():
    assert streams_table() in README

"""The README's tables are what `--about` says. Run this file as a script to write them anew."""

from __future__ import annotations

from pathlib import Path

from tap_anaplan.settings import of_each
from tap_anaplan.tap import TapAnaplan

README = Path(__file__).parent.parent / "README.md"


def settings_table() -> str:
    schema = dict(TapAnaplan.config_jsonschema)
    TapAnaplan.append_builtin_config(schema)
    rows = ["| setting | default | meaning |", "|---|---|---|"]
    for name, part in schema["properties"].items():
        given = part.get("default")
        shown = str(given).lower() if isinstance(given, bool) else given
        default = "**required**" if name in schema["required"] else "" if given in (None, "", [], {}) else f"`{shown}`"
        text = part.get("description", "") + (" *Secret.*" if part.get("writeOnly") else "")
        choice = " \\| ".join(f"`{value}`" for value in part.get("enum", ()) if value)
        rows.append(f"| `{name}` | {default} | {text}{f' One of {choice}.' if choice else ''} |")
    return "\n".join(rows) + "\n"


def entries_table() -> str:
    described = of_each()
    rows = ["| member | of | meaning |", "|---|---|---|"]
    for name in dict.fromkeys(name for members in described.values() for name in members):
        of = [kind for kind, members in described.items() if name in members]
        texts = list(dict.fromkeys(described[kind][name].get("description", "") for kind in of))
        text = " ".join(f"{kind.capitalize()}: {described[kind][name]['description']}" for kind in of)
        rows.append(
            f"| `{name}` | {'all' if len(of) == 3 else ', '.join(of)} | {texts[0] if len(texts) == 1 else text} |"
        )
        if name == "approval":
            for inner, part in described[of[0]][name]["properties"].items():
                rows.append(f"| `approval.{inner}` | all | {part['description']} |")
    return "\n".join(rows) + "\n"


TABLES = {"settings": settings_table, "of each": entries_table}


def test_the_tables_are_up_to_date():
    text = README.read_text(encoding="utf-8")
    for name, table in TABLES.items():
        assert f"<!-- {name}: begin -->\n{table()}<!-- {name}: end -->\n" in text


if __name__ == "__main__":
    for name, table in TABLES.items():
        before, _, rest = README.read_text(encoding="utf-8").partition(f"<!-- {name}: begin -->\n")
        _, _, after = rest.partition(f"<!-- {name}: end -->")
        README.write_text(f"{before}<!-- {name}: begin -->\n{table()}<!-- {name}: end -->{after}", encoding="utf-8")

"""`make demo`: ERP data into Anaplan and approved plans back, on local servers, and what happened.

`python -m demo NAME ...` plays only some of the scenes.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from demo import plan_to_sap, plan_to_syspro, sap_to_anaplan, syspro_to_anaplan
from demo.environment import ROOT, plugin_environment
from demo.stage import Stage, console, shown
from sandbox.testing import running

SCENES = {
    "syspro-to-anaplan": syspro_to_anaplan,
    "sap-to-anaplan": sap_to_anaplan,
    "plan-to-sap": plan_to_sap,
    "plan-to-syspro": plan_to_syspro,
}


def main(names: Sequence[str] = ()) -> None:
    """The whole demo, or the scenes that are named."""
    unknown = [name for name in names if name not in SCENES]
    if unknown:
        sys.exit(f"demo: no scene {', '.join(unknown)}; there are {', '.join(SCENES)}")
    started = time.monotonic()
    folder = ROOT / "var" / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with ExitStack() as stack:
        with console.status("starting the sandbox: local servers that stand in for SYSPRO, SAP and Anaplan …"):
            sandbox = stack.enter_context(running(size="demo", task_seconds=0.2))
        stage = Stage(sandbox, folder, plugin_environment(sandbox.info, folder))
        for name in names or SCENES:
            console.rule(f"[bold]{SCENES[name].TITLE}")
            SCENES[name].play(stage)
    close(folder, time.monotonic() - started)
    sys.exit(0 if stage.agreed else 1)


def close(folder: Path, seconds: float) -> None:
    """Where to look further."""
    console.rule()
    console.print(f"The audit trail lies in [bold]{shown(folder / 'audit.db')}[/bold]. To look into it:")
    url = f"--url sqlite:///{shown(folder / 'audit.db')}"
    for command in ("runs", "show last", "failures"):
        console.print(f"  .venv/bin/audit {url} {command}")
    console.print(f"The jobs' logs are in {shown(folder)}. [dim]{seconds:.0f} s in all.[/dim]")


if __name__ == "__main__":
    main(sys.argv[1:])

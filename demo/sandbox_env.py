"""`make sandbox`: the local servers until Ctrl-C, with their addresses in var/sandbox.env for a shell to read."""

from __future__ import annotations

import contextlib
import shlex
import signal

from demo.environment import ROOT, plugin_environment
from sandbox.testing import running


def welcome(control_url: str, target: str) -> str:
    """What to do in another shell."""
    return f"""The sandbox is up. In another shell, through Meltano or by hand:
  . {target}
  .venv-meltano/bin/meltano run syspro-to-anaplan
  .venv/bin/tap-syspro --config ENV --test
Its control API, to edit cells as a planner does, to change data and to inject faults (sandbox/testing.py calls it):
  {control_url}
Ctrl-C stops it."""


def main() -> None:
    """Start the servers, write the environment file, wait."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a service manager's stop is a Ctrl-C too
    folder = ROOT / "var"
    folder.mkdir(exist_ok=True)
    with running(size="demo") as sandbox, contextlib.suppress(KeyboardInterrupt):
        lines = [f"export {k}={shlex.quote(v)}" for k, v in plugin_environment(sandbox.info, folder).items()]
        target = folder / "sandbox.env"
        target.write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(welcome(sandbox.info["control"]["url"], str(target.relative_to(ROOT))), flush=True)
        signal.pause()


if __name__ == "__main__":
    main()

"""`make sandbox`: the local servers until Ctrl-C, with their addresses in var/sandbox.env for a shell to read."""

from __future__ import annotations

import contextlib
import shlex
import signal
import threading

from demo.environment import ROOT, plugin_environment
from sandbox.testing import running


def main() -> None:
    """Start the servers, write the environment file, wait."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a service manager's stop is a Ctrl-C too
    folder = ROOT / "var"
    folder.mkdir(exist_ok=True)
    with running(size="demo") as sandbox, contextlib.suppress(KeyboardInterrupt):
        lines = [f"export {k}={shlex.quote(v)}" for k, v in plugin_environment(sandbox.info, folder).items()]
        target = folder / "sandbox.env"
        target.write_text("\n".join(lines) + "\n", encoding="utf-8")
        print("The sandbox is up. In another shell, through Meltano or by hand:")
        print(f"  . {target.relative_to(ROOT)}")
        print("  .venv-meltano/bin/meltano run syspro-to-anaplan")
        print("  .venv/bin/tap-syspro --config ENV --test")
        print("Ctrl-C stops it.", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()

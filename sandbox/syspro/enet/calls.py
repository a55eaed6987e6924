"""A call of a business object, and the registry of those that this site has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sandbox.syspro.enet.errors import not_licensed

if TYPE_CHECKING:
    from sandbox.core.switches import Switches
    from sandbox.syspro.enet.sessions import Session
    from sandbox.syspro.store import CompanyStore

Method = Literal["query", "fetch", "browse", "add", "update", "delete", "post", "build"]


@dataclass(frozen=True, slots=True)
class Call:
    """One call: who, where, which document. ``parameters`` is the second document of setup and transaction objects."""

    method: Method
    session: Session
    store: CompanyStore
    switches: Switches
    served: Callable[[str, str], None]
    document: str
    parameters: str = ""


BusinessObject = Callable[[Call], str]


class Registry:
    """Business objects by code and method."""

    def __init__(self) -> None:
        self._objects: dict[tuple[str, str], BusinessObject] = {}

    def add(self, code: str, *methods: Method) -> Callable[[BusinessObject], BusinessObject]:
        """Decorator: the function answers these methods of the object ``code``."""

        def register(handler: BusinessObject) -> BusinessObject:
            for method in methods:
                self._objects[code, method] = handler
            return handler

        return register

    def answer(self, code: str, call: Call) -> str:
        """The reply; EnetError when the site does not have or license the object."""
        unlicensed = {name.strip().upper() for name in call.switches.text("unlicensed").split(",")}
        handler = self._objects.get((code.upper(), call.method))
        if handler is None or code.upper() in unlicensed:
            raise not_licensed()
        return handler(call)

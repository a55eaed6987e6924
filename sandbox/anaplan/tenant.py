"""The tenant: its users, its workspace, its models and the secrets that follow from the seed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.anaplan.definitions import all_models
from sandbox.anaplan.model import Home, Model
from sandbox.anaplan.ratelimit import TokenBucket

if TYPE_CHECKING:
    from sandbox.core.clock import Clock
    from sandbox.core.switches import Switches
    from sandbox.core.system import Options

WORKSPACE_NAME = "Group Finance"


def secret(seed: int, label: str, length: int = 32) -> str:
    """Lower-case hexadecimal digits that follow from the seed."""
    return hashlib.sha256(f"anaplan/{seed}/{label}".encode()).hexdigest()[:length]


@dataclass(frozen=True, slots=True)
class User:
    """A user; without ``access`` nothing of the workspace is visible, ``admin`` means workspace administrator."""

    id: str
    email: str
    password: str
    first_name: str
    last_name: str
    admin: bool
    access: bool = True


class Tenant:
    """Everything of one customer. ``reset`` builds the models anew."""

    def __init__(self, options: Options, clock: Clock, switches: Switches) -> None:
        self._options = options
        self.clock = clock
        self.switches = switches
        self.seed = options.seed
        self.customer_id = secret(self.seed, "customer")
        self.workspace_id = secret(self.seed, "workspace")
        self.users = (
            self._user("integration", "Ina", "Integration", admin=True),
            self._user("planner", "Paul", "Planner", admin=False),
            self._user("visitor", "Vera", "Visitor", admin=False, access=False),
        )
        self.foreigner = self._user("jesse", "Jesse", "Smith", admin=True)
        self.bucket = TokenBucket(clock, switches)
        self.models: dict[str, Model] = {}
        self._build()

    def _user(self, name: str, first: str, last: str, *, admin: bool, access: bool = True) -> User:
        email = f"{name}@group-finance.example"
        return User(
            secret(self.seed, name), email, secret(self.seed, f"{name}-password", 20), first, last, admin, access
        )

    def _build(self) -> None:
        for number, definition in enumerate(all_models()):
            model_id = secret(self.seed, f"model-{definition.name}").upper()
            home = Home(model_id, self.workspace_id, WORKSPACE_NAME)
            folder = self._options.data / "anaplan" / f"model-{number}"
            self.models[model_id] = Model(
                definition, home, folder, self.clock, self._options.task_seconds, self.switches
            )

    @property
    def main_model(self) -> Model:
        """The first model, where actuals go."""
        return next(iter(self.models.values()))

    def models_by_name(self) -> dict[str, Model]:
        """All models by name."""
        return {model.definition.name: model for model in self.models.values()}

    def user_by_id(self, identifier: str) -> User:
        """A user by id."""
        return next(user for user in (*self.users, self.foreigner) if user.id == identifier)

    def reset(self) -> None:
        """Back to the seeded state."""
        for model in self.models.values():
            model.close()
        self.models.clear()
        self.bucket.refill()
        self._build()

"""Anaplan's integration API: tokens, models, files, actions and their tasks, failure dumps, lists."""

from connector_kit.anaplan.accounting import Account, account
from connector_kit.anaplan.auth import AnaplanAuth
from connector_kit.anaplan.client import Anaplan
from connector_kit.anaplan.connecting import connect
from connector_kit.anaplan.counts import Counts, Detail
from connector_kit.anaplan.dumps import DumpRow
from connector_kit.anaplan.errors import NoDumpError
from connector_kit.anaplan.files import Chunk, ChunkFile, Upload
from connector_kit.anaplan.import_source import ImportSource
from connector_kit.anaplan.lists import ItemFailure, ListItems, ListOutcome
from connector_kit.anaplan.model import ModelClient
from connector_kit.anaplan.oauth import device_login
from connector_kit.anaplan.regions import Hosts, hosts
from connector_kit.anaplan.results import ActionResult, TaskResult
from connector_kit.anaplan.tasks import Polling

__all__ = [
    "Account",
    "ActionResult",
    "Anaplan",
    "AnaplanAuth",
    "Chunk",
    "ChunkFile",
    "Counts",
    "Detail",
    "DumpRow",
    "Hosts",
    "ImportSource",
    "ItemFailure",
    "ListItems",
    "ListOutcome",
    "ModelClient",
    "NoDumpError",
    "Polling",
    "TaskResult",
    "Upload",
    "account",
    "connect",
    "device_login",
    "hosts",
]

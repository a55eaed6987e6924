"""The switches of the Anaplan tenant: every behaviour that is unsure, limits to turn, and rare states to provoke."""

from __future__ import annotations

from sandbox.core.switches import Switch, Switches

_AUTH = (
    Switch("token_seconds", int, 2100, "lifetime of an authentication token or OAuth access token"),
    Switch("certificate", ("v1_and_v2", "v2_only"), "v1_and_v2", "accepted versions of the certificate nonce"),
    Switch("certificate_skew_seconds", int, 900, "tolerated age of a v2 nonce; 0 accepts any timestamp"),
    Switch("new_password", str, "", "the integration user's password since it was changed"),
    Switch("new_certificate", str, "", "PEM of the certificate that was registered in place of the first one"),
    Switch("refresh_tokens", ("rotating", "lasting"), "rotating", "whether a refresh token is good for one use only"),
    Switch("refresh_token_seconds", int, 43_000, "life of a rotating refresh token"),
    Switch(
        "oauth_error_status", ("400", "401", "403"), "400", "HTTP status of OAuth errors, authorization_pending too"
    ),
    Switch("oauth_body", ("both", "json", "form"), "both", "forms of the body that the OAuth service takes"),
    Switch("login_refresh_token", bool, False, "a login's answer carries a refreshToken beside the token"),
    Switch(
        "device_approval", ("manual", "automatic"), "manual", "automatic: the second poll finds the device approved"
    ),
)
_LIMITS = (
    Switch("rate_capacity", int, 600, "tokens that the tenant's bucket holds"),
    Switch("rate_per_second", float, 10.0, "tokens that come back per second"),
    Switch("retry_after", ("none", "seconds", "date"), "none", "form of the Retry-After header of a 429"),
    Switch("page_cap", int, 5000, "largest page of a collection, whatever the client asks for"),
    Switch("limit_status", ("400", "413"), "400", "HTTP status for chunks or bodies over the limit"),
    Switch("export_chunk_bytes", int, 9_000_000, "size of the chunks of export files and large reads"),
    Switch("export_chunks_at", ("rows", "bytes"), "rows", "where chunks of exports end: at rows, or within them"),
    Switch("export_empty", ("header", "empty_file", "no_chunks"), "header", "what an export without rows leaves"),
    Switch("export_output", ("kept", "gone"), "kept", "gone: the chunk count turns 0 before anybody downloads it"),
    Switch("export_quoting", ("minimal", "all"), "minimal", "which fields of an export are quoted"),
    Switch("date_text", ("yyyy-MM-dd", "dd/MM/yyyy", "MM/dd/yyyy"), "yyyy-MM-dd", "dates in exports and reads"),
    Switch("number_text", ("exact", "shortest"), "exact", "numbers in exports and reads: as entered, or 1.50 as 1.5"),
    Switch("read_request_seconds", float, 0.0, "time that a large read takes"),
    Switch("read_progress_pages", ("counted", "absent"), "counted", "availablePages while a large read goes on"),
    Switch("read_page_header", ("first", "every"), "first", "which pages of a large read carry the header"),
    Switch("task_hidden_looks", int, 0, "looks at a task that was just started which are answered with 404"),
    Switch("task_history", int, 100, "tasks of an action that stay listed"),
)
_MODEL = (
    Switch("busy_blocks", bool, True, "calls other than about actions and tasks wait while an action holds the model"),
    Switch("cancelling", bool, True, "a running task that is being cancelled shows the state CANCELLING"),
    Switch("extra_task_seconds", float, 0.0, "time that every action takes beyond the base duration"),
    Switch("cold_start_seconds", float, 0.0, "time that the first call on a closed model takes"),
    Switch("complete_seconds", float, 0.0, "time that completing an upload takes"),
    Switch("refusal_body", ("integration", "message", "empty", "html"), "integration", "body of 422, 423, 424 and 425"),
    Switch("locked_refuses", ("writes", "everything"), "writes", "what a locked model answers with 423"),
    Switch("deployed_refuses", ("structure", "writes"), "structure", "what a deployed model answers with 425"),
    Switch("list_items_lost", int, 0, "items at the end of a list write that are left as they are, without a failure"),
    Switch("list_delete_answer", ("counts", "result"), "counts", "counts of a delete: at the top, or within result"),
    Switch("transactional_role", ("any", "admin"), "any", "who may read and write list items, views and cells"),
    Switch("cells_locked", bool, False, "cell access forbids writing cells; imports write them all the same"),
    Switch("empty_failures", bool, False, "list writes without failures carry an empty failures array"),
    Switch("timestamp_suffix", ("Z", "+0000"), "Z", "how the timestamps of errors end"),
    Switch("serial_moves", ("changes", "every_action"), "changes", "what gives a model its next serial number"),
    Switch("serial_number", ("string", "number"), "string", "JSON type of a model's lastSavedSerialNumber"),
)
_FILES = (
    Switch(
        "missing_chunk",
        ("uploadedFileNoLongerAvailable", "importFailedGeneralError", "load_partial"),
        "uploadedFileNoLongerAvailable",
        "an import of an upload with missing chunks, or of an uncompleted one",
    ),
    Switch("zero_chunks", ("empties", "keeps"), "empties", "chunkCount 0: the file is empty, or the old content stays"),
    Switch("bom", ("strip", "keep"), "strip", "a byte order mark before the header"),
)
_IMPORTS = (
    Switch(
        "list_duplicates", ("first", "reject_import"), "first", "a list import's key that comes twice in the source"
    ),
    Switch("list_property_error", ("warning", "failed"), "warning", "a list row with a bad property: in part, or not"),
    Switch(
        "workspace_full",
        ("no", "ignored", "uncounted"),
        "no",
        "list imports add nothing and are successful: new items count as ignored, or nowhere",
    ),
    Switch("unique_naming", bool, True, "list imports append ~1, ~2, ... to names that are taken; else the row fails"),
    Switch("name_limit", int, 60, "longest list item name; 0 for no limit"),
    Switch("blank_cells", ("clear", "keep"), "clear", "a blank source cell empties the target or leaves it"),
    Switch("missing_column", ("missing_fields", "drop"), "missing_fields", "a mapped column that the file lacks"),
    Switch("module_duplicates", ("last", "sum"), "last", "rows of a module import for the same cells"),
    Switch("module_bad_cell", ("row", "cell"), "row", "what an unreadable value keeps out: its row or its cell"),
    Switch(
        "module_values",
        ("rows", "cells", "none", "absent"),
        "rows",
        "keys in the details of module imports; absent: no counts in the text either",
    ),
    Switch("rows_lost", int, 0, "rows at the end of an import's file that are neither loaded nor counted"),
    Switch("all_rows_failed", ("successful", "failed"), "successful", "an import of which every row failed"),
    Switch("dump_line_offset", int, 0, "what is added to the line numbers of failure dumps"),
    Switch("dump_separator", ("source", "comma"), "source", "separator of failure dumps"),
    Switch("dump_kept", ("import", "user"), "import", "a dump ends with the user's next run of its import, or of any"),
    Switch("dump_encoding", ("utf-8", "source"), "utf-8", "encoding of failure dumps"),
    Switch("process_after_failure", ("stop", "continue"), "stop", "the actions after one that failed in a process"),
    Switch("nested_names", bool, False, "failed nested results carry objectName"),
)


def switches() -> Switches:
    """All of them."""
    return Switches((*_AUTH, *_LIMITS, *_MODEL, *_FILES, *_IMPORTS))

from __future__ import annotations

import gzip
import threading

import pytest

from connector_kit.anaplan import ChunkFile
from connector_kit.errors import NotFoundError, RefusedError, UnavailableError

FILE = "113000000001"


@pytest.fixture
def parts(tmp_path):
    def made(count):
        chunks = []
        for index in range(count):
            path = tmp_path / f"{index}.gz"
            path.write_bytes(gzip.compress(f"row {index}\n".encode()))
            chunks.append(ChunkFile(path))
        return chunks

    return made


@pytest.fixture
def file(fake, root, reply):
    """A file that takes everything; its path."""
    path = f"{root}/files/{FILE}"
    fake.on("POST", path, {"file": {"id": FILE, "chunkCount": 0}})
    fake.on("POST", f"{path}/complete", {"file": {"id": FILE}})
    fake.on("PUT", rf"{path}/chunks/\d+", reply(204))
    return path


def received(fake, path):
    return {int(r.path.rpartition("/")[2]): gzip.decompress(r.body) for r in fake.sent("PUT", rf"{path}/chunks/\d+")}


def test_the_count_comes_first_then_every_chunk(fake, model, file, parts):
    upload = model.upload(FILE, parts(9), parallel=4)
    first = fake.sent("POST", file)[0]
    assert first.json == {"chunkCount": 9}
    assert fake.requests.index(first) == 1
    assert received(fake, file) == {i: f"row {i}\n".encode() for i in range(9)}
    assert upload.chunks == 9
    assert upload.bytes_sent == sum(len(r.body) for r in fake.sent("PUT", ".*"))
    assert {r.headers["content-type"] for r in fake.sent("PUT", ".*")} == {"application/x-gzip"}
    assert not fake.sent("POST", f"{file}/complete")


def test_chunks_that_are_still_being_written_are_completed_at_the_end(fake, model, file, parts):
    upload = model.upload(FILE, iter(parts(5)))
    assert fake.sent("POST", file)[0].json == {"chunkCount": -1}
    assert fake.sent("POST", f"{file}/complete")[0].json == {"id": FILE}
    assert fake.requests[-1].path.endswith("/complete")
    assert upload.chunks == 5


@pytest.mark.parametrize("trouble", ["reset", "500", "503", "200", "429"])
def test_a_chunk_in_trouble_is_sent_again(fake, model, file, parts, reply, trouble):
    bad = reply(reset=True) if trouble == "reset" else reply(int(trouble), headers={"Retry-After": "0"})
    fake.on("PUT", f"{file}/chunks/2", bad, bad, reply(204))
    assert model.upload(FILE, parts(4)).chunks == 4
    assert received(fake, file)[2] == b"row 2\n"
    assert len(fake.sent("PUT", f"{file}/chunks/2")) == 3


@pytest.mark.parametrize("count_known", [True, False])
def test_a_chunk_that_fails_for_good_fails_the_upload_by_name(fake, model, file, parts, reply, count_known):
    fake.on("PUT", f"{file}/chunks/3", reply(500))
    chunks = parts(6)
    with pytest.raises(UnavailableError, match=rf"file {FILE}, chunk 4{' of 6' if count_known else ''}: got HTTP 500"):
        model.upload(FILE, chunks if count_known else iter(chunks), parallel=2)
    assert not fake.sent("POST", f"{file}/complete")


def test_the_last_chunk_is_accounted_for_like_the_others(fake, model, file, parts, reply):
    fake.on("PUT", f"{file}/chunks/4", reply(500))
    with pytest.raises(UnavailableError, match="chunk 5 of 5"):
        model.upload(FILE, parts(5), parallel=4)


def test_chunks_travel_in_parallel(fake, model, file, parts, reply):
    together = threading.Barrier(4, timeout=10)

    def slow(_):
        together.wait()
        return reply(204)

    fake.on("PUT", rf"{file}/chunks/\d+", slow)
    assert model.upload(FILE, parts(8), parallel=4).chunks == 8


def test_no_chunks_are_refused_because_an_old_upload_would_be_imported(fake, model, file):
    with pytest.raises(RefusedError, match="what was uploaded before"):
        model.upload(FILE, [])
    assert not fake.requests


def test_more_than_a_thousand_chunks_are_refused_before_anything_is_sent(fake, model, file, parts):
    with pytest.raises(RefusedError, match=r"at most 1000 chunks, got 1001\. Raise chunk_size_mb"):
        model.upload(FILE, parts(1) * 1001)
    assert not fake.requests


def test_a_file_that_anaplan_made_anew_is_not_filled(fake, model, file, parts):
    fake.on("POST", file, {"file": {"id": 113000000099, "name": FILE, "chunkCount": 3}})
    with pytest.raises(NotFoundError, match="a new file 113000000099"):
        model.upload(FILE, parts(3))
    assert not fake.sent("PUT", ".*")


def test_a_spool_that_changes_under_the_upload_is_noticed(fake, model, file, parts):
    class Shrinking(list):
        def __len__(self):
            return 5

    with pytest.raises(UnavailableError, match="expected 5 confirmed chunks, got 3"):
        model.upload(FILE, Shrinking(parts(3)))


def test_a_download_comes_chunk_by_chunk(fake, model, root, reply):
    path = f"{root}/files/116000000001/chunks"
    fake.on("GET", path, {"chunks": [{"id": "0", "name": "Chunk 0"}, {"id": 1}]})
    fake.on("GET", f"{path}/0", reply(200, b"Code,Na"))
    fake.on("GET", f"{path}/1", reply(503), reply(200, b"me\n"))
    assert list(model.download("116000000001")) == [b"Code,Na", b"me\n"]


def test_a_chunk_that_the_list_leaves_out_is_noticed(fake, model, root, reply):
    path = f"{root}/files/116000000001/chunks"
    fake.on("GET", path, {"chunks": [{"id": "0", "name": "Chunk 0"}]})
    fake.on("GET", f"{path}/0", reply(200, b"Code\n"))
    fake.on("GET", f"{path}/1", reply(200, b"more\n"))
    with pytest.raises(RefusedError, match=r"behind chunk 1.*more than Anaplan counted"):
        list(model.download("116000000001"))


def test_a_file_without_content_is_not_an_empty_file(fake, model, root):
    fake.on("GET", f"{root}/files/116000000001/chunks", {"status": {"code": 200}})
    with pytest.raises(NotFoundError, match="without content"):
        model.download("116000000001")


def test_a_chunk_that_is_too_large_for_a_proxy_names_the_setting(fake, model, file, parts, reply):
    fake.on("PUT", rf"{file}/chunks/\d+", reply(413, b"<html>413 Request Entity Too Large</html>"))
    with pytest.raises(RefusedError, match=r"chunk 1 of 1.*HTTP 413.*lower chunk_size_mb"):
        model.upload(FILE, parts(1))


@pytest.mark.parametrize(
    ("back", "same"),
    [
        ([b"row 0\nrow 1\n", b"row 2\n"], True),
        ([b"row 0\n", b"row 1\nrow 2\n"], True),
        ([b"row 0\nrow 1\nrow 2\n"], True),
        ([b"row 0\nrow 1\nrow X\n"], False),
        ([b"row 00\nrow 1\nrow 2\n"], False),
        ([b"row 1\n"], False),
        ([], None),
        ([b""], None),
    ],
)
def test_a_file_is_compared_with_what_was_uploaded_however_it_is_cut(fake, model, root, reply, parts, back, same):
    chunks = [{"id": str(at), "name": f"Chunk {at}"} for at in range(len(back))]
    fake.on("GET", f"{root}/files/{FILE}/chunks", {"chunks": chunks} if chunks else {})
    for at, body in enumerate(back):
        fake.on("GET", f"{root}/files/{FILE}/chunks/{at}", reply(200, body))
    assert model.still_holds(FILE, parts(3)) is same
    asked = 2 if back == [b""] else len(back[-1:])  # what is empty may have been cut: it is asked for once more
    assert len(fake.sent("GET", rf"{root}/files/{FILE}/chunks/\d+")) == asked


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_a_file_that_is_not_given_back_can_not_be_compared(fake, model, root, reply, parts, status):
    fake.on("GET", f"{root}/files/{FILE}/chunks", reply(status))
    assert model.still_holds(FILE, parts(1)) is None

"""Rates, places, sizes, times: refusals that are clean, carry help, and pass."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import anyio
import pytest

from rag.server.limits import AddressKeys, AnswerPool, AnswerTimeoutError, BusyError, Rate, RateLimits, RateStorageError
from rag.server.protocol import PatientProtocol

from .apis import asking, make_api, options, served
from .fakes import FakeAssistant

QUESTION = {"question": "zoloft?", "country": "GB"}


def post(url, body=QUESTION, path="/v1/chat", timeout=30):
    """Ask over a connection of its own, and return status, headers and body."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=timeout)
    try:
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.headers, json.loads(answer.read())
    finally:
        connection.close()


def countries(problem):
    return {line["country"] for line in problem["crisis_lines"]}


def test_a_person_over_the_rate_gets_crisis_lines_of_their_country(library):
    with asking(library, options(rate_per_person="2/hour")) as client:
        statuses = [client.post("/v1/chat", json=QUESTION).status_code for _ in range(3)]
        refused = client.post("/v1/chat", json=QUESTION)
    assert statuses == [200, 200, 429]
    assert int(refused.headers["retry-after"]) == refused.json()["retry_after"] > 0
    assert countries(refused.json()) == {"GB"}
    assert refused.json()["help"]


def test_each_address_key_and_site_has_its_own_rate(library, tmp_path):
    key = "k" * 32
    given = options(tmp_path, rate_per_person="1/hour", rate_per_key="3/hour", rate_per_site="5/hour", api_keys=key)
    desk = {"Origin": "https://help.example.org"}
    with asking(library, given, address="203.0.113.7") as client:

        def status(**headers):
            return client.post("/v1/chat", json=QUESTION, headers=headers).status_code

        assert [status(**desk), status(**desk)] == [200, 429]
        assert status(Origin="https://clinic.example.org") == 200
        with_key = {"Authorization": f"Bearer {key}"}
        assert [status(**with_key) for _ in range(4)] == [200, 200, 200, 429]


def test_a_site_as_a_whole_has_a_rate(library, tmp_path):
    with asking(library, options(tmp_path, rate_per_site="2/hour")) as client:
        desk = {"Origin": "https://help.example.org"}
        assert [client.post("/v1/chat", json=QUESTION, headers=desk).status_code for _ in range(3)] == [200, 200, 429]
        assert client.post("/v1/chat", json=QUESTION).status_code == 200


def test_reading_has_a_rate_of_its_own(library):
    with asking(library, options(reading_rate="1/hour")) as client:
        assert [client.get("/v1/sources").status_code for _ in range(2)] == [200, 429]
        assert client.post("/v1/chat", json=QUESTION).status_code == 200
        assert client.get("/healthz").status_code == 200


def test_a_home_has_one_key_and_no_key_tells_the_address():
    keys = AddressKeys(b"secret")
    assert keys("2001:db8:1:2::1") == keys("2001:db8:1:2:ffff::9") != keys("2001:db8:1:3::1")
    assert keys("::ffff:203.0.113.7") == keys("203.0.113.7") != keys("203.0.113.8")
    assert keys("not an address") == keys("another")
    assert "203" not in keys("203.0.113.7")
    assert keys("203.0.113.7") != AddressKeys(b"other")("203.0.113.7")


def test_rates_are_counted_here_while_the_shared_store_is_away(caplog):
    class Away:
        async def hit(self, *_who):
            raise ConnectionError("redis://:password@host")

    limits = RateLimits()
    limits._shared = Away()

    async def count():
        return [await limits.wait_for(Rate("1/hour", ("person", "x"))) for _ in range(2)]

    first, second = anyio.run(count)
    assert (first, second > 0) == (0, True)
    assert "out of reach" in caplog.text
    assert "password" not in caplog.text


def test_a_store_that_cannot_be_used_is_told_without_its_password():
    for address in ("nonsense://:password@host", "redis://:password@host:port"):
        with pytest.raises(RateStorageError) as caught:
            RateLimits.open(address)
        assert "password" not in str(caught.value)


def run_pool(use, **values):
    async def run():
        pool = AnswerPool(**{"workers": 1, "waiting": 1, "patience": 5.0, "limit": 5.0, **values})
        try:
            return await use(pool)
        finally:
            pool.close()

    return anyio.run(run)


def test_one_too_many_is_refused_at_once_and_a_place_comes_free():
    go = threading.Event()

    async def use(pool):
        tasks = [asyncio.create_task(pool.call(lambda: go.wait(5))) for _ in range(2)]
        await asyncio.sleep(0.05)
        assert (pool.working, pool.waiting) == (1, 1)
        with pytest.raises(BusyError):
            await pool.call(lambda: True)
        go.set()
        assert await asyncio.gather(*tasks) == [True, True]
        await asyncio.sleep(0.05)
        assert (pool.working, pool.waiting) == (0, 0)
        assert await pool.call(lambda: 1) == 1

    run_pool(use)


def test_waiting_ends_after_a_while():
    go = threading.Event()

    async def use(pool):
        task = asyncio.create_task(pool.call(lambda: go.wait(5)))
        await asyncio.sleep(0.05)
        with pytest.raises(BusyError):
            await pool.call(lambda: True)
        go.set()
        await task

    run_pool(use, patience=0.1)


def test_an_answer_that_takes_too_long_is_given_up_and_keeps_its_place_until_it_returns():
    go = threading.Event()

    async def use(pool):
        with pytest.raises(AnswerTimeoutError):
            await pool.call(lambda: go.wait(5))
        assert pool.working == 1
        go.set()
        await asyncio.sleep(0.05)
        assert pool.working == 0

    run_pool(use, limit=0.1)


def test_nobody_works_on_for_a_client_that_has_gone():
    steps = []

    def answer():
        for step in range(100):
            steps.append(step)
            time.sleep(0.01)
            yield step

    async def use(pool):
        events = pool.events(answer)
        await anext(events)
        await events.aclose()
        await asyncio.sleep(0.3)
        assert pool.working == 0

    run_pool(use)
    assert len(steps) < 10


def test_a_full_server_answers_503_with_crisis_lines_and_recovers(library):
    given = options(max_waiting=0)
    app = make_api(library, given, FakeAssistant(library, pause=0.05), max_concurrency=1)
    with served(app, given) as url, ThreadPoolExecutor(8) as crowd:
        found = list(crowd.map(lambda _: post(url), range(8)))
        assert {status for status, _, _ in found} == {200, 503}
        refused = next(item for item in found if item[0] == 503)
        assert refused[2]["code"] == "busy"
        assert int(refused[1]["Retry-After"]) > 0
        assert countries(refused[2]) == {"GB"}
        assert post(url)[0] == 200


def test_a_slow_answer_is_a_504_with_crisis_lines(library):
    given = options(answer_seconds=0.2)
    with asking(library, given, FakeAssistant(library, pause=0.4)) as client:
        refused = client.post("/v1/chat", json=QUESTION)
        assert (refused.status_code, refused.json()["code"]) == (504, "timed-out")
        assert countries(refused.json()) == {"GB"}


@pytest.fixture(scope="module")
def small(library):
    given = options(request_seconds=1.0, max_body_bytes=20_000)
    with served(make_api(library, given), given) as url:
        yield url


def sending(url, head, body=b"", timeout=15):
    """Send bytes as they are and return what comes back until the server closes."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=timeout) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + body)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received.decode()


def head(*lines):
    return "\n".join(["POST /v1/chat HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", *lines, "", ""])


def test_a_body_of_a_gigabyte_is_refused_before_it_is_sent(small):
    start = time.perf_counter()
    received = sending(small, head(f"Content-Length: {2**30}"))
    assert time.perf_counter() - start < 1
    assert received.startswith("HTTP/1.1 413")
    assert '"code":"too-large"' in received
    assert "crisis_lines" in received


def test_a_body_without_length_is_counted(small):
    chunk = b"2710\r\n" + b"x" * 10_000 + b"\r\n"
    received = sending(small, head("Transfer-Encoding: chunked"), chunk * 3)
    assert received.startswith("HTTP/1.1 413")


def test_a_body_without_length_may_be_small(small):
    body = json.dumps(QUESTION).encode()
    chunked = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    received = sending(small, head("Transfer-Encoding: chunked", "Connection: close"), chunked)
    assert received.startswith("HTTP/1.1 200")


@pytest.mark.parametrize("length", ["-1", "1_0", "99999999999999999999999999999999", "x"])
def test_a_length_that_is_none_is_refused(small, length):
    received = sending(small, head(f"Content-Length: {length}"))
    assert received.startswith(("HTTP/1.1 400", "HTTP/1.1 413"))


def test_a_body_that_drips_is_given_up(small):
    start = time.perf_counter()
    received = sending(small, head("Content-Length: 1000"), b'{"q')
    assert received.startswith("HTTP/1.1 408")
    assert 0.9 < time.perf_counter() - start < 5


def test_a_head_that_drips_is_cut_off(small):
    parts = urlsplit(small)
    start = time.perf_counter()
    with socket.create_connection((parts.hostname, parts.port), timeout=15) as connection:
        try:
            for letter in b"POST /v1/chat HTTP/1.1\r\nHost: 127.0.0.1\r\n":
                connection.sendall(bytes([letter]))
                time.sleep(0.1)
            pytest.fail("the server waited")
        except OSError:
            pass
    assert time.perf_counter() - start < 4


def test_a_connection_may_be_used_again_and_has_a_deadline_for_each_head(small):
    connection = http.client.HTTPConnection(urlsplit(small).netloc, timeout=15)
    for _ in range(3):
        connection.request("GET", "/healthz")
        assert connection.getresponse().read()
        time.sleep(0.5)
    connection.close()
    assert PatientProtocol.head_seconds == 10.0


def test_a_thousand_connections_at_once_are_answered_or_refused_cleanly(library):
    given = options(max_waiting=50)
    app = make_api(library, given, max_concurrency=2)

    async def one(address):
        reader, writer = await asyncio.open_connection(*address)
        body = json.dumps(QUESTION).encode()
        writer.write(head(f"Content-Length: {len(body)}", "Connection: close").replace("\n", "\r\n").encode() + body)
        received = await reader.read()
        writer.close()
        return received

    async def crowd(url):
        parts = urlsplit(url)
        return await asyncio.gather(*(one((parts.hostname, parts.port)) for _ in range(1000)))

    with served(app, given) as url:
        answers = asyncio.run(crowd(url))
        statuses = [answer[:12] for answer in answers]
        assert set(statuses) <= {b"HTTP/1.1 200", b"HTTP/1.1 503"}
        assert statuses.count(b"HTTP/1.1 200") >= 50
        for answer in answers:
            payload = json.loads(answer.partition(b"\r\n\r\n")[2])
            assert payload["crisis_lines"] if payload.get("status") == 503 else payload["statements"]
        assert post(url)[0] == 200

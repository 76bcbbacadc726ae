import httpx
import pytest

from agents.exposition import Exposition, ExpositionParser, MetricsError, fetch
from agents.temporal.metrics import SERVER, sanitized

REQUESTS = b'service_requests{service_name="frontend"} 3\n'
SECONDS = b'service_latency_bucket{service_name="frontend",le="0.001"} 1\n'
URL = "http://metrics.test/metrics"


def parse(text: bytes, piece: int = 7) -> Exposition:
    parser = ExpositionParser(SERVER)
    for start in range(0, len(text), piece):
        parser.feed(text[start : start + piece])
    return parser.finish()


def client(response: httpx.Response | Exception) -> httpx.AsyncClient:
    def answer(request: httpx.Request) -> httpx.Response:
        if isinstance(response, Exception):
            raise response
        return response

    return httpx.AsyncClient(transport=httpx.MockTransport(answer))


class TestParser:
    @pytest.mark.parametrize("piece", [1, 7, 10_000])
    def test_pieces_may_end_anywhere(self, piece: int) -> None:
        found = parse(REQUESTS + b'memory_heapinuse{service_name="history"} 6.5e+07', piece)

        assert found.values["memory_heapinuse"] == {(("service_name", "history"),): 6.5e7}

    def test_what_is_not_on_the_list_is_left_out(self) -> None:
        found = parse(b"# TYPE x counter\nhistory_size{} 1\n" + REQUESTS)

        assert set(found.values) == {"service_requests"}

    def test_a_counter_may_end_in_total(self) -> None:
        found = parse(b'service_requests_total{service_name="frontend"} 3\n')

        assert found.values["service_requests"] == {(("service_name", "frontend"),): 3.0}

    def test_a_label_may_hold_quotes_and_braces(self) -> None:
        found = parse(REQUESTS + b'service_errors{operation="a\\"}b",service_name="x"} 2\n')

        assert found.values["service_errors"] == {
            (("operation", 'a\\"}b'), ("service_name", "x")): 2.0
        }

    def test_a_series_may_have_no_labels_and_a_time(self) -> None:
        found = parse(REQUESTS + b"gomaxprocs 4 1700000000000\n")

        assert found.values["gomaxprocs"] == {(): 4.0}

    def test_not_a_number_is_no_value(self) -> None:
        found = parse(REQUESTS + b"gomaxprocs NaN\n")

        assert "gomaxprocs" not in found.values

    @pytest.mark.parametrize("line", [b'service_requests{a="b"} x\n', b"gomaxprocs\n"])
    def test_an_unreadable_line_spoils_the_answer(self, line: bytes) -> None:
        with pytest.raises(MetricsError, match="unreadable line"):
            parse(REQUESTS + line)

    def test_a_bucket_without_a_bound_spoils_the_answer(self) -> None:
        with pytest.raises(MetricsError, match="without a bound"):
            parse(b'task_schedule_to_start_latency_bucket{a="b"} 1\n')

    def test_another_programs_metrics_are_refused(self) -> None:
        with pytest.raises(MetricsError, match="not the metrics of a Temporal server"):
            parse(b"temporal_worker_task_slots_used 3\n")

    def test_an_endless_line_is_refused(self) -> None:
        parser = ExpositionParser(SERVER)

        with pytest.raises(MetricsError, match="a line of more than"):
            parser.feed(b"x" * 2_000_000)


class TestUnits:
    """Times come out in milliseconds."""

    WAIT = b'task_schedule_to_start_latency%s_bucket{le="%s"} 5\n'
    SUM = b"service_latency%s_sum 2\nservice_latency%s_count 1\n"

    def bucket_bounds(self, found: Exposition) -> list[float]:
        return list(found.buckets["task_schedule_to_start_latency"][()])

    def test_seconds_by_the_first_bound(self) -> None:
        found = parse(REQUESTS + SECONDS + self.WAIT % (b"", b"0.2") + self.SUM % (b"", b""))

        assert self.bucket_bounds(found) == [200]
        assert found.values["service_latency_sum"] == {(): 2000}
        assert found.values["service_latency_count"] == {(): 1}

    def test_milliseconds_by_the_first_bound(self) -> None:
        probe = b'service_latency_bucket{le="1"} 1\n'

        found = parse(REQUESTS + probe + self.WAIT % (b"", b"200") + self.SUM % (b"", b""))

        assert self.bucket_bounds(found) == [200]
        assert found.values["service_latency_sum"] == {(): 2}

    def test_milliseconds_by_name(self) -> None:
        name = b"_milliseconds"

        found = parse(REQUESTS + self.WAIT % (name, b"200") + self.SUM % (name, name))

        assert self.bucket_bounds(found) == [200]
        assert found.values["service_latency_sum"] == {(): 2}

    def test_seconds_by_name(self) -> None:
        name = b"_seconds"

        found = parse(REQUESTS + self.WAIT % (name, b"0.2") + self.SUM % (name, name))

        assert self.bucket_bounds(found) == [200]

    def test_an_unknown_unit_gives_no_times_at_all(self) -> None:
        probe = b'service_latency_bucket{le="0.5"} 1\n'

        found = parse(REQUESTS + probe + self.WAIT % (b"", b"200") + self.SUM % (b"", b""))

        assert not found.unit_known
        assert found.buckets == {}
        assert set(found.values) == {"service_requests"}

    def test_the_last_bucket_is_unbounded(self) -> None:
        found = parse(REQUESTS + SECONDS + self.WAIT % (b"", b"+Inf"))

        assert self.bucket_bounds(found) == [float("inf")]


class TestFetch:
    async def test_it_reads_an_endpoint(self) -> None:
        async with client(httpx.Response(200, content=REQUESTS)) as http:
            found = await fetch(http, URL, 1000, SERVER)

        assert found.values["service_requests"] == {(("service_name", "frontend"),): 3.0}

    async def test_an_error_status_is_its_code(self) -> None:
        async with client(httpx.Response(503)) as http:
            with pytest.raises(MetricsError) as caught:
                await fetch(http, URL, 1000, SERVER)

        assert caught.value.code == "http_503"

    async def test_it_stops_reading_at_the_cap(self) -> None:
        async with client(httpx.Response(200, content=REQUESTS * 100)) as http:
            with pytest.raises(MetricsError) as caught:
                await fetch(http, URL, 1000, SERVER)

        assert caught.value.code == "too_large"

    @pytest.mark.parametrize(
        ("error", "code"),
        [(httpx.ConnectError("refused"), "unreachable"), (httpx.ReadTimeout("late"), "timeout")],
    )
    async def test_a_broken_transport_has_a_code(self, error: Exception, code: str) -> None:
        async with client(error) as http:
            with pytest.raises(MetricsError) as caught:
                await fetch(http, URL, 1000, SERVER)

        assert caught.value.code == code


def test_names_are_sanitized_as_the_server_does() -> None:
    assert sanitized("woa-main.v2/é") == "woa_main_v2__"

from temporalio.service import RPCStatusCode

from agents.temporal import TemporalCollector
from tests.agents.contract import CollectorContract
from tests.agents.temporal.fake import refusal
from tests.agents.temporal.scenes import busy_shop


class TestTemporalCollector(CollectorContract):
    def collector(self) -> TemporalCollector:
        return busy_shop().collector

    def broken(self) -> TemporalCollector:
        shop = busy_shop()
        gone = refusal(RPCStatusCode.UNAVAILABLE, "tcp connect error")
        for call in ("Health.Check", "GetSystemInfo"):
            shop.temporal.fail(call, gone)
        return shop.collector


class TestWithoutMetrics(TestTemporalCollector):
    def collector(self) -> TemporalCollector:
        shop = busy_shop()
        shop.configure(metrics_urls=())
        return shop.collector

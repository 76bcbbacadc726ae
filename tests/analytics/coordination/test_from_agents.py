"""What an agent saw of an orchestrator, and what is found in it."""

from analytics.coordination.monitor import CoordinationMonitor
from contracts.events import CoordinationEvent
from tests.agents.airflow.scenes import busy


async def test_a_scheduler_of_airflow_that_crashes_again_and_again() -> None:
    scene, found = busy(), list[CoordinationEvent]()
    scene.server.scheduler(2, "host-2")
    for job in range(3, 8):
        batch = await scene.scrape()
        found += [each for each in batch.events if isinstance(each, CoordinationEvent)]
        scene.server.schedulers.pop()
        scene.server.scheduler(job, "host-2", started_s_ago=3)
    await scene.collector.aclose()
    (issue,) = CoordinationMonitor().detect_coordination_issues(found)
    (storm,) = issue.occurrences

    assert (issue.type, storm.participants) == ("restart_storm", ("host-2",))
    assert storm.measured == {"restarts": 4}
    assert issue.evidence == "host-2 began again 4 times in 90 s."  # one scrape each 30 s

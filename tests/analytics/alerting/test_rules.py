"""What a rule file may say."""

import pytest

from analytics.alerting.rules import Rule, Threshold, read_pack
from contracts.orchestrator import OrchestratorType

RULE = {
    "name": "LOW",
    "message": "score {health_score:.1f}",
    "severity": "warning",
    "route": "ticket",
    "when": [{"signal": "health_score", "below": 0.7}],
}


def pack(**changes: object) -> str:
    rule = RULE | changes
    return f"name: mine\nrules: [{rule!r}]".replace("None", "null").replace("True", "true")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"when": [{"signal": "health_scor", "below": 0.7}]}, "no signal is called health_scor"),
        ({"when": [{"signal": "health_score"}]}, "give one of"),
        ({"when": [{"signal": "health_score", "below": 1, "above": 2}]}, "give one of"),
        ({"when": [{"signal": "health_score", "below": 0.7, "clear": 0.6}]}, "beyond the limit"),
        ({"when": []}, "at least 1"),
        ({"message": "{status}"}, "no condition knows"),
        ({"message": "{}"}, "no condition knows"),
        ({"for": 3}, "Extra inputs"),
        ({"for_s": -1}, "greater than or equal"),
    ],
)
def test_a_mistake_is_told_in_words(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_pack(pack(**changes))


@pytest.mark.parametrize("text", ["a: [", "", "[]", "name: mine\nrules: []"])
def test_what_is_no_pack_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"YAML|RulePack"):
        read_pack(text)


def test_names_differ() -> None:
    with pytest.raises(ValueError, match="rules of one name: LOW"):
        read_pack(f"name: mine\nrules: [{RULE!r}, {RULE!r}]")


def test_a_kind_of_orchestrator_may_have_its_own_limit_or_none() -> None:
    rule = Rule.model_validate(
        RULE
        | {
            "per_orchestrator": {
                "airflow": {"when": [{"signal": "health_score", "below": 0.5}], "for_s": 9},
                "argo": {"enabled": False},
            }
        }
    )
    airflow = rule.of(OrchestratorType.AIRFLOW)

    assert airflow is not None
    assert airflow.for_s == 9
    assert airflow.when == (Threshold(signal="health_score", below=0.5),)
    assert rule.of(OrchestratorType.ARGO) is None
    assert rule.of(OrchestratorType.TEMPORAL) is rule
    assert rule.of(None) is rule

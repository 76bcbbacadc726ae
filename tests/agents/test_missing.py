from agents.missing import Gaps, Missing, combine, known_or, over, total

WHY = Missing("nobody knows")


def test_a_change_of_nothing_is_nothing() -> None:
    assert over(lambda value: value + 1, WHY) == WHY
    assert over(lambda value: value + 1, 1) == 2


def test_two_values_make_one_only_when_both_are_known() -> None:
    assert combine(lambda a, b: a + b, 1, 2) == 3
    assert combine(lambda a, b: a + b, WHY, 2) == WHY
    assert combine(lambda a, b: a + b, 1, WHY) == WHY


def test_a_sum_with_an_unknown_addend_is_unknown_and_says_how_much_of_it() -> None:
    parts: list[int | Missing] = [1, WHY, 2]

    found = total(parts)

    assert found == Missing("1 of 3 parts are unknown, e.g. nobody knows")


def test_a_sum_of_known_addends_is_known() -> None:
    assert total([1, 2]) == 3
    assert total([]) == 0


def test_zero_is_known() -> None:
    assert known_or(0, 5) == 0
    assert known_or(WHY, 5) == 5


class TestGaps:
    def test_what_is_missing_becomes_null_with_its_reason(self) -> None:
        gaps = Gaps()

        assert gaps.take("/a", WHY) is None
        assert gaps.take("/b", 0) == 0
        assert gaps.reasons == {"/a": "nobody knows"}

    def test_an_estimate_is_noted_only_when_there_is_one(self) -> None:
        gaps = Gaps()

        gaps.take("/a", WHY, estimated=True)
        gaps.take("/b", 1, estimated=True)

        assert gaps.estimates == ["/b"]

    def test_what_holds_for_every_element_is_said_once(self) -> None:
        gaps = Gaps({"/list/0/x": "why", "/list/1/x": "why", "/list/0/y": "why", "/z": "why"})

        gaps.shorten("/list", 2)

        assert gaps.reasons == {"/list/*/x": "why", "/list/0/y": "why", "/z": "why"}

    def test_different_reasons_stay_apart(self) -> None:
        gaps = Gaps({"/list/0/x": "why", "/list/1/x": "because"})

        gaps.shorten("/list", 2)

        assert set(gaps.reasons) == {"/list/0/x", "/list/1/x"}

"""What answers say of limits, in all forms, and in none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egov_serang.core.message import Headers
from egov_serang.layers.quotas import Quota, announced

DATE = "Tue, 24 Nov 2026 12:00:00 GMT"
AT = 1_795_521_600


def read(**headers: str) -> tuple[Quota, ...]:
    return announced(Headers((name.replace("_", "-"), value) for name, value in headers.items()))


FORMS: list[tuple[dict[str, str], list[Quota]]] = [
    ({"ratelimit": '"default";r=50;t=30'}, [Quota("default", 50, 30)]),
    (
        {"ratelimit": '"default";r=0;t=3', "ratelimit_policy": '"default";q=100;w=10'},
        [Quota("default", 0, 3, 100, 10)],
    ),
    (
        {
            "ratelimit": '"burst";r=1, "daily";r=7;t=9',
            "ratelimit_policy": '"burst";q=5;w=60,"daily";q=9;w=86400;pk=:eA==:',
        },
        [Quota("burst", 1, 60, 5, 60), Quota("daily", 7, 9, 9, 86400)],
    ),
    ({"ratelimit": "default;r=2;t=1"}, [Quota("default", 2, 1)]),
    (
        {"ratelimit": '"a";r=1, "b";r=2', "ratelimit_policy": '"a";q=9;qu="content-bytes", "b";q=3;qu="requests"'},
        [Quota("b", 2, None, 3, None)],
    ),
    (
        {"ratelimit": "limit=100, remaining=50, reset=5", "ratelimit_policy": "100;w=60"},
        [Quota("ratelimit:100", 50, 5, 100, 60)],
    ),
    (
        {"ratelimit_limit": "100, 100;w=60", "ratelimit_remaining": "7", "ratelimit_reset": "30"},
        [Quota("ratelimit:100", 7, 30, 100, 60)],
    ),
    ({"ratelimit_remaining": "7"}, [Quota("ratelimit:None", 7)]),
    (
        {"x_ratelimit_limit": "60", "x_ratelimit_remaining": "0", "x_ratelimit_reset": "12"},
        [Quota("x-ratelimit:60", 0, 12, 60)],
    ),
    ({"x_ratelimit_remaining": "1", "x_ratelimit_reset": str(AT + 9), "date": DATE}, [Quota("x-ratelimit:None", 1, 9)]),
    (
        {"x_ratelimit_remaining": "1", "x_ratelimit_reset": str((AT + 9) * 1000), "date": DATE},
        [Quota("x-ratelimit:None", 1, 9)],
    ),
    ({"x_ratelimit_remaining": "1", "x_ratelimit_reset": str(AT - 9), "date": DATE}, [Quota("x-ratelimit:None", 1, 0)]),
    ({"x_ratelimit_remaining": "1", "x_ratelimit_reset": str(AT)}, [Quota("x-ratelimit:None", 1)]),
]


@pytest.mark.parametrize(("headers", "expected"), FORMS, ids=lambda v: str(v)[:60])
def test_the_forms(headers: dict[str, str], expected: list[Quota]) -> None:
    assert list(read(**headers)) == expected


NONSENSE: list[dict[str, str]] = [
    {},
    {"ratelimit": ""},
    {"ratelimit": '"default"'},
    {"ratelimit": '"default";r=-1'},
    {"ratelimit": '"default";r=1.5'},
    {"ratelimit": '"default";r="1"'},
    {"ratelimit": '"default";r'},
    {"ratelimit": '("a" "b");r=1'},
    {"ratelimit": "soon"},
    {"ratelimit": "remaining=x"},
    {"ratelimit": '"a";r=1, ' * 1000},
    {"ratelimit_policy": '"default";q=100;w=10'},
    {"ratelimit_remaining": "-1"},
    {"ratelimit_remaining": "many"},
    {"x_ratelimit_remaining": "9" * 400},
    {"x_ratelimit_remaining": "inf"},
    {"x_ratelimit_limit": "60"},
]


@pytest.mark.parametrize("headers", NONSENSE, ids=lambda v: str(v)[:60])
def test_what_makes_no_sense_is_as_good_as_silence(headers: dict[str, str]) -> None:
    assert read(**headers) == ()


def test_there_is_a_most_of_limits() -> None:
    field = ", ".join(f'"{n}";r=1' for n in range(50))
    assert len(read(ratelimit=field)) == 8


FIELDS = ("ratelimit", "ratelimit-policy", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset")
NAMES = st.sampled_from([*FIELDS, *(f"x-{name}" for name in FIELDS), "date"])
VALUES = st.one_of(
    st.text(st.characters(max_codepoint=255), max_size=60),
    st.from_regex(r'("[a-z]{0,3}"|[0-9]{1,16}|[a-z]+=)(;[rtqw]=-?[0-9]{0,16}(\.[0-9])?){0,3}', fullmatch=True),
    st.integers(-10, 10**18).map(str),
)


@given(st.dictionaries(NAMES, VALUES))
def test_nothing_a_service_writes_breaks_the_reading(headers: Any) -> None:
    for quota in announced(Headers(headers.items())):
        assert quota.remaining >= 0
        assert quota.reset is None or 0 <= quota.reset < float("inf")
        assert quota.most is None or quota.most >= 0

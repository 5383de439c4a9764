"""Required checks count only from the app that is to report them."""

from __future__ import annotations

import pytest

from orchestrator.model.pull import CheckRun, CheckState, Required
from orchestrator.policy import required

CI = 15368
TEST = Required(context="test", app=CI)


def check(name: str = "test", app: int | None = CI, state: CheckState = CheckState.GREEN) -> CheckRun:
    return CheckRun(name=name, state=state, app_id=app)


@pytest.mark.parametrize(
    ("wanted", "there", "left"),
    [
        ((), (), ()),
        ((TEST,), (check(),), ()),
        ((TEST,), (), ("test",)),
        ((TEST,), (check(app=99),), ("test",)),
        ((TEST,), (check(app=None),), ("test",)),
        ((TEST,), (check(state=CheckState.PENDING), check(app=99)), ("test",)),
        ((Required(context="test"),), (check(app=None),), ()),
        ((TEST, Required(context="lint")), (check(), check("docs")), ("lint",)),
    ],
)
def test_a_required_check_is_there_only_green_and_from_its_own_app(
    wanted: tuple[Required, ...], there: tuple[CheckRun, ...], left: tuple[str, ...]
) -> None:
    assert required.lacking(wanted, there) == left

"""Who may order what: a decision of the configuration alone."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.model.operators import Operator, Right


def of_telegram(operators: Sequence[Operator], user: int) -> Operator | None:
    return next((o for o in operators if o.telegram == user), None)


def of_login(operators: Sequence[Operator], login: str) -> Operator | None:
    """GitHub compares logins without case."""
    fold = login.casefold()
    return next((o for o in operators if o.github.casefold() == fold), None)


def may(operators: Sequence[Operator], login: str, right: Right) -> bool:
    """Whoever holds this machine may everything while no operators are listed; afterwards only those listed, as far as
    said there."""
    if not operators:
        return True
    found = of_login(operators, login)
    return found is not None and right in found.may

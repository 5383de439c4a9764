"""GitHub's refusals: status, message, errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]
DOCS = "https://docs.github.com/rest"


class ApiError(Exception):
    """An answer of status 4xx or 5xx with GitHub's body: message, errors[], documentation_url, status."""

    def __init__(
        self, status: int, message: str, errors: Sequence[Json | str] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = list(errors)
        self.headers = dict(headers or {})

    def body(self) -> Json:
        """The JSON GitHub sends."""
        body: Json = {"message": self.message, "documentation_url": DOCS, "status": str(self.status)}
        return body | ({"errors": self.errors} if self.errors else {})


def invalid(resource: str, name: str, code: str, message: str | None = None, **more: Any) -> ApiError:
    """422 Validation Failed for one field. `code`: missing, missing_field, invalid, already_exists, custom."""
    error: Json = {"resource": resource, "field": name, "code": code, **more}
    return ApiError(422, "Validation Failed", [error | ({"message": message} if message else {})])


def missing() -> ApiError:
    """404, also for what the caller may not see."""
    return ApiError(404, "Not Found")

"""Git over HTTP: `git http-backend` behind the hub's access rules, with hooks that speak GitHub's refusals.

Protocol: https://git-scm.com/docs/http-protocol, https://git-scm.com/docs/git-http-backend
"""

from __future__ import annotations

import gzip
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.hub import auth, report
from orchestrator.hub.auth import Viewer
from orchestrator.hub.errors import ApiError
from orchestrator.hub.gitops import ZERO
from orchestrator.hub.process import git
from orchestrator.hub.rules import protection, pushing
from orchestrator.hub.store import repos
from orchestrator.hub.store.repos import LEVELS, Repo

if TYPE_CHECKING:
    from orchestrator.hub.requests import Facts
    from orchestrator.hub.world import World

SPOOL_BYTES = 1 << 20

HOOK = """#!/bin/sh
# Judges one ref of a push. $HUB_VERDICTS holds what the hub decided beforehand: deny/ and noforce/ files by ref.
ref="$1"; old="$2"; new="$3"
name=$(printf %s "$ref" | tr / %)
refuse() { printf '%s' "$1" > "$HUB_VERDICTS/reason-$name"; exit 1; }
if [ -f "$HUB_VERDICTS/deny-$name" ]; then
  echo "error: GH006: Protected branch update failed for $ref." >&2
  echo "error: $(cat "$HUB_VERDICTS/deny-$name")" >&2
  refuse "protected branch hook declined"
fi
case "$old$new" in *0000000000000000000000000000000000000000*) zero=1;; *) zero=;; esac
if [ -f "$HUB_VERDICTS/noforce-$name" ] && [ -z "$zero" ] && ! git merge-base --is-ancestor "$old" "$new"; then
  echo "error: GH006: Protected branch update failed for $ref." >&2
  echo "error: Cannot force-push to this branch" >&2
  refuse "protected branch hook declined"
fi
if [ -n "$HUB_NO_WORKFLOW" ]; then
  case "$new" in 0000000000000000000000000000000000000000) exit 0;; esac
  file=$(git log --format= --name-only "$new" --not --all -- .github/workflows | sort -u | head -n 1)
  if [ -n "$file" ]; then
    case "$HUB_NO_WORKFLOW" in *App) need="\\`workflows\\` permission";; *) need="\\`workflow\\` scope";; esac
    refuse "refusing to allow $HUB_NO_WORKFLOW to create or update workflow \\`$file\\` without $need"
  fi
fi
exit 0
"""


@dataclass(frozen=True, kw_only=True)
class Command:
    """One ref of a push."""

    before: str
    after: str
    ref: str


class GitHttp:
    """The endpoint for /{owner}/{repo}.git/..."""

    def __init__(self, hub: World) -> None:
        self.hub = hub
        self.hooks = hub.root / "hooks"
        self.hooks.mkdir(exist_ok=True)
        hook = self.hooks / "update"
        hook.write_text(HOOK, encoding="utf-8")
        hook.chmod(0o755)

    async def __call__(self, request: Request) -> Response:
        """Serve info/refs, git-upload-pack or git-receive-pack."""
        owner, name = request.path_params["owner"], request.path_params["repo"].removesuffix(".git")
        action = request.url.path.split("/", 3)[3]
        service = request.query_params.get("service", "") if action == "info/refs" else action
        if service not in ("git-upload-pack", "git-receive-pack"):
            return _plain(404, "Not Found")
        try:
            viewer, repo = await run_in_threadpool(self._admit, request, owner, name, service)
        except ApiError as error:
            return _refused(error)
        # Spooled, not streamed: a large push is chunked, and Starlette's streaming answer would eat its later chunks.
        with tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES) as spool:
            size = 0
            async for chunk in request.stream():
                spool.write(chunk)
                size += len(chunk)
            spool.seek(0)
            if action == "git-receive-pack":
                return await run_in_threadpool(self._receive, request, viewer, repo, spool, size)
            return await run_in_threadpool(self._backend, request, viewer, repo, action, spool, size, {})

    def _admit(self, request: Request, owner: str, name: str, service: str) -> tuple[Viewer, Repo]:
        viewer = auth.authenticate(self.hub.db, request.headers)
        facts: Facts = request.scope["hub"]
        facts.login = viewer.user.login if viewer.user else None
        facts.token = viewer.token.token if viewer.token else None
        repo = repos.by_name(self.hub.db, owner, name)
        role = auth.role(self.hub.db, viewer, repo) if repo is not None else "none"
        if viewer.user is None and (role == "none" or service == "git-receive-pack"):
            raise ApiError(401, "Requires authentication")
        if repo is None or role == "none" or (repo.private and not viewer.grants("contents", "read")):
            raise ApiError(404, "Repository not found.")
        if service == "git-receive-pack":
            if LEVELS.index(role) < LEVELS.index("write") or not viewer.grants("contents", "write"):
                login = viewer.user.login if viewer.user else ""
                raise ApiError(403, f"Permission to {repo.full_name}.git denied to {login}.")
            if repo.archived:
                raise ApiError(403, "This repository was archived so it is read-only.")
        return viewer, repo

    def _receive(self, request: Request, viewer: Viewer, repo: Repo, spool: IO[bytes], size: int) -> Response:
        data = spool.read()
        spool.seek(0)
        if request.headers.get("content-encoding") == "gzip":
            data = gzip.decompress(data)
        commands = _commands(data)
        bare = self.hub.bare(repo)
        with tempfile.TemporaryDirectory(prefix="hub-push-") as folder:
            verdicts = Path(folder)
            self._judge(viewer, repo, commands, verdicts)
            env = {"HUB_VERDICTS": str(verdicts)}
            if not viewer.grants("workflows", "write"):
                env["HUB_NO_WORKFLOW"] = _kind(viewer)
            response = self._backend(request, viewer, repo, "git-receive-pack", spool, size, env)
            reasons = {_ref(path.name): path.read_text("utf-8") for path in verdicts.glob("reason-*")}
        if reasons:
            headers = {name: value for name, value in response.headers.items() if name != "content-length"}
            response = _plain(200, report.rewrite(bytes(response.body), reasons), headers)
        for command in commands:
            now = bare.ref(command.ref) or ZERO
            if now == command.after and command.before != command.after and not (reasons.get(command.ref)):
                pushing.after_update(self.hub, viewer, repo, command.ref, command.before, command.after)
        return response

    def _judge(self, viewer: Viewer, repo: Repo, commands: list[Command], folder: Path) -> None:
        """Write down what is known before the objects are in; the hook reads it."""
        for command in commands:
            branch = command.ref.removeprefix("refs/heads/")
            rules = protection.load(self.hub.db, repo, branch) if branch != command.ref else None
            if rules is None:
                continue
            name = command.ref.replace("/", "%")
            reason = protection.push_refusal(self.hub, viewer, repo, branch, command.before, command.after)
            if reason is not None:
                (folder / f"deny-{name}").write_text(reason, encoding="utf-8")
            if not rules.force_pushes:
                (folder / f"noforce-{name}").touch()

    def _backend(
        self, request: Request, viewer: Viewer, repo: Repo, action: str, spool: IO[bytes], size: int,
        extra: dict[str, str],
    ) -> Response:  # fmt: skip
        """Run the CGI program with the spooled body on its stdin."""
        path = self.hub.bare(repo).path.resolve()
        with tempfile.TemporaryFile() as body:
            spool.seek(0)
            while chunk := spool.read(1 << 16):
                body.write(chunk)
            body.seek(0)
            env = {
                "GIT_PROJECT_ROOT": str(path.parent), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": f"/{path.name}/{action}",
                "REQUEST_METHOD": request.method, "QUERY_STRING": request.url.query, "CONTENT_LENGTH": str(size),
                "CONTENT_TYPE": request.headers.get("content-type", ""),
                "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
                "GIT_PROTOCOL": request.headers.get("git-protocol", ""), "REMOTE_ADDR": "127.0.0.1",
                "REMOTE_USER": viewer.user.login if viewer.user else "",
                "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.hooksPath",
                "GIT_CONFIG_VALUE_0": str(self.hooks.resolve()), **extra,
            }  # fmt: skip
            done = git(path, "http-backend", stdin=body, env=env, check=False)
        head, _, answer = done.out.partition(b"\r\n\r\n")
        pairs = [line.partition(": ") for line in head.decode("latin-1").split("\r\n") if ": " in line]
        headers = {name.lower(): value for name, _, value in pairs}
        status = int(headers.pop("status", "200").split()[0])
        return _plain(status, answer, headers)


def _commands(data: bytes) -> list[Command]:
    """The ref updates at the head of a receive-pack request, up to the flush packet."""
    found, at = [], 0
    while at + 4 <= len(data):
        length = int(data[at : at + 4], 16)
        if length == 0:
            break
        line = data[at + 4 : at + length].split(b"\0", 1)[0].decode("utf-8", "replace").rstrip("\n")
        at += length
        parts = line.split(" ", 2)
        if len(parts) == 3 and len(parts[0]) == 40:
            found.append(Command(before=parts[0], after=parts[1], ref=parts[2]))
    return found


def _kind(viewer: Viewer) -> str:
    """Who is refused, in GitHub's words; the hook adds what is missing."""
    app = viewer.token is not None and viewer.token.kind == "installation"
    return "a GitHub App" if app else "a Personal Access Token"


def _ref(name: str) -> str:
    return name.removeprefix("reason-").replace("%", "/")


def _plain(status: int, body: str | bytes, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status_code=status, headers=headers or {"content-type": "text/plain; charset=utf-8"})


def _refused(error: ApiError) -> Response:
    headers = {"content-type": "text/plain; charset=utf-8"}
    if error.status == 401:
        headers["www-authenticate"] = 'Basic realm="GitHub"'
    return _plain(error.status, error.message, headers)

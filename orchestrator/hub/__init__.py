"""A GitHub-compatible server of our own: REST, GraphQL, git over HTTP, checks, boards, and faults on order.

An island: it imports nothing of orchestrator outside this package. Its state is one folder; stopped, the folder may
be copied and is a whole world.

    with Hub(root, port=0, clock_file=None, seed=0, secondary_limits=False, ci_workers=2) as hub:
        hub.url                                        # http://127.0.0.1:PORT; REST under / and /api/v3
        hub.admin.user("ada"); hub.admin.org("acme", members={"ada": "admin"})
        token = hub.admin.token("ada")                 # all; token("ada", permissions={"contents": "write"}),
                                                       # token("ada", kind="classic", scopes=["repo", "workflow"])
        hub.admin.app("agent-os", public_key_pem, installations=["acme"])
        hub.admin.repo("ada/app", files={"README.md": "# app"}, private=False, ci={"test": "python3 -m pytest -q"},
                       collaborators={"bob": "write"}, default_branch="main")
        hub.admin.board("ada", title="Sprint", options=["Backlog", "Ready", "Done"], repos=["ada/app"])  # -> number
        hub.admin.issue("ada/app", "Title", "body", author="ada", labels=["bug"], board=1, status="Ready")  # -> number
        hub.admin.set_status("ada/app", 1, "Ready", actor="ada")
        hub.admin.label / unlabel / comment / edit_issue / close / reopen ("ada/app", 1, ..., actor="bob")
        hub.admin.push("ada/app", "branch", {"path": "text", "gone": None}, author="bob")  # -> sha, a person's push
        hub.admin.open_pull / merge_pull / close_pull / review / delete_branch / protect / unprotect
        hub.admin.show("ada/app", "main", "README.md"); hub.admin.log("ada/app", "main"); hub.admin.branches("ada/app")
        hub.admin.snapshot()                           # the world without times, ids and shas, for comparing two

        hub.ci_idle(60); hub.ci_seconds("ada/app")     # wait for the jobs; seconds by commit
        hub.requests.counters; hub.requests.all()      # also GET, DELETE /_hub/requests
        hub.limits.exhaust(token)                      # as if the hour's budget were used up
        hub.db.lags.search_seconds = 2                 # search trails behind the lists

Faults (also GET, POST, DELETE /_hub/faults): `hub.faults.add(match, do)`, the words of `faults.Match` and `faults.Do`:

        hub.faults.add({"method": "POST", "path": "/pulls$", "nth": 1}, {"status": 502, "when": "after"})
        hub.faults.add({"operation": "MoveItem"}, {"graphql": [{"type": "FORBIDDEN", "message": "no"}]})
        hub.faults.add({"write": True, "nth": 3}, {"signal": pid, "sig": 9, "when": "before"})
        hub.faults.add({"path": "/user"}, {"drop": "after"})      # or latency, truncate, retry_after, lag, act
        hub.faults.add({"path": "/merge$"}, {"act": lambda: hub.admin.push("ada/app", "f", {"late": "x"})})
"""

from __future__ import annotations

from orchestrator.hub.server import Hub

__all__ = ["Hub"]

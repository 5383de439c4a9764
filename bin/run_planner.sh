#!/usr/bin/env bash
# Plans the sprints of all repositories whose cadence is due. Cron: hourly.
role=planner
. "${BASH_SOURCE[0]%/*}/_role.sh"
exit "$status"

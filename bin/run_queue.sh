#!/usr/bin/env bash
# Starts a worker for each task that can run. Cron: every minute.
role=queue
. "${BASH_SOURCE[0]%/*}/_role.sh"
exit "$status"

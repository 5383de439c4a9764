#!/usr/bin/env bash
# Ready issues become task files. Cron: every minute.
role=dispatcher
. "${BASH_SOURCE[0]%/*}/_role.sh"
exit "$status"

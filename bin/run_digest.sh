#!/usr/bin/env bash
# Tells the day in one message. Cron: every hour; it speaks once a day.
role=digest
. "${BASH_SOURCE[0]%/*}/_role.sh"
exit "$status"

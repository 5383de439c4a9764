#!/usr/bin/env bash
# Looks through the week's failures and files what they have in common. Cron: every hour; it acts on Monday 07:00 UTC.
role=log_analyzer
. "${BASH_SOURCE[0]%/*}/_role.sh"
exit "$status"

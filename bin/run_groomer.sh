#!/usr/bin/env bash
# Looks through the backlogs that are due. Cron: every hour.
role=groomer
. "${BASH_SOURCE[0]%/*}/_role.sh"
exit "$status"

#!/usr/bin/env bash
# Watches our pull requests, merges, sends back. Cron: every 5 minutes.
role=pr_monitor
. "${BASH_SOURCE[0]%/*}/_role.sh"
exit "$status"

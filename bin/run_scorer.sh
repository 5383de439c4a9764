#!/usr/bin/env bash
# Measures outcomes, keeps scores, writes the week's findings. Cron: every hour.
role=scorer
. "${BASH_SOURCE[0]%/*}/_role.sh"
exit "$status"

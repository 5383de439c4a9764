#!/usr/bin/env bash
# Takes what people say to the Telegram bot. Cron: every minute.
role=bot
. "${BASH_SOURCE[0]%/*}/_role.sh"
exit "$status"

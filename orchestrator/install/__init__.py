"""Setting an installation up and taking it away: init, crontab, timers, canary, uninstall."""

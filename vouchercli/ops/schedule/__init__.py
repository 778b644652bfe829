"""The clock: what is due, done once and in order; what comes next; and cron's or systemd's part in
it.
"""

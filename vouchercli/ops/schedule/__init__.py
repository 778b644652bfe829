"""The schedule: do the due jobs once and in order, show the jobs to come, and install the tick
in cron or systemd.
"""

"""The demo: a synthetic city, calibrated to published totals, and the story of commands that runs
its programme.
"""

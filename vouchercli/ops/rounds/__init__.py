"""A round from draft to end: drafts, approvals, amendments, plans, orders, releases. It knows no
file that comes in.
"""

"""A round from draft to end: drafts, approvals, amendments, plans, orders, releases. No incoming
file is read here.
"""

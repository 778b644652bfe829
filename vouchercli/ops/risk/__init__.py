"""Scans for abuse: columns of payments, measures, findings. It knows nothing of cases; numpy is
loaded only here.
"""

"""Reconciliation: bills and statements are held against what stands here, and what does not agree
is looked after until it is resolved. It changes no fact and no posting by itself.
"""

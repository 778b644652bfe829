"""Merchants are paid: settlements, holds, debts, what banks say. It knows nothing of how facts came
in.
"""

"""YAML that people write, read with the place of every fault: profiles, orders, documents. It opens
no table.
"""

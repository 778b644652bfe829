"""What an auditor is given: a package of all that a programme did, and samples for a spot check. It
decides nothing and moves no money.
"""

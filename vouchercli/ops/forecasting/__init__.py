"""What rounds may come to: rehearsed by past rounds before they open, scored when they are closed.
Nothing of a round is changed here.
"""

"""Lotteries: commit to a seed, publish the entrants, draw, prove. Only the clock and the command
line call it.
"""

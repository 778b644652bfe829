"""Lotteries: commit to a seed, publish the entrants, draw, prove. Only the schedule and the
command line call it.
"""

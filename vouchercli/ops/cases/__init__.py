"""Cases: who is looked into, on what evidence, what two people decide, and what it does to
the money. It holds, corrects and suspends through the doors of settlements, intake and setup.
"""

"""What vouchers did: plans, cells of platforms, estimates, surveys. Nothing below it knows of it;
numpy is loaded by the files that estimate alone.
"""

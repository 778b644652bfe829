"""What the program writes for others: orders, certificates, crontab blocks, folders. It reads no
table.
"""

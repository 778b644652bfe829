"""Prove that books, facts and log agree, and examine the machine. It reads and changes nothing."""

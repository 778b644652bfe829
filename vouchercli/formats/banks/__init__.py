"""Files that go to a bank and come back from it: payment files, answers, statements. Here are their
shapes; whether an answer is true of a transfer, the settlement says. It asks nobody over a network.
"""

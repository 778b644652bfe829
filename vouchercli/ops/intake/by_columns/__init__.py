"""Large files by set: the rows that are plainly lawful are proved so by columns, every other row
goes to the judge.

The proof is conservative: a row is taken without the judge only if it is known to pass everything
the law asks of it, by itself and beside every other row. So the law stands once, in rules/ and in
the judge's SQL; here it is only ever confirmed.
"""

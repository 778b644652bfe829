"""Reports: what the kept totals come to, with every ratio beside its base. A report is a spec
(`specs`) of `measures` and `dimensions`; what these need is `gathered` from the store, and the
`engine` makes its tables. Nothing here writes but exports and the site.
"""

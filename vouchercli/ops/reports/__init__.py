"""Reports: the sums of the kept totals, with every ratio beside its base."""

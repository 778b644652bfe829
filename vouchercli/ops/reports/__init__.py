"""Reports: what the kept totals say, with every ratio beside its base."""

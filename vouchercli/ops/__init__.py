"""DEEDS: one public function is one use case, one write transaction and one audit line."""

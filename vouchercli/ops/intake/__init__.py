"""Files that come in: read by a profile, judged, counted, kept with their rejects. It grants
nothing, opens no round.
"""

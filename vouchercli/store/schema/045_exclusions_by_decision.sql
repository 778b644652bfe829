-- Of an exclusion and a readmission the one that was decided later holds.

-- From when to when a programme grants a resident no pack: up to the earliest readmission that was decided after the exclusion; an
-- exclusion that would begin only after that is void.
DROP VIEW exclusions;
CREATE VIEW exclusions AS
SELECT programme_id, resident, from_at, until_at, case_id
FROM (
    SELECT c.programme_id, k.resident, s.from_at, (
            SELECT min(t.from_at) FROM case_residents l JOIN case_sanctions t USING (case_id) JOIN cases d USING (case_id)
            WHERE l.resident = k.resident AND d.programme_id = c.programme_id AND t.sanction = 'readmission'
                AND (t.decided_at, t.proposal_id) > (s.decided_at, s.proposal_id)) AS until_at,
        c.case_id
    FROM case_residents k JOIN case_sanctions s USING (case_id) JOIN cases c USING (case_id)
    WHERE s.sanction = 'exclusion')
WHERE until_at IS NULL OR until_at > from_at;

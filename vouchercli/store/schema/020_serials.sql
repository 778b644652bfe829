-- A piece is used once over all rounds of the database: who has its serial number.
CREATE INDEX redemption_serials ON redemption_details (json_extract(details, '$.serial'))
    WHERE json_extract(details, '$.serial') IS NOT NULL;

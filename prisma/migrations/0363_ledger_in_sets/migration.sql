-- Transfers are written in sets (ledger_write in prisma/functions/ledger.sql).
DROP FUNCTION IF EXISTS ledger_post_one(bigint, text, bigint, bigint, bigint, text, text, bigint, timestamptz);

-- When a subscription's plan last came to say something else to who is online (another rate, another address list); written by a trigger (prisma/functions/plan-kept.sql).
ALTER TABLE subscription ADD COLUMN plan_changed_at timestamptz;

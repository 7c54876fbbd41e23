-- The next messages of a company are read from here in their order, however many wait behind them.
CREATE INDEX message_next ON message (tenant_id, urgency DESC, id) WHERE state = 'waiting';
DROP INDEX message_due;
CREATE INDEX message_due ON message (tenant_id, due_at) WHERE state = 'waiting';

-- The first page counts the orders of a day and what became of them; without this it read every order there ever was (0.3 s of a million).
CREATE INDEX enforcement_by_moment ON enforcement (tenant_id, created_at);

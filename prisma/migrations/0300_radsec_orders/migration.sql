-- Orders to routers with certificates go through the database to the front that holds the router's connection, whichever host that runs on.
-- Unlogged: an order that a crash of the database forgets was not obeyed, and is given again.
CREATE UNLOGGED TABLE radsec_order (
  -- The enforcer that asks, and its own number for the order.
  enforcer text NOT NULL,
  n bigint NOT NULL,
  front text NOT NULL,
  nas_id bigint NOT NULL,
  -- RFC 5176, under the secret of RFC 6614; its identifier is given by the front.
  request bytea NOT NULL CHECK (octet_length(request) BETWEEN 20 AND 4096),
  given_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  taken_at timestamptz,
  -- Of the router's answer; 0 when the front cannot reach it.
  code smallint,
  error_cause integer,
  PRIMARY KEY (enforcer, n)
);
CREATE INDEX radsec_order_waiting ON radsec_order (front) WHERE taken_at IS NULL;
CREATE INDEX radsec_order_age ON radsec_order (given_at);
ALTER TABLE radsec_connection DROP COLUMN relay_address, DROP COLUMN relay_port;

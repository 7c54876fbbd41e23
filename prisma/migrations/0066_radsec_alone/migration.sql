-- A router may be known by its certificate alone: its loopback address is then its only one.
GRANT USAGE ON SEQUENCE radsec_address_seq TO lango_web;
GRANT EXECUTE ON FUNCTION radsec_next_address() TO lango_web;

-- What a refused try must have with it to be asked again as it came: the certificate that the device showed (EAP-TLS), and since when the password is the one
-- that stands there (NULL: since before this was kept), without which a wrong one would look right afterwards.
ALTER TABLE radpostauth ADD COLUMN certificate text;
ALTER TABLE radcheck ADD COLUMN set_at timestamptz;

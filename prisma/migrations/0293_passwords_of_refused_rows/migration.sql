-- Rows of imports that were refused at work kept the sealed password that they would have been given.
UPDATE bulk_row SET data = data - 'password' WHERE outcome IS NOT NULL AND data ? 'password';

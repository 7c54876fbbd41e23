-- Since when what sessions were let in with no longer holds (another name, another address): one that was taken for gone then, and is heard of again, has to log in anew.
ALTER TABLE subscription ADD COLUMN login_anew_at timestamptz;

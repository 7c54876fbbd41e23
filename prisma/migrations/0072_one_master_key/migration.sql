-- By what the master key of this installation is known again. A second host started with another key would give the database logins other passwords,
-- and the first would lose its database at its next connection.
CREATE TABLE platform_master_key (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  known_by text NOT NULL
);

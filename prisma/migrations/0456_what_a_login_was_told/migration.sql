-- What a login is told of, as two short sums: of its end and its data, and of its plan. Its Class carries them, so that the beginning session says what it was let in
-- with. prisma/functions/subscription-card.sql writes them when it is applied, after this.
ALTER TABLE access_card ADD COLUMN told text NOT NULL DEFAULT '';

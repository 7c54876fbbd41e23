import { isIP } from 'node:net';
import { Prisma } from '../platform/db/generated/client';

/**
 * SQL for the subscribers `c` that what was typed may mean: name, e-mail, login by any part; a phone in any form people write it; a MAC in any punctuation; an address that is online. Each of the
 * other tables is asked once for all its matches, not once per subscriber: 100,000 subscribers make the difference.
 */
export function matching(q: string): Prisma.Sql {
  const text = q.toLowerCase();
  const digits = q.replace(/[\s().+-]/g, '').replace(/^0+/, '');
  const hex = text.replace(/[^0-9a-f]/g, '');
  const ways = [
    Prisma.sql`strpos(lower(c.name), ${text}) > 0`,
    Prisma.sql`strpos(lower(c.email), ${text}) > 0`,
    Prisma.sql`c.id IN (SELECT x.subscriber_id FROM subscription x WHERE strpos(lower(x.username), ${text}) > 0)`,
  ];
  if (/^\d{3,}$/.test(digits)) ways.push(Prisma.sql`strpos(c.phone, ${digits}) > 0`);
  if (/^[0-9a-f:.\- ]+$/.test(text) && hex.length >= 6) {
    const mac = (column: Prisma.Sql) => Prisma.sql`strpos(translate(lower(${column}), ':-.', ''), ${hex}) > 0`;
    ways.push(
      Prisma.sql`c.id IN (SELECT x.subscriber_id FROM subscription x WHERE ${mac(Prisma.sql`x.mac_lock`)})`,
      Prisma.sql`c.id IN (SELECT x.subscriber_id FROM session_live l JOIN subscription x ON x.id = l.subscription_id WHERE l.stopped_at IS NULL AND ${mac(Prisma.sql`l.mac`)})`,
    );
  }
  if (isIP(text) !== 0) {
    ways.push(
      Prisma.sql`c.id IN (SELECT x.subscriber_id FROM session_live l JOIN subscription x ON x.id = l.subscription_id WHERE l.stopped_at IS NULL AND l.framed_ip = ${text}::inet)`,
    );
  }
  return Prisma.sql`(${Prisma.join(ways, ' OR ')})`;
}

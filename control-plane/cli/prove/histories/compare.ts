import type { Client } from 'pg';
import type { Violations } from '../proof';
import { sumsAgree } from '../witness';
import type { History } from './history';
import { endingsOf, expectedOf, tell, tellEnding, tellOne, type Ending, type Expected } from './oracle';
import type { Stage } from './play';

/** A session as it stands in the database. */
interface Found extends Expected {
  closedBy: string | null;
  closedAt_ms: number;
}

/** Reports whatever differs between the database and what the oracle knows of each history. */
export async function compare(
  { owner, cast, base_ms }: Stage,
  round: readonly History[],
  violations: Violations,
): Promise<void> {
  const found = await rowsByRouter(owner);
  for (const [i, history] of round.entries()) {
    for (const difference of differences(history, knownBy(history, found.get(cast[i]!.nas.id) ?? []), base_ms))
      violations.add(`history ${history.seed}, ${describe(history)}, ${difference}`);
  }
  const refused = await owner.query<{ error: string; n: string }>(
    'SELECT error, count(*) AS n FROM accounting_quarantine GROUP BY 1',
  );
  for (const { error, n } of refused.rows) violations.add(`${n} good records were put into quarantine: ${error}`);
  await sumsAgree({ ask: async (sql, values) => (await owner.query(sql, values)).rows as never }, violations);
}

async function rowsByRouter(owner: Client): Promise<Map<string, Found[]>> {
  const { rows } = await owner.query<
    Record<'nas' | 'sid' | 'up' | 'down' | 's' | 'at', string> & Record<'closed_by' | 'login', string | null>
  >(
    `SELECT nas_id::text AS nas, acct_session_id AS sid, login_id AS login, input_bytes AS up, output_bytes AS down, session_time_s AS s, closed_by,
       extract(epoch FROM closed_at) * 1000 AS at
     FROM (SELECT * FROM session_live UNION ALL SELECT * FROM session_closed) s ORDER BY nas_id, acct_session_id, started_at, radacctid`,
  );
  const found = new Map<string, Found[]>();
  for (const row of rows) {
    const life: Found = {
      sid: row.sid,
      login: row.login,
      up: BigInt(row.up),
      down: BigInt(row.down),
      seconds: Number(row.s),
      stopped: row.closed_by === 'stop',
      closedBy: row.closed_by,
      closedAt_ms: Number(row.at),
    };
    found.set(row.nas, [...(found.get(row.nas) ?? []), life]);
  }
  return found;
}

/** By the first login of each life: of one whose beginning was not heard, the second is known first. */
function knownBy({ lives }: History, there: readonly Found[]): Found[] {
  return there.map((row) => {
    const life = lives.find(({ sid, relogin }) => sid === row.sid && relogin && relogin.loginId === row.login);
    return life ? { ...row, login: life.loginId } : row;
  });
}

function* differences(history: History, there: readonly Found[], base_ms: number): Generator<string> {
  const endings = endingsOf(history, base_ms);
  const lives = expectedOf(history).map((life, i) => ({ ...life, ending: endings[i]! }));
  for (const sid of new Set([...lives, ...there].map((life) => life.sid))) {
    const [is, should] = [ofSession(there, sid), ofSession(lives, sid)];
    if (tell(is) !== tell(should)) yield `session ${sid}: ${tell(is)}; expected ${tell(should)}`;
    else
      for (const [i, row] of is.entries())
        if (!endedSo(row, should[i]!.ending))
          yield `session ${sid}: ${tellOne(row)}, ended by ${row.closedBy ?? 'nothing'} at ${row.closedAt_ms}; expected ${tellEnding(should[i]!.ending)}`;
  }
}

/** One after the other; where logins tell them apart, by login, for a clock that was set back turns the order round. */
function ofSession<T extends Expected>(lives: readonly T[], sid: string): T[] {
  const of = lives.filter((life) => life.sid === sid);
  return of.every(({ login }) => login !== null) ? of.sort((a, b) => (a.login! < b.login! ? -1 : 1)) : of;
}

function endedSo({ closedBy, closedAt_ms }: Found, ending: Ending): boolean {
  switch (ending.kind) {
    case 'stop':
      return closedBy === 'stop';
    case 'on':
      return closedBy === null || closedBy === 'stale';
    case 'over':
      return closedBy !== null && closedBy !== 'stop';
    case 'down':
      return closedBy === 'stale' || (closedBy === 'nas_reboot' && ending.at_ms.includes(closedAt_ms));
    case 'open to doubt':
      return closedBy !== 'stop';
  }
}

function describe(history: History): string {
  return `clock ${history.clock}, ${history.wide ? '64' : '32'}-bit counters, ${history.echoesClass ? 'with' : 'without'} Class`;
}

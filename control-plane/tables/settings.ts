import type { Context } from '../platform/context';
import type { Person } from '../platform/http/person';
import type { ListSettings } from '../ui';
import { OWN_MAX } from './save-view';

/** Views of a list that are offered: all of one's own, then those that others share. */
const VIEWS_MAX = OWN_MAX + 30;

/** The columns that this person chose for a list, and the views that they may open: one statement. */
export async function listSettings({ tx }: Context, person: Person, list: string): Promise<ListSettings> {
  const [row] = await tx.$queryRaw<
    { columns: string[] | null; views: { id: string; name: string; query: string; shared: boolean; mine: boolean }[] }[]
  >`
    SELECT (SELECT columns FROM table_choice WHERE staff_id = ${person.staffId} AND list = ${list}) AS columns,
           coalesce((SELECT jsonb_agg(jsonb_build_object('id', v.id::text, 'name', v.name, 'query', v.query, 'shared', v.shared, 'mine', v.staff_id = ${person.staffId}) ORDER BY lower(v.name), v.id)
                     FROM (SELECT * FROM table_view WHERE list = ${list} AND (staff_id = ${person.staffId} OR shared) ORDER BY staff_id = ${person.staffId} DESC, id LIMIT ${VIEWS_MAX}) v), '[]') AS views`;
  return { list, columns: row?.columns ?? null, views: row?.views ?? [] };
}

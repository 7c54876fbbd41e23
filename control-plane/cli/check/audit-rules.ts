import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { actionKey } from '../../audit';
import { loadTranslator, LOCALES } from '../../platform/i18n';
import { projectRoot } from '../../platform/project-root';
import { sourceFiles } from './source';

/** What follows the name of whatever writes the audit, up to the end of its statement. */
const writers =
  /\b(?:recordAudits?|applyChange|act|setBack)\(\s*ctx\b[^;]{0,500}|\baction: '[a-z]+\.[a-z_-]+'|INSERT INTO audit_event\b[^;]{0,900}|_note\(p_staff\b[^;]{0,200}/g;
const literal = /['`]([a-z]+\.(?:[a-z_-]*\$\{[\w.]+\}|[a-z_-]+))['`]/g;

/** Parts of actions that are put together when they are written. */
const parts: Record<string, string[]> = {
  'bulk.${move}': ['start', 'stop', 'undo', 'discard'],
  'subscribers.note_${change}': ['pin', 'unpin', 'remove'],
  'subscriptions.${action}': [
    'activate',
    'renew',
    'extend',
    'suspend',
    'resume',
    'pause',
    'change_plan',
    'top_up',
    'end',
  ],
};

/** Every action that a text of code or SQL writes to the audit. */
export function actionsIn(text: string): string[] {
  const named = [...text.matchAll(writers)].flatMap(([statement]) =>
    [...statement.matchAll(literal)].map((match) => match[1] ?? ''),
  );
  return named.flatMap((action) => {
    const made = action.replace(/\$\{.*/, '');
    return action.includes('${') ? (parts[action] ?? []).map((part) => made + part) : [action];
  });
}

/** Actions that no language, or not every one, can say: the timeline and the audit would show the code's own word. */
export function auditFaults(): string[] {
  const translate = loadTranslator({ root: join(projectRoot(), 'control-plane'), strict: false });
  const known = LOCALES.map((locale) => ({ locale, keys: new Set(translate.keys(locale)) }));
  const faults = written().flatMap(({ file, action }) =>
    known
      .filter(({ keys }) => !keys.has(actionKey(action)))
      .map(({ locale }) => `${file} writes ${action} to the audit: say it as ${actionKey(action)} in ${locale}.`),
  );
  return [...new Set(faults)];
}

function written(): { file: string; action: string }[] {
  const code = sourceFiles().filter(
    (file) => file.startsWith('control-plane/') && !/\.test\.ts$|\/testing\/|test-kit|cli\//.test(file),
  );
  const sql = readdirSync(join(projectRoot(), 'prisma/functions')).map((name) => `prisma/functions/${name}`);
  return [...code, ...sql].flatMap((file) =>
    actionsIn(readFileSync(join(projectRoot(), file), 'utf8')).map((action) => ({ file, action })),
  );
}

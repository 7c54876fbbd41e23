import type { Reader } from '../ui';

/** The key of an action's words: `subscriptions.change_plan` → `audit.did_subscriptions_change_plan`. Lists taken away as files share one. */
export const actionKey = (action: string): string =>
  action.endsWith('.export') ? 'audit.did_export' : `audit.did_${action.replace(/[.-]/g, '_')}`;

/** What was done, as one says it. An action that no code writes any more is told in the word that stands in the books. */
export function actionWords(action: string, { t }: Pick<Reader, 't'>): string {
  const words = t(actionKey(action));
  return words === actionKey(action) ? action.replace(/^[^.]*\./, '').replace(/[_-]/g, ' ') : words;
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../platform/project-root';
import { isAllowed, refusalOf, stateTable, subscriptionActions, subscriptionStates } from './states';

describe('the state table', () => {
  it('stands in docs/reference/subscriptions.md as it is', () => {
    const page = readFileSync(join(projectRoot(), 'docs', 'reference', 'subscriptions.md'), 'utf8');
    const shown = /<!-- states:.*?-->\n+([\s\S]*?)\n+<!-- \/states -->/.exec(page)?.[1];
    const plain = (table: string) => table.replace(/ *\| */g, '|').replace(/-+/g, '-');
    expect(plain(shown ?? '')).toBe(plain(stateTable()));
  });

  it('has a remedy in every refusal', () => {
    for (const state of subscriptionStates) {
      for (const action of subscriptionActions.filter((one) => !isAllowed(state, one))) {
        expect(refusalOf(state, action)).toMatch(new RegExp(`that is ${state}: .+\\.$`));
      }
    }
  });
});

import { docFaults, pathFaults } from './doc-rules';

test('every folder says what it is, every path that a paper names exists, and decisions are in order', () => {
  expect(docFaults()).toEqual([]);
});

test.each([
  ['a file', 'see `control-plane/plans/version.ts`.'],
  ['a file without its ending', 'control-plane/cli/check/doc-rules'],
  ['a folder', 'under `radius/packet/`,'],
  ['a decision by number', '(docs/decisions/0004)'],
  ['a pattern', '`control-plane/<slice>/admin.routes.ts`'],
])('%s is found', (_what, text) => {
  expect(pathFaults('x.md', text)).toEqual([]);
});

test('what is gone or never was is told', () => {
  expect(pathFaults('x.md', '`control-plane/plans/gone.ts` and docs/decisions/9999')).toEqual([
    'x.md names control-plane/plans/gone.ts, which does not exist.',
    'x.md names docs/decisions/9999, which does not exist.',
  ]);
});

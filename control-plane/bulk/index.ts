/** Bulk: work on many rows, planned, run in the background, with an outcome for each and a way back. */
export { workTask } from './work-run';
export { insertRows, insertRun, type NewRow } from './plan-run';
export { mustHold } from './move-run';
export type { Row, RowDoer, RowOutcome, Run, UndoOutcome } from './run';

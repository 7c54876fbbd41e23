/** Bulk: work on many rows, planned, run in the background, with an outcome for each and a way back. */
export { workTask } from './work-run';
export { changeRow, findOpenRow, type OpenRow } from './change-row';
export { insertAllRows, insertRun } from './plan-run';
export { mustHold } from './move-run';
export type { NewRow, Row, RowDoer, RowPlanner, RowOutcome, Run, UndoOutcome, Within } from './run';

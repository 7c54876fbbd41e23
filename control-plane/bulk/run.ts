import type { Context } from '../platform/context';

/** `planning`: its rows are still being written by the queue; `failed`: they could not be. */
export const runStates = ['planning', 'failed', 'draft', 'running', 'stopped', 'done', 'undoing', 'undone'] as const;
export type RunState = (typeof runStates)[number];

/** One request for work on many rows. */
export interface Run {
  id: bigint;
  tenant_id: bigint;
  action: string;
  task: string;
  permission: string;
  /** Its rows are for those alone who may do such work. */
  private: boolean;
  params: Record<string, unknown>;
  state: RunState;
  total: number;
  planned: number;
  /** Of one that the queue plans: how often that was begun. */
  tries: number;
  done: number;
  refused: number;
  undone: number;
  kept: number;
  created_by: bigint | null;
  created_by_name: string;
  created_at: Date;
  started_at: Date | null;
  finished_at: Date | null;
}

/** One thing of a run. */
export interface Row {
  run_id: bigint;
  seq: number;
  subscription_id: bigint | null;
  subscriber_id: bigint | null;
  label: string;
  data: Record<string, unknown>;
  fate: 'will' | 'wont';
  note: string | null;
  outcome: 'done' | 'refused' | 'undone' | 'kept' | null;
  before: Record<string, unknown> | null;
  at: Date | null;
}

/** What became of a row. `note` is a code with a word in `bulk.note_…`; `before` is what undoing needs. */
export type RowOutcome =
  | {
      outcome: 'done';
      before?: Record<string, unknown>;
      subscription_id?: bigint;
      subscriber_id?: bigint;
    }
  | { outcome: 'refused'; note: string };
export type UndoOutcome = { outcome: 'undone' } | { outcome: 'kept'; note: string };

/** How a slice plans a run that is too long to be planned while somebody waits for the page. */
export interface RowPlanner {
  /**
   * All rows of the run, in their order. Work on the database is done piece by piece `within` a transaction of its own, each a second or two at most; `seen` is how many
   * lines have been weighed by then, for the page that shows it. `within` throws where the run is not this planner's any more: let that pass.
   */
  rows(within: Within, run: Run): Promise<NewRow[]>;
  /** In the transaction that makes it a draft. */
  finish(ctx: Context, run: Run): Promise<void>;
}
export type Within = <T>(work: (ctx: Context) => Promise<T>, seen?: number) => Promise<T>;

/** A row of a run that another slice plans. */
export interface NewRow {
  label: string;
  fate: 'will' | 'wont';
  note: string | null;
  subscriber_id: string | null;
  data: Record<string, unknown>;
}

/** What a slice does to one row, in the chunk's transaction, and how it takes that back. */
export interface RowDoer {
  /** Names in a row's data that nobody needs once something became of it, as what is sealed there. */
  forget?: readonly string[];
  /** Of runs that the queue plans. */
  plan?: RowPlanner;
  work(ctx: Context, run: Run, row: Row): Promise<RowOutcome>;
  undo(ctx: Context, run: Run, row: Row): Promise<UndoOutcome>;
  /**
   * The same for many rows in a few statements, by their number: what is plain and certain to go well. Rows that it leaves out are done one by one;
   * so are all of them when it throws.
   */
  workTogether?(ctx: Context, run: Run, rows: Row[]): Promise<Map<number, Extract<RowOutcome, { outcome: 'done' }>>>;
  undoTogether?(ctx: Context, run: Run, rows: Row[]): Promise<Map<number, Extract<UndoOutcome, { outcome: 'undone' }>>>;
}

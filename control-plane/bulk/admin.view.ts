import { formatCount, formatMoment, outcomeBadge, isStateName, stateBadge } from '../ui';
import type { OutcomeName, Reader } from '../ui';
import { canUndo } from './actions';
import { mayMove } from './move-run';
import { rowViews, type FoundRun, type RowView } from './queries';
import type { Row, Run, RunState } from './run';

/** What a run is, in one line: "Extend by 2 days". */
export function runTitle(run: Run, names: { plan: string }, { t }: Reader): string {
  const text = (name: string) => (typeof run.params[name] === 'string' ? run.params[name] : '');
  return t(`bulk.title_${run.action}`, {
    count: Number(run.params['days'] ?? 0),
    reason: text('reason'),
    plan: names.plan,
    file: text('file'),
    bank: text('bank'),
    text: text('text').length > 60 ? `${text('text').slice(0, 60)}…` : text('text'),
  });
}

const badges: Record<RunState, OutcomeName> = {
  planning: 'waiting',
  failed: 'failed',
  draft: 'unknown',
  running: 'waiting',
  undoing: 'waiting',
  stopped: 'cancelled',
  done: 'done',
  undone: 'cancelled',
};

export const runBadge = (state: RunState, reader: Reader) => ({
  ...outcomeBadge(badges[state], reader),
  word: reader.t(`bulk.state_${state}`),
});

const rowBadge: Record<NonNullable<Row['outcome']>, OutcomeName> = {
  done: 'done',
  refused: 'failed',
  undone: 'cancelled',
  kept: 'unknown',
};

/** Where somebody says that a row is not what was proposed; empty where that cannot be said. */
const notThisHref = (run: Run, row: Row, may: boolean): string =>
  run.action === 'bank' &&
  may &&
  (run.state === 'draft' || run.state === 'stopped') &&
  row.fate === 'will' &&
  !row.outcome
    ? `/payments/banks/runs/${run.id}/${row.seq}`
    : '';

/** Fates for which nothing was proposed: what the line is can be chosen, and no proposal is put aside. */
const PROPOSES_NOTHING = new Set(['bank_nobody', 'bank_several', 'bank_open', 'bank_differs', 'bank_put_aside']);

export function rowLine(run: Run, row: Row, may: boolean, reader: Reader) {
  const { t } = reader;
  const { name, plan, state } = row.data;
  const word = row.outcome ?? row.fate;
  return {
    label: row.label,
    href: row.subscriber_id === null ? '' : `/subscribers/${row.subscriber_id}`,
    second: [name, plan].filter((part) => typeof part === 'string' && part !== '').join(', '),
    state: typeof state === 'string' && isStateName(state) ? stateBadge(state, reader) : undefined,
    badge: {
      ...outcomeBadge(row.outcome ? rowBadge[row.outcome] : row.fate === 'will' ? 'waiting' : 'cancelled', reader),
      word: t(`bulk.row_${word}`),
    },
    note: row.note === null ? '' : noteWords(row.note, reader),
    notThis: notThisHref(run, row, may),
    notThisWord: t(PROPOSES_NOTHING.has(row.note ?? '') ? 'bulk.choose_it' : 'bulk.not_this'),
  };
}

/** A note's code in words; codes may carry a detail behind a colon. */
export function noteWords(note: string, { t }: Reader): string {
  const [code = '', detail = ''] = note.split(':', 2);
  return t(`bulk.note_${code}`, { detail });
}

/** Whether its rows are all there. */
export const isPlanned = ({ state }: Pick<Run, 'state'>): boolean => state !== 'planning' && state !== 'failed';

/** The page of one run: what it will do, how far it is, what it did. */
export function runModel(run: FoundRun, plan: string, shown: RowView | undefined, may: boolean, reader: Reader) {
  const { t, locale } = reader;
  const count = (n: number) => formatCount(n, locale);
  const worked = run.done + run.refused + run.undone + run.kept;
  const draft = run.state === 'draft';
  const planned = isPlanned(run);
  const left = Math.max(0, run.planned - worked);
  // How far it is: with the rows that it is to do, or with those that it takes back.
  const back = run.undone + run.kept;
  const [at, of] = !planned
    ? [run.planned, run.total]
    : run.state === 'undoing'
      ? [back, back + run.done]
      : [run.planned - left, run.planned];
  const figures = draft
    ? [
        { view: 'will', figure: count(run.planned), label: t('bulk.row_will') },
        { view: 'wont', figure: count(run.total - run.planned), label: t('bulk.row_wont') },
      ]
    : [
        { view: 'will', figure: count(left), label: t('bulk.left') },
        { view: 'done', figure: count(run.done), label: t('bulk.row_done') },
        { view: 'refused', figure: count(run.refused), label: t('bulk.row_refused') },
        { view: 'wont', figure: count(run.total - run.planned), label: t('bulk.row_wont') },
        ...(run.undone + run.kept > 0
          ? [
              { view: 'undone', figure: count(run.undone), label: t('bulk.row_undone') },
              { view: 'kept', figure: count(run.kept), label: t('bulk.row_kept') },
            ]
          : []),
      ];
  const views = rowViews.filter((view) => figures.some((one) => one.view === view));
  return {
    title: runTitle(run, { plan }, reader),
    id: run.id.toString(),
    badge: runBadge(run.state, reader),
    by: t('bulk.by', { name: run.created_by_name, when: formatMoment(run.created_at, reader) }),
    part: of === 0 ? 1 : at / of,
    progress:
      draft || run.state === 'failed' || run.state === 'done' || run.state === 'undone'
        ? ''
        : t(planned ? 'bulk.of' : 'bulk.weighed', { done: count(at), total: count(of) }),
    failed: run.state === 'failed' ? t('bulk.not_planned') : '',
    figures: (planned ? figures : []).map((one) => ({
      ...one,
      href: `/bulk/${run.id}?view=${one.view}`,
      current: one.view === shown,
    })),
    reasons: Object.entries(planned ? run.notes : {})
      .sort(([, a], [, b]) => b - a)
      .slice(0, 12)
      .map(([note, many]) => ({ many: count(many), text: noteWords(note, reader) })),
    online: draft && run.online > 0 ? t('bulk.online', { count: run.online }) : '',
    // Of a statement every line has its word, those that will be worked on too.
    reasonsWord: t(run.action === 'bank' ? 'bulk.fates' : 'bulk.reasons'),
    lineWord: t(run.action === 'bank' ? 'bulk.line' : 'bulk.login'),
    statement:
      run.action === 'bank' && !draft && run.done > run.undone ? `/payments/banks/runs/${run.id}/statement` : '',
    consequence: draft ? t(`bulk.consequence_${run.action}`) : '',
    empty: { text: t(planned ? 'bulk.no_rows' : 'bulk.no_rows_yet'), small: true },
    canStart: may && mayMove(run, 'start') && run.planned > 0,
    startWord: run.state === 'stopped' ? t('bulk.go_on') : t('bulk.start', { count: run.planned }),
    canDiscard: may && mayMove(run, 'discard'),
    canStop: may && mayMove(run, 'stop'),
    canUndo: may && mayMove(run, 'undo') && run.done > 0 && canUndo(run.action),
    cannotUndo: mayMove(run, 'undo') && run.done > 0 && !canUndo(run.action),
    views,
  };
}

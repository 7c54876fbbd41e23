/** Access: who is let in, and why not. Decided in prisma/functions/access.sql, asked here. */
export { explainHref, whyHref } from './explain-href';
export { explainAccess, type AccessQuestion, type Explained, type Facts } from './explain-access';
export {
  keyText,
  listRefusals,
  listTries,
  suspectRouters,
  type RefusalRow,
  type SuspectRouter,
  type TryRow,
} from './queries';
export type { AccessExplanation } from './schema';

/** Access: who is let in, and why not. Decided in prisma/functions/access.sql, asked here. */
export { explainAccess, type AccessQuestion } from './explain-access';
export type { AccessExplanation } from './schema';

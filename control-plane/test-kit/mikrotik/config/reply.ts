import type { Row } from '../../../../radius/routeros';

/** What a router says to a command: rows, what `add` made, nothing but done, or a refusal in its own words. */
export type Reply = { rows: Row[] } | { ret: string } | { trap: string; category?: number } | { done: true };

/** A command that lives outside the rows, e.g. /tool/fetch. */
export type Command = (args: Row, queries: readonly string[]) => Promise<Reply> | Reply;

/** What is configured on a simulated router; CONTEXT.md shows how it is asked and changed. */
export { RouterConfig, type RouterConfigOptions } from './config';
export type { Command, Reply } from './reply';
export { commandTree, type CommandTree } from './schema';
export { durationText } from './values';

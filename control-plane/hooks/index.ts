/** Hooks: calls from providers. */
export { hookAddress } from './address';
export { createHookDesk, providerActor, type HookDesk } from './desk';
export type { HookEvent, HookKind, HookOutcome, HookReply, HookTools } from './kind';

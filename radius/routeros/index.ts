/**
 * The RouterOS API (8728, 8729 with TLS) for whoever must ask or tell a router something:
 *
 *   const routers = new RouterPool();
 *   const outcome = await routers.run(target, ['/ppp/active/print', '?name=asha']);
 *   if (outcome.kind === 'done') …outcome.rows    // 'refused' | 'login_refused' | 'unreachable' | 'silent'
 *   routers.close();
 *
 * Nothing that a router does is thrown. Never call it inside a database transaction.
 */
export { RouterPool, type RouterPoolOptions } from './pool';
export type { ApiOutcome, ApiTarget, Row } from './target';
export { parseDuration } from './duration';
export { encodeSentence, SentenceReader } from './words';
export { renderPage, type RenderedPage } from './page-language';

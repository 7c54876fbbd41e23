import { renderPage } from '../../../radius/routeros';
import type { SiteLanguage } from '../schema';
import { refusals } from './refusals';
import type { PageSet } from './render-pages';

export const previewPages = ['login', 'alogin', 'status', 'logout', 'error'] as const;
export type PreviewPage = (typeof previewPages)[number];

/** Keys of errors.txt, in RouterOS' words. */
export const routerFaults = [
  'invalid-username',
  'radius-timeout',
  'user-session-limit',
  'chap-missing',
  'uptime-limit',
  'traffic-limit',
  'invalid-mac',
  'ippool-empty',
  'auth-in-progress',
  'shutting-down',
  'internal-error',
] as const;

/** What can stand in `$(error)`: a reason of ours as Reply-Message brings it, or a fault of the router. */
export const previewErrors: readonly string[] = [...refusals.map(({ code }) => code), ...routerFaults];

/** A guest who never was: what the router would fill in. */
const guest: Record<string, string> = {
  identity: 'tower-1',
  'server-name': 'hotspot1',
  mac: '02:00:5E:00:53:07',
  ip: '10.65.0.7',
  username: 'K7Q2M9XD',
  'link-login-only': '#',
  'link-login': '#',
  'link-status': '#',
  'link-logout': '#',
  trial: 'yes',
  'login-by': 'http-chap',
  uptime: '1h12m',
  'session-time-left': '22h48m',
  'session-time-left-secs': '82080',
  'remain-bytes-total': '734003200',
  'bytes-in-nice': '18.2 MiB',
  'bytes-out-nice': '241.7 MiB',
};

/**
 * One page of a set as the router would serve it to a guest, with its stylesheet and picture inside, because it is not the router that is asked.
 * @returns undefined when the set has no such page
 */
export function previewPage(
  set: PageSet,
  page: PreviewPage,
  lang: SiteLanguage,
  main: SiteLanguage,
  error: string | undefined,
): string | undefined {
  const folder = lang === main ? '' : `${lang}/`;
  const file = (path: string) => set.files.find((one) => one.path === path)?.bytes;
  const source = file(`${folder}${page}.html`)?.toString('utf8');
  if (source === undefined) return undefined;
  const errors = file(`${folder}errors.txt`)?.toString('utf8') ?? '';
  const said = refusals.find(({ code }) => code === error)?.said;
  const ofRouter = errors.split('\n').find((line) => line.startsWith(`${error} = `));
  const told = said ?? ofRouter?.slice(ofRouter.indexOf('=') + 2) ?? (page === 'error' ? (error ?? '') : '');
  const values: Record<string, string> = { ...guest, error: told };
  const { body } = renderPage(source, (name) => values[name] ?? '');
  return body
    .replace(/<script[\s\S]*?<\/script>/g, '')
    .replace(
      /<link rel="stylesheet" href="\/([^"]+)">/,
      (_, path: string) => `<style>${file(path)?.toString('utf8') ?? ''}</style>`,
    )
    .replace(/<img src="\/([^"]+)"/, (_, path: string) => {
      const type = path.endsWith('.png') ? 'image/png' : 'image/jpeg';
      return `<img src="data:${type};base64,${file(path)?.toString('base64') ?? ''}"`;
    });
}

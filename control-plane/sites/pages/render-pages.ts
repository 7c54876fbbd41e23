import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import Handlebars from 'handlebars';
import { projectRoot } from '../../platform/project-root';
import { lightOf } from '../colours';
import type { Site, SiteLanguage } from '../schema';
import { refusals } from './refusals';

/** What the pages of a site are made of. */
export interface PagesOf {
  site: Pick<
    Site,
    | 'slug'
    | 'name'
    | 'words'
    | 'phone'
    | 'colour'
    | 'accent'
    | 'languages'
    | 'terms'
    | 'terms_required'
    | 'trial_minutes'
    | 'trial_once_per'
  >;
  company: string;
  logo: { type: 'image/png' | 'image/jpeg'; bytes: Buffer } | undefined;
  /** As devices in the walled garden reach Lango. */
  publicUrl: string;
  /** The router that the pages are for; none: pages to be copied by hand. */
  routerId?: string | undefined;
}

export interface PageFile {
  /** Below the hotspot's folder: `login.html`, `sw/login.html`. */
  path: string;
  bytes: Buffer;
}

/** A whole set. Sets with the same files have the same hash, and no others do. */
export interface PageSet {
  hash: string;
  files: PageFile[];
}

/** Pages that exist once for each language; the first language's lie at the top. */
const perLanguage = ['login', 'alogin', 'status', 'logout', 'error', 'redirect'] as const;

/**
 * Renders a site's pages as RouterOS serves them: its own `$(…)` stand as they are, and nothing that a company wrote can become one, or HTML.
 * Reads hotspot-templates/ once. RouterOS has no partials and no compression, so each page is whole and small.
 */
export function renderPages(of: PagesOf): PageSet {
  const { sheets, templates, words } = load();
  const { site } = of;
  const files: PageFile[] = [];
  const add = (path: string, content: string | Buffer): string => {
    files.push({ path, bytes: typeof content === 'string' ? Buffer.from(content) : content });
    return path;
  };
  // Names of what browsers keep change with the content; pages are asked for anew each time.
  const keep = (name: string, ending: string, content: string | Buffer): string =>
    add(`${name}-${hashOf([Buffer.from(content)]).slice(0, 8)}.${ending}`, content);
  add('md5.js', sheets.md5);
  const kept = {
    css: keep(
      'lango',
      'css',
      template(sheets.css)({ colour: site.colour, accent: site.accent, light: lightOf(site.accent) }),
    ),
    js: keep('captive', 'js', sheets.captive),
    statusJs: keep('status', 'js', sheets.status),
    logo: of.logo && keep('logo', of.logo.type === 'image/png' ? 'png' : 'jpg', of.logo.bytes),
  };
  site.languages.forEach((lang, at) => {
    const model = modelOf(of, lang, words, kept);
    const folder = at === 0 ? '' : `${lang}/`;
    for (const name of perLanguage) add(`${folder}${name}.html`, told(templates[name](model)));
    // RouterOS has a page of its own for devices that ask for other hosts; ours does the same.
    add(`${folder}rlogin.html`, told(templates.redirect(model)));
    add(`${folder}errors.txt`, templates['errors.txt'](model));
  });
  add('api.json', templates['api.json']({}));
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return {
    hash: hashOf(files.flatMap(({ path, bytes }) => [Buffer.from(`${path}\n${bytes.length}\n`), bytes])),
    files,
  };
}

interface Words extends Record<string, unknown> {
  name: string;
  errors: Record<string, string>;
  reasons: Record<string, string>;
}
type PageName = (typeof perLanguage)[number] | 'errors.txt' | 'api.json';

interface Loaded {
  sheets: Record<'css' | 'captive' | 'status' | 'md5', string>;
  templates: Record<PageName, HandlebarsTemplateDelegate>;
  words: Record<SiteLanguage, Words>;
}

const handlebars = Handlebars.create();
const template = (source: string): HandlebarsTemplateDelegate => handlebars.compile(source, { strict: false });
let loaded: Loaded | undefined;

function load(): Loaded {
  if (loaded) return loaded;
  const root = join(projectRoot(), 'hotspot-templates');
  const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');
  for (const file of readdirSync(join(root, 'parts')))
    handlebars.registerPartial(basename(file, '.hbs'), read('parts', file).trimEnd());
  const names: PageName[] = [...perLanguage, 'errors.txt', 'api.json'];
  const wordsOf = (lang: SiteLanguage): Words => JSON.parse(read('words', `${lang}.json`)) as Words;
  loaded = {
    sheets: {
      css: read('captive.css'),
      captive: smaller(read('captive.js')),
      status: smaller(read('status.js')),
      md5: smaller(read('md5.js')),
    },
    templates: Object.fromEntries(names.map((name) => [name, template(read('pages', `${name}.hbs`))])) as Record<
      PageName,
      HandlebarsTemplateDelegate
    >,
    words: { en: wordsOf('en'), sw: wordsOf('sw') },
  };
  return loaded;
}

/** What a guest reads for a reason of ours or a fault of the router, called as in errors.txt. */
export function wordsOfError(error: string, lang: SiteLanguage): string {
  const { errors, reasons } = load().words[lang];
  const said = refusals.find(({ code }) => code === error)?.said;
  return reasons[error] ?? said ?? errors[error.replaceAll('-', '_')] ?? error;
}

/** Comments and indents are for us. */
const smaller = (script: string): string => script.replace(/^\s*\/\/.*\n/gm, '').replace(/^ +/gm, '');

/** Stands for a `$` of somebody's words until the page is made; no word holds it (a private sign of Unicode). */
const DOLLAR = '\uE000';
const own = (text: string): string => text.replaceAll(DOLLAR, '').replaceAll('$', DOLLAR);
const told = (page: string): string => page.replaceAll(DOLLAR, '&#36;');

function modelOf(of: PagesOf, lang: SiteLanguage, all: Loaded['words'], kept: Record<string, string | undefined>) {
  const { site, publicUrl } = of;
  const { errors, reasons, ...w } = all[lang];
  const main = site.languages[0] ?? lang;
  const other = site.languages.find((one) => one !== lang);
  const said = (key: string, values: Record<string, string> = {}): string =>
    String(w[key]).replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
  return {
    lang,
    w,
    e: errors,
    ...kept,
    site: {
      name: own(site.name),
      phone: site.phone,
      call: site.phone.replace(/[^+\d]/g, ''),
      terms: own(site.terms),
      logo: kept['logo'],
    },
    by: own(said('by', { company: of.company })),
    lead: own(site.words) || said('lead'),
    // The router's own trial knows nothing but devices.
    trial:
      site.trial_minutes > 0 && site.trial_once_per === 'device'
        ? said('trial', { minutes: String(site.trial_minutes) })
        : '',
    mustAccept: site.terms_required && site.terms !== '',
    // Pages of one language know nothing of the other's folder but its name, which RouterOS keeps in every link of its own.
    other: other && {
      lang: other,
      name: all[other].name,
      href: other === main ? '/login?stay=1' : `/${other}/login?stay=1`,
    },
    reasons: refusals.flatMap(({ code, said: sentence }) =>
      reasons[code] === undefined ? [] : [{ said: sentence, told: reasons[code] }],
    ),
    shop: shopLink(of, lang),
    door: `${publicUrl}/api/sites/door/${site.slug}`,
  };
}

/** The way to the shop with what it needs of the device: docs/reference/captive.md. */
function shopLink({ site, publicUrl, routerId }: PagesOf, lang: SiteLanguage): string {
  const parameters = [
    'mac=$(mac-esc)',
    'ip=$(ip-esc)',
    'login=$(link-login-only-esc)',
    ...(routerId === undefined ? [] : [`router=${routerId}`]),
    'server=$(server-name-esc)',
    `lang=${lang}`,
    'trial=$(trial)',
    'error=$(error-esc)',
  ];
  return `${publicUrl}/hotspot/${site.slug}?${parameters.join('&amp;')}`;
}

function hashOf(parts: Buffer[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

import Handlebars from 'handlebars';
import type { HelperDelegate, HelperOptions } from 'handlebars';
import type { Locale, Params, Translator } from '../platform/i18n';
import type { Assets } from './assets';
import { bar } from './charts';
import type { Tone } from './charts';
import type { Icons } from './icons';

/** The few words templates may use beside the built-in ones. Everything else is decided in a view model. */
export function uiHelpers(t: Translator, icons: Icons, assets: Assets): Record<string, HelperDelegate> {
  const localeOf = (options: HelperOptions): Locale =>
    (options.data as { root?: { locale?: Locale } }).root?.locale ?? 'en';
  const use = (kind: 'i' | 'a', name: string, classes: string) => {
    if (!icons.names.has(`${kind}-${name}`)) throw new Error(`No icon named ${name} in ui/icons.`);
    return new Handlebars.SafeString(`<svg class="${classes}" aria-hidden="true"><use href="#${kind}-${name}"/></svg>`);
  };
  return {
    /** {{t key count=3}}: in the language of the page. */
    t: (key: string, options: HelperOptions) => t(localeOf(options), key, options.hash as Params),
    icon: (name: string) => use('i', name, 'icon'),
    /** {{arch "online" "good"}}: always beside its word. */
    arch: (name: string, tone: unknown) =>
      use('a', name, typeof tone === 'string' && tone ? `arch is-${tone}` : 'arch'),
    sprite: () => new Handlebars.SafeString(icons.sprite),
    asset: (name: string) => assets.url(name),
    bar: (part: number, tone: unknown, options: HelperOptions | undefined) =>
      new Handlebars.SafeString(
        bar(part, typeof tone === 'string' ? (tone as Tone) : '', options?.hash?.['wide'] === true),
      ),
    /** Markup that our own chart functions made; never text from a person. */
    drawing: (svg: unknown) => new Handlebars.SafeString(typeof svg === 'string' ? svg : ''),
    eq: (a: unknown, b: unknown) => a === b,
    /** {{> field (field name="email" label="…")}}: builds the model of a partial in place. */
    field: (options: HelperOptions) => ({ ...(options.hash as object) }),
  };
}

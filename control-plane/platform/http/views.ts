import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Handlebars from 'handlebars';

/** What a template sees: plain data. Prototype access stays off, so only own fields can be printed. */
export type ViewModel = Record<string, unknown>;

export interface Views {
  /** Renders `<slice>/views/<name>` inside its layout (`model.layout`, default `console`; null for a bare fragment). */
  render(view: string, model: ViewModel): string;
  /** The Express engine over the same precompiled templates: `app.engine('hbs', views.engine)`. */
  engine(path: string, model: object, done: (error: Error | null, html?: string) => void): void;
  /** Names of every view, for the test that renders or at least compiles them all. */
  names(): string[];
}

export interface ViewsOptions {
  /** The control-plane source folder: holds ui/ and one folder per slice. */
  root: string;
  helpers: Record<string, Handlebars.HelperDelegate>;
}

/**
 * Compiles every template once at boot, so that a syntax error stops the start and not a page. Layouts are ui/layouts, shared
 * partials ui/partials (named by file), and a slice's own partials `<slice>/views/_row.hbs`, used as `{{> slice/row}}`.
 * Throws on an unknown view, layout, partial or helper.
 */
export function createViews({ root, helpers }: ViewsOptions): Views {
  const engine = Handlebars.create();
  for (const [name, helper] of Object.entries(helpers)) engine.registerHelper(name, helper);
  const compile = (text: string, name: string) => engine.compile(parse(engine, text, name));
  for (const [name, text] of templatesIn(join(root, 'ui', 'partials')))
    engine.registerPartial(name, compile(text, name));
  const views = new Map<string, Handlebars.TemplateDelegate>();
  for (const slice of readdirSync(root)) {
    for (const [name, text] of templatesIn(join(root, slice, 'views'))) {
      if (name.startsWith('_')) engine.registerPartial(`${slice}/${name.slice(1)}`, compile(text, `${slice}/${name}`));
      else views.set(`${slice}/views/${name}`, compile(text, `${slice}/views/${name}`));
    }
  }
  const layouts = new Map(templatesIn(join(root, 'ui', 'layouts')).map(([name, text]) => [name, compile(text, name)]));

  function render(view: string, model: ViewModel): string {
    const body = need(views, view, 'view')(model);
    const layout = model['layout'] === undefined ? 'console' : model['layout'];
    return typeof layout === 'string'
      ? need(layouts, layout, 'layout')({ ...model, body: new Handlebars.SafeString(body) })
      : body;
  }

  return {
    render,
    engine(path, model, done) {
      let html: string;
      try {
        html = render(path.slice(root.length + 1).replace(/\.hbs$/, ''), model as ViewModel);
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
        return;
      }
      done(null, html);
    },
    names: () => [...views.keys()],
  };
}

function templatesIn(dir: string): [name: string, text: string][] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .filter((file) => file.endsWith('.hbs'))
    .map((file) => [file.slice(0, -4), readFileSync(join(dir, file), 'utf8')]);
}

function parse(engine: typeof Handlebars, text: string, name: string): ReturnType<typeof Handlebars.parse> {
  try {
    return engine.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`Template ${name} does not parse. ${reason}`, { cause: error });
  }
}

function need<T>(map: Map<string, T>, name: string, kind: string): T {
  const found = map.get(name);
  if (found === undefined) throw new Error(`No ${kind} named ${name}. Known: ${[...map.keys()].join(', ')}.`);
  return found;
}

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { permissions } from '../platform/permissions';
import { projectRoot } from '../platform/project-root';
import { navigation } from './navigation';

test('each entry of the rail has a drawing of its own: on a phone bar and from afar it is what people find it by', () => {
  const drawn = readdirSync(join(projectRoot(), 'control-plane/ui/icons/outline'));
  // A reseller's people see an entry that nobody else does, and not the company's of the same.
  for (const reseller of [undefined, 1n]) {
    const held = permissions.filter((one) => reseller === undefined || one !== 'resellers.read');
    const entries = navigation(
      { permissions: new Set(held), ...(reseller === undefined ? {} : { reseller }) },
      '/',
    ).flat();
    const icons = entries.map(({ icon }) => icon);
    expect(icons.filter((icon, at) => icons.indexOf(icon) !== at)).toEqual([]);
    expect(icons.filter((icon) => !drawn.includes(`${icon}.svg`))).toEqual([]);
  }
});

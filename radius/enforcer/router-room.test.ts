import { RouterRoom } from './router-room';

const rows = (times: number, nasId: string, silent = false) => Array.from({ length: times }, () => ({ nasId, silent }));

/** A claim gives a router so many rows. */
function begin(room: RouterRoom, times: number, nasId = 'r', silent = false): void {
  room.took(rows(times, nasId, silent), room.left());
}

const left = (room: RouterRoom, nasId = 'r'): number | undefined => room.left().get(nasId);

test('a router begins with eight exchanges; one that is not spoken with has no entry', () => {
  const room = new RouterRoom();
  expect(room.left().size).toBe(0);
  begin(room, 1);
  expect(left(room)).toBe(7);
  begin(room, 7);
  expect(left(room)).toBe(0);
});

test('each answer doubles the window, up to 64', () => {
  const room = new RouterRoom();
  const windows: (number | undefined)[] = [];
  for (let n = 0; n < 5; n += 1) {
    begin(room, 1);
    room.end('r', 'answered');
    windows.push(left(room));
  }
  expect(windows).toEqual([16, 32, 64, 64, 64]);
});

test('silence narrows it to two whatever it was, and to no less however long it lasts', () => {
  const room = new RouterRoom();
  begin(room, 1);
  for (let n = 0; n < 4; n += 1) {
    room.end('r', 'answered');
    begin(room, 1);
  }
  begin(room, 9);
  room.end('r', 'silent');
  // Nine are under way yet: no room at all, and never less than none.
  expect(left(room)).toBe(0);
  for (let n = 0; n < 8; n += 1) room.end('r', 'silent');
  expect(left(room)).toBe(1);
  begin(room, 1);
  expect(left(room)).toBe(0);
});

test('one answer after silence gives a router the first window back', () => {
  const room = new RouterRoom();
  begin(room, 2);
  room.end('r', 'silent');
  room.end('r', 'answered');
  expect(left(room)).toBe(8);
});

test('what was done without an exchange neither widens nor narrows', () => {
  const room = new RouterRoom();
  begin(room, 2);
  room.end('r', 'none');
  expect(left(room)).toBe(7);
});

test('a router that the database knows to be silent begins with two', () => {
  const room = new RouterRoom();
  begin(room, 1, 'r', true);
  expect(left(room)).toBe(1);
  begin(room, 1, 'r', true);
  expect(left(room)).toBe(0);
});

test('each end tells of rows that may have been left, from a claim that took all the room until one that does not', () => {
  const room = new RouterRoom();
  begin(room, 8);
  expect([room.end('r', 'answered'), room.end('r', 'answered'), room.end('r', 'answered')]).toEqual([true, true, true]);
  // 59 of 64 places are free, and 58 rows are left.
  begin(room, 58);
  expect(room.end('r', 'answered')).toBe(false);
  expect(room.end('unheard of', 'answered')).toBe(false);
});

test('a claim that had no room to offer a router may have left rows', () => {
  const room = new RouterRoom();
  begin(room, 8);
  begin(room, 0);
  expect(room.end('r', 'silent')).toBe(true);
});

test('what ends while a claim is under way does not hide that the claim took all it was offered', () => {
  const room = new RouterRoom();
  begin(room, 6);
  const offered = room.left();
  room.end('r', 'none');
  room.took(rows(2, 'r'), offered);
  expect(room.end('r', 'none')).toBe(true);
});

test('what a claim gave one router says nothing of another', () => {
  const room = new RouterRoom();
  room.took([...rows(8, 'crowded'), ...rows(3, 'quiet')], room.left());
  expect([room.end('crowded', 'answered'), room.end('quiet', 'answered')]).toEqual([true, false]);
});

test('the window of one router is no other’s', () => {
  const room = new RouterRoom();
  begin(room, 8, 'dead');
  begin(room, 1, 'live');
  room.end('dead', 'silent');
  room.end('live', 'answered');
  expect(room.left()).toEqual(new Map([['dead', 0], ['live', 16]])); // prettier-ignore
});

test('of an idle router that did not answer nothing is kept; of one that answered, its window', () => {
  const room = new RouterRoom();
  begin(room, 1, 'dead');
  begin(room, 1, 'live');
  room.end('dead', 'silent');
  room.end('live', 'answered');
  expect([...room.left().keys()]).toEqual(['live']);
});

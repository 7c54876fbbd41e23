// One event stream per page. The server names what changed ({topic, id, session}); the parts of the page that show it ask for
// themselves again through htmx, with this person's rights. Nothing is pushed as markup.
const topics = document.body.dataset.live;
const waiting = new Map();
let held = false;
let stream;

// A part names its topics in data-on="sessions enforcement:12". No part is asked for more often than every data-every ms.
const wants = (part, change) =>
  part.dataset.on
    .split(' ')
    .some(
      (want) =>
        want === change.topic ||
        want === `${change.topic}:${change.id}` ||
        want === `${change.topic}:${change.session}`,
    );

const refresh = (part) => {
  if (waiting.has(part)) return;
  const every = Number(part.dataset.every ?? 1000);
  const due = Math.max(0, Number(part.dataset.asked ?? 0) + every - Date.now());
  waiting.set(
    part,
    setTimeout(() => {
      waiting.delete(part);
      part.dataset.asked = String(Date.now());
      window.htmx?.trigger(part, 'fresh');
    }, due),
  );
};

// Nothing moves under the pointer or while a menu is open: the part holds still and catches up afterwards. What is pressed stays until it is let go,
// else there would be no click.
const busy = (part) =>
  part.matches(':active, :has(details[open], :focus-visible)') || part.contains(document.querySelector('[data-hold]'));

const missed = new Set();
const flush = () => {
  if (held) return;
  for (const part of missed) {
    if (busy(part)) continue;
    missed.delete(part);
    refresh(part);
  }
};

const show = (change) => {
  for (const part of document.querySelectorAll('[data-on]')) {
    if (!wants(part, change)) continue;
    if (held || busy(part)) missed.add(part);
    else refresh(part);
  }
};

// Also an answer that was asked for earlier, or by the clock.
document.addEventListener('htmx:beforeSwap', ({ detail }) => {
  if (!detail.target.matches('[data-on]:active') || detail.requestConfig.verb !== 'get') return;
  detail.shouldSwap = false;
  missed.add(detail.target);
});

// An answer may have been written before a change that came while it was under way, and stands over what newer answers showed: once
// it stands, those changes are shown again.
const heard = [];
let underWay = 0;
document.addEventListener('htmx:beforeSend', ({ detail: { xhr } }) => {
  const since = heard.length;
  underWay += 1;
  // Not htmx's own event: it does not reach the document from a part that was replaced meanwhile. What has been put in place listens by then, because
  // it settles at once (htmx-config in the layout).
  xhr.addEventListener('loadend', () => {
    underWay -= 1;
    heard.slice(since).forEach(show);
    if (underWay === 0) heard.length = 0;
  });
});

const onChange = (change) => {
  if (underWay > 0) heard.push(change);
  show(change);
};

const say = (live) => {
  for (const mark of document.querySelectorAll('[data-live-mark]')) {
    mark.classList.toggle('is-still', !live);
    const text = mark.dataset[live ? 'liveText' : 'stillText'];
    if (text && mark.textContent !== text) mark.textContent = text;
  }
};

const open = () => {
  if (!topics || stream || typeof EventSource === 'undefined') return;
  // What changed between the writing of the page and this moment is told first.
  stream = new EventSource(`/live?topics=${encodeURIComponent(topics)}&since=${document.body.dataset.liveSince}`);
  stream.addEventListener('open', () => say(!held));
  stream.addEventListener('error', () => say(false));
  stream.addEventListener('change', (event) => onChange(JSON.parse(event.data)));
  // After a gap (sleep, lost link) the server cannot say what was missed: everything asks again.
  stream.addEventListener('again', () => document.querySelectorAll('[data-on]').forEach(refresh));
};

const close = () => {
  stream?.close();
  stream = undefined;
};

document.addEventListener('visibilitychange', () => {
  if (document.hidden) return close();
  open();
  document.querySelectorAll('[data-on]').forEach(refresh);
});
addEventListener('pagehide', close);
addEventListener('pageshow', open);
setInterval(flush, 700);

for (const button of document.querySelectorAll('[data-pause]')) {
  button.hidden = false;
  button.addEventListener('click', () => {
    held = !held;
    button.setAttribute('aria-pressed', String(held));
    const label = button.querySelector('span');
    if (label) label.textContent = held ? button.dataset.resume : button.dataset.pause;
    say(!held && stream?.readyState === 1);
    flush();
  });
}
open();

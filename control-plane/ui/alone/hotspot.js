// The shop of a hotspot works without this. With it the button names the price that is chosen, a form is sent once, and a page on which something happens
// looks again by itself every two seconds, but for what a finger or the keyboard is on.
const choose = () => {
  for (const offer of document.querySelectorAll('.offer')) {
    const input = offer.querySelector('input');
    offer.classList.toggle('is-chosen', input.checked);
    if (input.checked)
      for (const button of document.querySelectorAll('[data-pay]'))
        button.textContent = button.dataset.pay.replace('{}', input.dataset.price);
  }
};
document.addEventListener('change', choose);
choose();

document.addEventListener('submit', (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = 'yes';
});
// A page that comes back out of the browser's memory may be sent again.
addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll('[data-sent]')) delete form.dataset.sent;
});

document.querySelector('.errors')?.focus();

// Paid a moment ago, and the router must be told by the device itself.
const goOn = (live) => {
  if (live?.dataset.go) location.assign(live.dataset.go);
};
goOn(document.querySelector('[data-live]'));

const EVERY_MS = 2000;
const look = async () => {
  const live = document.querySelector('[data-live]');
  if (!live) return;
  try {
    const answer = await fetch(location.href, { redirect: 'manual' });
    if (answer.type === 'opaqueredirect') return location.reload();
    if (answer.ok && !live.contains(document.activeElement)) {
      const next = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('[data-live]');
      if (!next) return location.reload();
      if (next.dataset.live !== live.dataset.live) {
        document.querySelector('[data-said]').textContent = next.dataset.title;
        goOn(next);
      }
      live.replaceWith(next);
      if (next.dataset.title) document.title = next.dataset.title;
      if (next.dataset.live === '') return undefined;
    }
  } catch {
    // The network is what people come here for; it is tried again.
  }
  return setTimeout(look, EVERY_MS);
};
if (document.querySelector('[data-live]')?.dataset.live) setTimeout(look, EVERY_MS);

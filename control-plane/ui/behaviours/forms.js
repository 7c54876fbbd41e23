// A form is sent once: the second tap on a slow link must not cut, charge or add twice. The server checks as well.
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.method !== 'post') return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  if (form.hasAttribute('hx-post')) return;
  form.dataset.sent = '1';
  event.submitter?.setAttribute('aria-busy', 'true');
});
addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll('form[data-sent]')) {
    delete form.dataset.sent;
    form.querySelector('[aria-busy]')?.removeAttribute('aria-busy');
  }
});

// The error summary takes the focus, so that a screen reader and a keyboard start there.
document.querySelector('[data-focus]')?.focus();

// Programs ask with the same proof as forms do.
document.addEventListener('htmx:configRequest', (event) => {
  if (document.body.dataset.csrf) event.detail.headers['x-csrf-token'] = document.body.dataset.csrf;
});

// A signed-out or broken answer must be seen: the whole page is asked for, which shows the sign-in or the reason.
document.addEventListener('htmx:responseError', (event) => {
  if (event.detail.xhr.status === 401) location.reload();
});

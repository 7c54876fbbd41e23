// A page that is made for paper has a button for it; without scripts the browser's own menu prints as well.
for (const button of document.querySelectorAll('[data-print]')) {
  button.hidden = false;
  button.addEventListener('click', () => globalThis.print());
}

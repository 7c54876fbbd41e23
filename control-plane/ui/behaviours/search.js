// What is typed on top is looked for as it is typed; the sheet opens under the box. Arrows walk its lines, Enter opens, Escape closes.
const box = document.querySelector('[data-search]');
const sheet = document.querySelector('[data-search-box]');

if (box && sheet) {
  const close = () => {
    sheet.hidden = true;
  };
  document.addEventListener('htmx:afterSwap', (event) => {
    if (event.detail.target !== sheet) return;
    sheet.hidden = box.value.trim() === '' || !box.closest('form').contains(document.activeElement);
  });
  box.addEventListener('focus', () => {
    if (sheet.childElementCount > 0 && box.value.trim() !== '') sheet.hidden = false;
  });
  box.closest('form').addEventListener('focusout', (event) => {
    if (event.relatedTarget && !box.closest('form').contains(event.relatedTarget)) close();
  });
  document.addEventListener('click', (event) => {
    if (!box.closest('form').contains(event.target)) close();
  });
  box.closest('form').addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !sheet.hidden) {
      close();
      box.focus();
      return;
    }
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    const lines = [box, ...sheet.querySelectorAll('a')];
    if (sheet.hidden || lines.length === 1) return;
    event.preventDefault();
    const at = Math.max(0, lines.indexOf(document.activeElement));
    lines[(at + (event.key === 'ArrowDown' ? 1 : lines.length - 1)) % lines.length].focus();
  });
}

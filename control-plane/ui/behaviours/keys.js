// "/" puts the cursor into the search, as in every console one knows. j and k walk the rows of the table, Enter opens.
const typing = (target) => target instanceof Element && target.closest('input, select, textarea, [contenteditable]');

const rows = () => [...document.querySelectorAll('.table tbody tr a.name')];

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') {
    for (const open of document.querySelectorAll('details.menu[open], details.why[open]')) {
      open.open = false;
      open.querySelector('summary')?.focus();
    }
    return;
  }
  const slash = event.key === '/' && !event.ctrlKey && !event.metaKey;
  const palette = event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey);
  if (palette || (slash && !typing(event.target))) {
    const search = document.querySelector('[data-search]');
    if (!search) return;
    event.preventDefault();
    search.focus();
    search.select();
    return;
  }
  if (typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'j' || event.key === 'k') {
    const names = rows();
    if (names.length === 0) return;
    const at = names.indexOf(document.activeElement);
    const next = event.key === 'j' ? Math.min(names.length - 1, at + 1) : Math.max(0, at === -1 ? 0 : at - 1);
    names[next].focus();
  }
});

// One menu at a time, and a tap elsewhere closes it.
document.addEventListener('click', (event) => {
  for (const open of document.querySelectorAll('details.menu[open], details.why[open]')) {
    if (!open.contains(event.target)) open.open = false;
  }
});

// A cell whose text differs after a refresh is tinted once (css/motion.css); numbers never roll.
let before = new Map();

document.addEventListener('htmx:beforeSwap', (event) => {
  before = new Map(
    [...event.detail.target.querySelectorAll('[data-cell]')].map((cell) => [cell.dataset.cell, cell.textContent]),
  );
});

document.addEventListener('htmx:afterSwap', (event) => {
  if (before.size === 0) return;
  for (const cell of document.querySelectorAll('[data-cell]')) {
    const old = before.get(cell.dataset.cell);
    if (old !== undefined && old !== cell.textContent) cell.classList.add('is-changed');
  }
  before = new Map();
  void event;
});

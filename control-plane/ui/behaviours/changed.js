// What a refresh of a part may do to the eye: a cell whose text differs is tinted once (css/motion.css), numbers never roll, and rows
// neither come nor go under the pointer.
let before = new Map();

const tint = (cell) => {
  cell.classList.add('is-changed');
  cell.addEventListener('animationend', () => cell.classList.remove('is-changed'), { once: true });
};

const cellsOf = (part) => new Map([...part.querySelectorAll('[data-cell]')].map((cell) => [cell.dataset.cell, cell]));

// The pointer rests on the table: figures change in place, and the rest waits until it leaves.
const updateInPlace = (body, html) => {
  const fresh = document.createElement('template');
  fresh.innerHTML = html;
  const shown = cellsOf(body);
  for (const [name, cell] of cellsOf(fresh.content)) {
    const old = shown.get(name);
    if (!old || old.innerHTML === cell.innerHTML) continue;
    if (old.textContent !== cell.textContent) tint(old);
    old.innerHTML = cell.innerHTML;
  }
  body.addEventListener('pointerleave', () => window.htmx?.trigger(body, 'fresh'), { once: true });
};

document.addEventListener('htmx:beforeSwap', (event) => {
  const { target, serverResponse, xhr } = event.detail;
  before = new Map();
  if (xhr.status !== 200) return;
  if (target.matches('[data-rows]') && target.matches(':hover')) {
    event.detail.shouldSwap = false;
    updateInPlace(target, serverResponse);
    return;
  }
  before = new Map([...cellsOf(target)].map(([name, cell]) => [name, cell.textContent]));
});

document.addEventListener('htmx:afterSwap', () => {
  for (const [name, text] of before) {
    const cell = document.querySelector(`[data-cell="${name}"]`);
    if (cell && cell.textContent !== text) tint(cell);
  }
  before = new Map();
});

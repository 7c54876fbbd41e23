// A button that puts a text of the page where it can be pasted from. Browsers have no clipboard for pages that came by plain http: there the text is
// selected, and the button says so.
document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-copy]');
  const text = button && document.querySelector(button.dataset.copy);
  if (!text) return;
  const say = (word) => {
    button.textContent = button.dataset[word];
  };
  const select = () => {
    getSelection().selectAllChildren(text);
    say('selected');
  };
  if (!window.isSecureContext) return select();
  navigator.clipboard.writeText(text.textContent).then(() => say('copied'), select);
});
for (const button of document.querySelectorAll('[data-copy]')) button.hidden = false;

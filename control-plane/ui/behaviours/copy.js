// A button that puts a text of the page where it can be pasted from. Without a secure context there is no clipboard: then the text is selected and copied by the old command.
document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy]');
  const text = button && document.querySelector(button.dataset.copy);
  if (!text) return;
  try {
    await navigator.clipboard.writeText(text.textContent);
  } catch {
    getSelection().selectAllChildren(text);
    if (!document.execCommand('copy')) return;
  }
  button.textContent = button.dataset.copied;
});
for (const button of document.querySelectorAll('[data-copy]')) button.hidden = false;

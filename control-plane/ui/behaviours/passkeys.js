// Forms that a passkey finishes: the page says what the server asks, the browser answers into a hidden field, and the form goes as any other.
for (const form of document.querySelectorAll('form[data-passkey]')) {
  const said = form.querySelector('[data-passkey-said]');
  const can =
    typeof PublicKeyCredential === 'function' && typeof PublicKeyCredential.parseCreationOptionsFromJSON === 'function';
  // With scripts the words that ask for them go; without passkeys in this browser they stay.
  if (said && can) said.textContent = '';
  let answered = false;
  const ask = async () => {
    const options = JSON.parse(form.dataset.passkeyOptions);
    try {
      const credential =
        form.dataset.passkey === 'create'
          ? await navigator.credentials.create({
              publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options),
            })
          : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
      form.elements.answer.value = JSON.stringify(credential.toJSON());
      answered = true;
      form.requestSubmit();
    } catch {
      if (said) said.textContent = said.dataset.passkeySaid;
    }
  };
  form.addEventListener(
    'submit',
    (event) => {
      if (answered) return;
      event.preventDefault();
      event.stopPropagation();
      if (can) void ask();
    },
    true,
  );
}

// What makes the login page nicer where scripts run; without them every form still works.
(function () {
  var voucher = document.voucher;
  var login = document.login;
  function typed(code) {
    return code.replace(/[\s-]/g, '').toUpperCase();
  }
  voucher.onsubmit = function () {
    voucher.username.value = voucher.password.value = typed(voucher.username.value);
    return sent(voucher);
  };
  login.onsubmit = function () {
    return sent(login);
  };
  var error = document.querySelector('.error');
  if (error) error.focus();
  var code = '';
  try {
    code = decodeURIComponent((voucher.getAttribute('data-var') || '').replace(/\+/g, ' '));
  } catch (e) {}
  if (/^[\w.@: -]{3,64}$/.test(code)) {
    voucher.username.value = code;
    // A code that was just refused is not sent again by itself, and terms are accepted by a person.
    if (!error && !voucher.accept) voucher.onsubmit();
    return;
  }
  // The shop knows this device and its prices; where it cannot be reached this page is what there is.
  if (error || /[?&]stay/.test(location.search) || !window.fetch) return;
  var away = setTimeout(function () {
    away = 0;
  }, 3000);
  fetch(voucher.getAttribute('data-door')).then(
    function (answer) {
      var touched = document.activeElement && document.activeElement.form;
      if (answer.ok && away && !touched) location.replace(document.getElementById('buy').href);
    },
    function () {},
  );
})();

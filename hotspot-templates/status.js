// Counts down what the router wrote; the page is asked anew as often as the router says.
(function () {
  var left = document.querySelector('[data-left]');
  var data = document.querySelector('[data-bytes]');
  var list = document.getElementById('left');
  var words = (list.getAttribute('data-words') || 'd').split(',');
  var again_s = Number(list.getAttribute('data-refresh'));
  if (again_s > 0)
    setTimeout(function () {
      location.reload();
    }, again_s * 1000);
  var bytes = Number(data && data.getAttribute('data-bytes'));
  if (data && bytes >= 0)
    data.textContent = bytes < 1e9 ? (bytes / 1e6).toFixed(1) + ' MB' : (bytes / 1e9).toFixed(2) + ' GB';
  if (!left) return;
  var end = Date.now() + Number(left.getAttribute('data-left')) * 1000;
  function two(n) {
    return (n < 10 ? '0' : '') + n;
  }
  function show() {
    var s = Math.max(0, Math.round((end - Date.now()) / 1000));
    var days = Math.floor(s / 86400);
    var clock = two(Math.floor((s % 86400) / 3600)) + ':' + two(Math.floor((s % 3600) / 60)) + ':' + two(s % 60);
    left.textContent = (days ? days + ' ' + words[0] + ' ' : '') + clock;
  }
  show();
  setInterval(show, 1000);
})();
